"""What `ablate` found: what each part of a configuration is worth, with error bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from search.analysis.notebook import NotebookStudy
    from search.conclusion.ablation.record import Ablation as Record
    from search.conclusion.ablation.words import Importances

__all__ = ["Ablation", "ablated"]


class Ablation:
    """One factor at a time around a trial, the largest loss first; it shows itself as a table and sentences.

    >>> ablation = study.ablate(seeds=2, show=False)
    >>> list(ablation.frame().columns)[:2]
    ['factor', 'from -> to']
    """

    def __init__(self, record: Record, importances: Importances) -> None:
        self._record = record
        self._importances = importances

    def frame(self) -> pd.DataFrame:
        """The table, in words: a row for each factor.

        >>> len(ablation.frame()) > 3
        True
        """
        from search.analysis.notebook import ablation_frame

        return ablation_frame(self._record)

    def to_json(self) -> dict[str, Any]:
        """All of it, as `perceptuna ablate --json` prints it.

        >>> "effects" in ablation.to_json()
        True
        """
        from search.analysis.notebook import ablation_json

        return ablation_json(self._record, self._importances)

    def __repr__(self) -> str:
        from search.analysis.notebook import ablation_text

        return ablation_text(self._record, self._importances)

    def _repr_html_(self) -> str:
        from search.analysis.notebook import ablation_html

        return ablation_html(self._record)

    def __dir__(self) -> list[str]:
        return ["frame", "to_json"]


def ablated(study: NotebookStudy, *, show: bool, **asked: Any) -> Ablation:
    """Carry out `study.ablate`. Raises: as that."""
    from search.analysis.facts.importance import importances
    from search.analysis.showing import listeners_here
    from search.conclusion.ablation.ablating import ablate, check, order_of

    order = order_of(study, **asked)
    record = ablate(check(study, order), listeners_here(show=show))
    if record is None:
        raise KeyboardInterrupt(f"interrupted; call ablate again to go on, or: {order.go_on}")
    return Ablation(record, importances(study))
