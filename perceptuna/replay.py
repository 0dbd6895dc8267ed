"""What came of training a trial again: whether its values are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search.models.replay import Replay as Record

__all__ = ["Replay"]


class Replay:
    """What `study.replay` found; it shows itself in the words of `perceptuna replay`.

    >>> study.replay(0)
    trial 0: val_crossentropy is the same to the last bit after each of 2 epochs
    """

    def __init__(self, record: Record) -> None:
        self._record = record

    @property
    def equal(self) -> bool:
        """Whether the metric is the same after each epoch, to the last bit.

        >>> study.replay(0).equal
        True
        """
        return self._record.equal

    @property
    def then(self) -> list[float]:
        """The metric after each epoch, or of each fold, when the study trained it.

        >>> len(study.replay(0).then)
        2
        """
        return list(self._record.then)

    @property
    def now(self) -> list[float]:
        """The same of the training that was made now.

        >>> again = study.replay(0)
        >>> again.now == again.then
        True
        """
        return list(self._record.now)

    def to_json(self) -> dict[str, Any]:
        """All of it, as `perceptuna replay --json` prints it.

        >>> study.replay(0).to_json()["differs"]
        []
        """
        return self._record.to_json()

    def __repr__(self) -> str:
        return "\n".join(self._record.sentences())

    def __dir__(self) -> list[str]:
        return ["equal", "now", "then", "to_json"]
