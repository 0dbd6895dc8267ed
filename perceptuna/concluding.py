"""What comes out of a study: its best model, one that was confirmed and tested, or one of any trial."""

from __future__ import annotations

from pathlib import Path

from perceptuna.ablation import Ablation, ablated
from perceptuna.conclusion import Conclusion, concluded
from perceptuna.errors import one_tree
from perceptuna.looking import Looking
from perceptuna.model import Model, load_model
from perceptuna.replay import Replay

__all__ = ["Concluding"]


class Concluding(Looking):
    """A study whose models are asked for.

    >>> study.best_model()
    Model(..., binary)
    """

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
        all_rows: bool = False,
        calibrate: bool | None = None,
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
            folds, ensemble, calibrate: as in `perceptuna finalize`.
            all_rows: after the test, train the winner on folds of all rows, and write their mean, untested.

        >>> conclusion = study.finalize(top=1, seeds=2, folds=2, show=False)
        >>> conclusion.model.predict(frame).shape
        (100,)

        Raises:
            InputError: no trial is complete yet, or there is something else at `output`; `force` replaces it.
            KeyboardInterrupt: it was interrupted.
        """
        with one_tree():
            return concluded(
                self._read,
                output=Path(output or f"{self._name}.keras"),
                top=top,
                seeds=seeds,
                folds=folds,
                ensemble=ensemble,
                all_rows=all_rows,
                calibrate=calibrate,
                workers=workers,
                threads=threads,
                cluster=cluster,
                force=force,
                show=show,
            )

    def ablate(
        self,
        trial: int | None = None,
        *,
        seeds: int = 3,
        workers: int | None = None,
        threads: int | None = None,
        cluster: str | None = None,
        show: bool = True,
    ) -> Ablation:
        """Change one factor at a time around the best trial, or around `trial`: what `perceptuna ablate` does.

        Says first how many trainings that takes. Interrupted, the same call goes on.

        >>> study.ablate(seeds=2, show=False).frame().empty
        False

        Raises:
            InputError: no trial is complete yet, or there is no such trial.
            KeyboardInterrupt: it was interrupted.
        """
        with one_tree():
            return ablated(
                self._read,
                trial=trial,
                seeds=seeds,
                workers=workers,
                threads=threads,
                cluster=cluster,
                show=show,
            )

    def replay(self, trial: int | None = None) -> Replay:
        """Train the best trial, or `trial`, again with its own seed, and compare: what `perceptuna replay` does.

        >>> study.replay(0)
        trial 0: val_crossentropy is the same to the last bit after each of 2 epochs
        >>> study.replay(0).equal
        True

        Raises:
            InputError: there is no such trial, it was not trained to an end, or the data changed.
        """
        from search.models.replay import replay

        with one_tree():
            read = self._read
            number = read.complete_trial(None).number if trial is None else trial
            return Replay(replay(read, number))

    def export(
        self,
        output: str | Path,
        *,
        trial: int | None = None,
        within: float | None = None,
        ensemble: int | None = None,
        calibrate: bool = False,
        threshold: str | float | None = None,
        refit: bool | None = None,
        force: bool = False,
    ) -> Model:
        """Write the model of the best trial, or of `trial`, as a `.keras` file: what `perceptuna export` does.

        `within=0.5` chooses the smallest network that is at most half a point of accuracy, or half a percent of a loss,
        behind the best.

        Of a study of folds the configuration is trained on all of their rows; `refit=False` writes the mean of the
        networks of the folds.

        >>> study.export("best.keras").path.name
        'best.keras'

        Raises:
            InputError: no trial is complete yet, or there is something else at `output`; `force` replaces it.
        """
        from search.conclusion.calibration.exporting import export

        with one_tree():
            path, _ = export(
                self._read,
                Path(output),
                trial=trial,
                within=within,
                ensemble=ensemble,
                calibrate=calibrate,
                threshold=None if threshold is None else str(threshold),
                refit=refit,
                force=force,
            )
            return load_model(path)
