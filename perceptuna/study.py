"""A study: what it found so far, its pictures, and what can be done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perceptuna.conclusion import Conclusion
from perceptuna.errors import one_tree
from perceptuna.model import Model

if TYPE_CHECKING:
    import optuna
    import pandas as pd

    from perceptuna.space import Space
    from search.analysis.facts.leaderboard import Entry
    from search.analysis.notebook import Leaderboard, NotebookStudy
    from storage import StorageURL

__all__ = ["Study"]


class Study:
    """A study of the database, running or finished; `search` and `load_study` give it. What it tells is of now.

    >>> study = pt.load_study("flowers")
    >>> study.name
    'flowers'
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
        from perceptuna.space import Space

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

    def best_model(self) -> Model:
        """The model that was kept of the best trial. `finalize` gives one that was confirmed and tested.

        >>> study.best_model().predict(frame).shape
        (100,)

        Raises:
            InputError: no trial is complete yet, or its model is gone.
        """
        from search.models.saved_model import model_of_study

        with one_tree():
            return Model(model_of_study(self._read))

    def finalize(
        self,
        output: str | Path | None = None,
        *,
        top: int = 5,
        seeds: int = 5,
        folds: int | None = None,
        ensemble: int | None = None,
        workers: int | None = None,
        threads: int | None = None,
        cluster: str | None = None,
        force: bool = False,
        show: bool = True,
    ) -> Conclusion:
        """Confirm the `top` on fresh seeds, test the winner once on the sealed rows, and write its model.

        Interrupted, the same call goes on; done, it tells the same again.

        Args:
            output: the model to write; `NAME.keras` in the current folder when not given.
            folds, ensemble: as in `perceptuna finalize`.

        >>> conclusion = study.finalize(top=1, seeds=2, folds=2, show=False)
        >>> conclusion.model.predict(frame).shape
        (100,)

        Raises:
            InputError: no trial is complete yet, or there is something else at `output`; `force` replaces it.
            KeyboardInterrupt: it was interrupted.
        """
        from perceptuna.conclusion import concluded

        with one_tree():
            return concluded(
                self._read,
                output=Path(output or f"{self._name}.keras"),
                top=top,
                seeds=seeds,
                folds=folds,
                ensemble=ensemble,
                workers=workers,
                threads=threads,
                cluster=cluster,
                force=force,
                show=show,
            )

    def __repr__(self) -> str:
        return repr(self._read)

    def _repr_html_(self) -> str:
        return self._read._repr_html_()

    def __dir__(self) -> list[str]:
        return [name for name in type(self).__dict__ if not name.startswith("_")]
