"""What `finalize` came to: who won, what it is worth on rows that chose nothing, and its model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from perceptuna.model import Model, load_model

if TYPE_CHECKING:
    from search.analysis.notebook import Concluded, NotebookStudy

__all__ = ["Conclusion"]


class Conclusion:
    """What `study.finalize` found; it shows itself as the table of candidates and what there is to say.

    >>> conclusion.winner in (0, 1)
    True
    """

    def __init__(self, found: Concluded, path: Path) -> None:
        self._found = found
        self._record = found.conclusion
        self._path = path

    @property
    def winner(self) -> int:
        """The number of the trial that was tested and written.

        >>> conclusion.winner in (0, 1)
        True
        """
        return self._record.winner

    @property
    def test(self) -> float:
        """The metric on the sealed test rows, which chose nothing.

        >>> round(conclusion.test, 3) > 0
        True
        """
        assert self._record.test.value is not None  # it was opened
        return self._record.test.value

    @property
    def test_interval(self) -> tuple[float, float] | None:
        """Where chance, by the number of test rows, lets `test` be in 95 % of cases; None where that is not known.

        >>> len(conclusion.test_interval)
        2
        """
        return self._record.test.interval

    @property
    def path(self) -> Path:
        """The model file.

        >>> conclusion.path.name
        'flowers.keras'
        """
        return self._path

    @property
    def model(self) -> Model:
        """The model that was tested.

        >>> conclusion.model.predict_proba(frame).shape
        (100, 2)
        """
        return load_model(self._path)

    def to_json(self) -> dict[str, Any]:
        """All of it, as `perceptuna finalize --json` prints it.

        >>> conclusion.to_json()["winner"] == conclusion.winner
        True
        """
        return self._record.model_dump(mode="json")

    def __repr__(self) -> str:
        from search.analysis.notebook import conclusion_text

        return conclusion_text(self._found)

    def _repr_html_(self) -> str:
        from search.analysis.notebook import conclusion_html

        return conclusion_html(self._found)

    def __dir__(self) -> list[str]:
        return [name for name in type(self).__dict__ if not name.startswith("_")]


def concluded(study: NotebookStudy, *, show: bool, **asked: Any) -> Conclusion:
    """Carry out `study.finalize`. Raises: as that."""
    from search.analysis.notebook import concluded_of
    from search.analysis.showing import listeners_here
    from search.conclusion.confirmation.finalize_order import check, order_of
    from search.conclusion.confirmation.finalizing import finalize
    from search.conclusion.confirmation.planned import looks_before
    from search.conclusion.confirmation.words_of_looks import warnings
    from search.study.record_of_looks import by_others, own

    order, listeners = order_of(study, **asked), listeners_here(show=show)
    work = check(study, order)
    before = looks_before(work)
    for warning in warnings(own(study, before), by_others(study, before)):
        listeners.said(f"warning: {warning}")
    record = finalize(work, listeners)
    if record is None:
        raise KeyboardInterrupt(f"interrupted; call finalize again to go on, or: {order.go_on}")
    return Conclusion(concluded_of(study, record), order.output)
