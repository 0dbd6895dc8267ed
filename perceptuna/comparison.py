"""Studies side by side: what they came to, in which settings they differ, whether their values compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from perceptuna.errors import one_tree

if TYPE_CHECKING:
    import pandas as pd

    from perceptuna.study import Study
    from search.analysis.facts.comparison import Comparison as Facts

__all__ = ["Comparison", "compare"]


def compare(*studies: Study | str, storage: str | Path | None = None) -> Comparison:
    """Two or more studies side by side: by their names, or as they were returned.

    Args:
        storage: where names are looked up; as in `search`.

    >>> pt.compare("flowers", "later").comparable
    True

    Raises:
        InputError: there is none of that name, fewer than two are named, or one twice.
    """
    from search.analysis.facts.comparison import comparison_of
    from search.analysis.notebook import storage_url
    from search.study.study import load_study

    with one_tree():
        url = storage_url(storage)
        read = [load_study(one, url) if isinstance(one, str) else one._read for one in studies]
        return Comparison(comparison_of(read))


class Comparison:
    """It shows itself as a table, with what can be said of who is ahead.

    >>> "reference model" in repr(pt.compare("flowers", "later"))
    True
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    @property
    def comparable(self) -> bool:
        """Whether the studies' values are of the same quantity: one metric, the same rows.

        >>> pt.compare("flowers", "later").comparable
        True
        """
        return not self._facts.why_not

    def frame(self) -> pd.DataFrame:
        """A row for each study, as numbers.

        >>> list(pt.compare("flowers", "later").frame()["study"])
        ['flowers', 'later']
        """
        import pandas as pd

        return pd.DataFrame(self._facts.to_json()["studies"])

    def to_json(self) -> dict[str, Any]:
        """All of it, as `perceptuna compare --json` prints it.

        >>> pt.compare("flowers", "later").to_json()["why_not"]
        []
        """
        return self._facts.to_json()

    def __repr__(self) -> str:
        from search.analysis.notebook import comparison_text

        return comparison_text(self._facts)

    def _repr_html_(self) -> str:
        from search.analysis.notebook import comparison_html

        return comparison_html(self._facts)

    def __dir__(self) -> list[str]:
        return ["comparable", "frame", "to_json"]
