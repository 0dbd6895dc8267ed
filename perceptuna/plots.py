"""Pictures of a study: those of its report, shown by a notebook and kept in SVG files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from perceptuna.errors import one_tree

if TYPE_CHECKING:
    from search.analysis.report.pictures import Picture
    from search.study.study import Study

__all__ = ["Plots"]


class Plots:
    """Each is drawn of the study as it is now.

    A notebook shows it; `.save("FILE.svg")` writes it; `.figure` is matplotlib's, for all else.

    >>> study.plot.history()
    <picture of a study: history>
    >>> study.plot.history().save("history.svg").name
    'history.svg'
    >>> study.plot.history().figure.savefig("history.png")
    """

    def __init__(self, read: Callable[[], Study]) -> None:
        self._read = read

    def _drawn(self, name: str, *parameters: str) -> Picture:
        from search.analysis.report.pictures import picture

        with one_tree():
            return picture(self._read(), name, parameters)

    def history(self) -> Picture:
        """The value of each trial, and the best so far.

        >>> study.plot.history()
        <picture of a study: history>

        Raises:
            InputError: here and below: there are not trials enough yet, and what is lacking.
        """
        return self._drawn("history")

    def front(self) -> Picture:
        """The trials of a study of several aims by the first two, and its front.

        >>> study.plot.front()
        Traceback (most recent call last):
        search.errors.InputError: study 'flowers' cannot be drawn so yet: front needs several aims, ...
        """
        return self._drawn("front")

    def importance(self) -> Picture:
        """How much each hyperparameter mattered.

        >>> long.plot.importance()
        <picture of a study: importance>
        """
        return self._drawn("importance")

    def curves(self) -> Picture:
        """The learning curves of the best trials, on train and on validation rows.

        >>> study.plot.curves()
        <picture of a study: curves>
        """
        return self._drawn("curves")

    def parallel(self) -> Picture:
        """A line for each complete trial, through its value of each of the most important hyperparameters.

        >>> study.plot.parallel()
        <picture of a study: parallel>
        """
        return self._drawn("parallel")

    def slice(self, *parameters: str) -> Picture:
        """The value over each of `parameters`, or over the two most important.

        >>> study.plot.slice("width")
        <picture of a study: slice>
        """
        return self._drawn("slice", *parameters)

    def contour(self) -> Picture:
        """Where the two most important hyperparameters are good together.

        >>> long.plot.contour()
        <picture of a study: contour>
        """
        return self._drawn("contour")

    def timeline(self) -> Picture:
        """When each worker trained which trial.

        >>> study.plot.timeline()
        <picture of a study: timeline>
        """
        return self._drawn("timeline")

    def gap(self) -> Picture:
        """The metric on validation rows over that on train rows: how much each trial over-fits.

        >>> study.plot.gap()
        <picture of a study: gap>
        """
        return self._drawn("gap")

    def __dir__(self) -> list[str]:
        return [name for name in type(self).__dict__ if not name.startswith("_")]
