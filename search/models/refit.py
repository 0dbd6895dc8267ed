"""The configuration of a trial of folds trained on all of their rows, on several seeds: networks that are averaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from search.errors import InputError
from search.models.replay import refuse_other_training, retrain_on_folds, settings_of
from search.study.folds import seed_of_fold
from search.study.history import best_epochs_on_folds
from search.study.study import Study
from search.study.trial_record import TrialRecord
from search.study.unchanged import unchanged_data
from search.text.formats import plural
from search.training.stop_reason import StopReason

if TYPE_CHECKING:
    import keras

    from search.data import DataSpec, PreparedData
    from search.settings.settings import StudySettings
    from search.training.loop import TrainingResult

_MEASURED = (
    "no row is left to judge it; on test rows of four small tables one such network was better than the mean of the "
    "folds' networks each time, by 0.1 % to 45 % (docs/folds.md); --no-refit writes that mean"
)


@dataclass(frozen=True, eq=False)
class Refit:
    """`model` takes raw rows as `spec` has them, and answers the mean of `networks`, each after `epochs`."""

    model: keras.Model
    spec: DataSpec
    networks: int
    epochs: int

    def facts(self) -> dict[str, Any]:
        """What is told beside the model; `data` says how its rows are read."""
        told = {"networks": self.networks, "rows": self.spec.rows.train, "epochs": self.epochs}
        return {"refit": told, "data": self.spec.model_dump(mode="json")}


def refit(study: Study, trial: TrialRecord, say: Callable[[str], None] = lambda remark: None) -> Refit:
    """Train as many networks of `trial` on all rows of the folds of `study` as there are folds.

    Each has as many epochs as the folds had at their best, on average, and a seed that no fold has.

    Raises:
        InputError: the data is not what the study was started with, an earlier study trained the trial on other data,
            or all networks diverged.
    """
    from search.data import prepare_refit
    from search.machine.tensorflow_start import start_tensorflow

    refuse_other_training(study, trial)
    settings = settings_of(study, trial)
    data = unchanged_data(study, settings)
    start_tensorflow(settings.threads)
    best_epochs = best_epochs_on_folds(study, trial)
    if not best_epochs:
        best_epochs = [one.best_epoch for one in retrain_on_folds(study, trial)]
    epochs = max(1, round(fmean(best_epochs)))
    rows = prepare_refit(settings.data_request(), data)
    folds = settings.folds or 1
    say(
        f"training trial {trial.number} on all {rows.spec.rows.train:,} rows of its folds, on {plural(folds, 'seed')}, "
        f"for {plural(epochs, 'epoch')} each, the mean of the folds' best: the mean of these networks is written"
    )
    trained = [_trained(study, trial, rows, settings, epochs, folds + place) for place in range(folds)]
    finite = [one for one in trained if one.stop_reason is not StopReason.NOT_FINITE]
    if not finite:
        raise InputError(f"trial {trial.number} diverged on all rows of its folds")
    say(_MEASURED)
    return Refit(_mean_of(finite, rows.spec), _as_trained(rows.spec), len(finite), epochs)


def _trained(
    study: Study, trial: TrialRecord, rows: PreparedData, settings: StudySettings, epochs: int, number: int
) -> TrainingResult:
    """For all of `epochs`: its own rows judge it, which the last epochs suit best."""
    from search.training.loop import train
    from search.training.own_callbacks import WatchedTrial, made

    hyperparameters = trial.hyperparameters(study.space)
    seed = seed_of_fold(trial.training_seed(settings.seed), number)
    return train(
        hyperparameters,
        rows,
        epochs=epochs,
        patience=epochs,
        metric=study.metric,
        seed=seed,
        callbacks=made(
            settings.callbacks, WatchedTrial(study.name, trial.number, hyperparameters.named, seed, None)
        ),
        bfloat16=settings.precision == "bfloat16",
    )


def _mean_of(trained: Sequence[TrainingResult], spec: DataSpec) -> keras.Model:
    from search.data import attach_preprocessing
    from search.training.forms import model_of
    from search.training.keras_form.ensemble import averaged_model

    members = []
    for place, one in enumerate(trained, 1):
        member = model_of(one.hyperparameters, spec, name=f"member_{place}")
        member.set_weights(one.weights)
        members.append(member)
    return attach_preprocessing(averaged_model(members, [1 / len(members)] * len(members)), spec)


def _as_trained(spec: DataSpec) -> DataSpec:
    """Without validation rows: those that are there are training rows."""
    return spec.model_copy(update={"rows": spec.rows.model_copy(update={"validation": 0})})
