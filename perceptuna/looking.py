"""What a study found so far, as it is now: trials, tables, pictures, its page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perceptuna.errors import one_tree
from perceptuna.plots import Plots
from perceptuna.space import Space

if TYPE_CHECKING:
    import optuna
    import pandas as pd

    from perceptuna.beforehand import Plan
    from search.analysis.facts.leaderboard import Entry
    from search.analysis.notebook import Leaderboard, NotebookStudy
    from storage import StorageURL

__all__ = ["Looking"]


class Looking:
    """A study to look at, running or finished. What it tells is of now.

    >>> study
    study flowers ...
    """

    def __init__(self, name: str, url: StorageURL) -> None:
        self._name = name
        self._url = url
        _ = self._read  # refused here, where it is not there

    @property
    def _read(self) -> NotebookStudy:
        from search.analysis.notebook import open_study

        with one_tree():
            return open_study(self._name, self._url)

    @property
    def name(self) -> str:
        """As every command knows it.

        >>> study.name
        'flowers'
        """
        return self._name

    @property
    def metric(self) -> str:
        """What trials are compared by.

        >>> study.metric
        'val_crossentropy'
        """
        return self._read.metric

    @property
    def space(self) -> Space:
        """What is tried, narrowed to what has a meaning for the data.

        >>> study.space.parameters["depth"]
        '1'
        """
        return Space._of(self._read.space)

    @property
    def optuna(self) -> optuna.Study:
        """The `optuna.Study` itself. Whatever Optuna has for studies takes it; asking and telling are the driver's.

        >>> type(study.optuna).__module__
        'optuna.study.study'
        """
        return self._read.optuna

    @property
    def best(self) -> Entry:
        """The best trial.

        >>> study.best.rank
        1
        >>> study.best.hyperparameters["optimizer"]
        'adam'

        Raises:
            InputError: no trial is complete yet.
        """
        with one_tree():
            read = self._read
            read.complete_trial(None)
            return read.leaderboard(1)[0]

    @property
    def aims(self) -> tuple[str, ...]:
        """What is searched for: the metric, and what else the study aims at.

        >>> study.aims
        ('val_crossentropy',)
        """
        return self._read.aims

    @property
    def front(self) -> Leaderboard:
        """Trials that none other is as good as in all aims and better in one, best first in the first aim.

        Of one aim, the best trial alone.

        >>> len(study.front)
        1
        """
        return self._read.front_board()

    def leaderboard(self, top: int | None = 10) -> Leaderboard:
        """The `top` complete trials, best first; None for all.

        >>> [entry.rank for entry in study.leaderboard(2)]
        [1, 2]
        """
        return self._read.leaderboard(top)

    def trials_frame(self) -> pd.DataFrame:
        """A row for each finished trial, by its number: state, values, seconds, hyperparameters.

        >>> list(study.trials_frame().columns)[:2]
        ['state', 'val_crossentropy']
        """
        return self._read.trials_frame()

    def history(self, trial: int | None = None) -> pd.DataFrame:
        """What a trial, or the best one, measured in each epoch: a row for each, counted from 1.

        >>> study.history().index[0]
        1
        """
        with one_tree():
            read = self._read
            number = read.complete_trial(None).number if trial is None else read.trial(trial).number
            return read.history(number)

    def report(self, path: str | Path, *, top: int = 20, force: bool = False) -> Path:
        """Write the study as one HTML page that can be sent to somebody.

        >>> study.report("flowers.html").name
        'flowers.html'

        Raises:
            InputError: there is something else at `path`; `force` replaces it.
        """
        from search.analysis.report import write_report

        with one_tree():
            write_report(self._read, Path(path), top, force=force)
            return Path(path)

    def plan(
        self, *, trials: int | None = None, workers: int | None = None, timeout: str | float | None = None
    ) -> Plan:
        """What it will still take, from its trials so far: what `perceptuna plan NAME` does.

        `trials`, `workers` and `timeout` ask what if it went on with these.

        >>> pt.load_study("later").plan(trials=30)
        plan of later, from the ... trials of the study so far...

        Raises:
            InputError: it has too few trials yet, or nothing is left of it.
        """
        from perceptuna.beforehand import Plan, unsaid
        from search.forecast.plan import plan_study

        asked = {"trials": trials, "workers": workers, "timeout": timeout}
        with one_tree():
            return Plan(self._name, *plan_study(self._name, self._url, None, asked, unsaid))

    @property
    def plot(self) -> Plots:
        """Pictures: history, importance, curves, parallel, slice, contour, timeline, gap.

        >>> study.plot.history()
        <picture of a study: history>
        """
        return Plots(lambda: self._read)

    def __repr__(self) -> str:
        return repr(self._read)

    def _repr_html_(self) -> str:
        return self._read._repr_html_()

    def __dir__(self) -> list[str]:
        return [name for kind in type(self).__mro__[:-1] for name in vars(kind) if not name.startswith("_")]
