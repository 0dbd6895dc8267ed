"""Train a trial again as it was trained, and compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from search.errors import InputError
from search.study.study import Study
from search.study.trial_record import TrialRecord
from search.text.formats import plural
from search.training.environment import differences, training_environment

if TYPE_CHECKING:
    import keras

    from search.data import PreparedData
    from search.settings.settings import StudySettings
    from search.training.callbacks import EpochCheck
    from search.training.loop import TrainingResult

    MakeCallbacks = Callable[[], Sequence[keras.callbacks.Callback]]


@dataclass(frozen=True)
class Replay:
    """The metric after each `step`, when the trial was run and now; `differs` is what has changed around it."""

    study: str
    trial: int
    metric: str
    then: list[float]
    now: list[float]
    threads: int
    differs: list[str]
    step: str = "epoch"
    """`epoch`, or `fold` in a study of folds."""

    @property
    def equal(self) -> bool:
        """To the last bit."""
        return self.then == self.now

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "equal": self.equal}

    def sentences(self) -> list[str]:
        """What came out, for a user."""
        if self.equal:
            each = f"each of {plural(len(self.now), self.step)}"
            return [f"trial {self.trial}: {self.metric} is the same to the last bit after {each}"]
        pairs = zip(self.then, self.now, strict=False)
        first = next((epoch for epoch, (a, b) in enumerate(pairs, start=1) if a != b), None)
        shown = [f"trial {self.trial}: {self.metric} is not the same"]
        if first is not None:
            shown.append(
                f"  first after {self.step} {first}: {self.then[first - 1]!r} then, {self.now[first - 1]!r} now"
            )
        if len(self.then) != len(self.now):
            shown.append(
                f"  {plural(len(self.then), self.step)} then, {plural(len(self.now), self.step)} now"
            )
        shown += [f"  {line}" for line in self.differs]
        if not self.differs and self.threads > 1:
            shown.append(f"  {self.threads} threads add in an order of their own; bits repeat on one thread")
        elif not self.differs:
            shown.append("  versions, processor, precision and threads are the same")
        return shown


def replay(study: Study, number: int, callbacks: MakeCallbacks = tuple) -> Replay:
    """Train trial `number` of `study` with its own hyperparameters, seed, precision and threads.

    Args:
        callbacks: makes Keras callbacks that look at the training, once TensorFlow has started.

    Raises:
        InputError: there is no such trial, it was not trained to an end, the data changed, or another program made
            the study.
    """
    study.refuse_foreign()
    trial = find_trained(study, number)
    settings = settings_of(study, trial)
    then = trial.reported
    if study.settings.folds is not None:
        now = _values_on_folds(study, trial, callbacks)[: len(then)]
        return _compared(study, trial, then, now, settings, "fold")
    result = retrain(study, trial, callbacks)
    # An epoch whose loss is not finite ends a trial and is not reported.
    reported = len(then) if result.epochs == trial.epochs else result.epochs
    now = [float(value) for value in result.history[study.metric][:reported]]
    return _compared(study, trial, then, now, settings)


def _compared(
    study: Study,
    trial: TrialRecord,
    then: list[float],
    now: list[float],
    settings: StudySettings,
    step: str = "epoch",
) -> Replay:
    recorded = dict(trial.environment)
    differs = (
        differences(recorded, training_environment(settings)) if recorded else ["no record of its versions"]
    )
    return Replay(study.name, trial.number, study.metric, then, now, settings.threads, differs, step)


def _values_on_folds(study: Study, trial: TrialRecord, callbacks: MakeCallbacks) -> list[float]:
    if callbacks is not tuple:
        raise InputError(
            f"study '{study.name}' trained trial {trial.number} on {study.settings.folds} folds, so it has as many "
            "networks, and the weights of none are the trial's; leave the option out"
        )
    results = retrain_on_folds(study, trial)
    return [float(one.history[study.metric][one.best_epoch - 1]) for one in results]


def retrain(
    study: Study, trial: TrialRecord, callbacks: MakeCallbacks = tuple, data: PreparedData | None = None
) -> TrainingResult:
    """For as many epochs as `trial` ran, pruned or out of time included; `callbacks` as for `replay`.

    The study's own callbacks are part of the training: they are there again, before these.

    `data` is the study's, where it is at hand; else it is looked for and compared with what the study was started with.

    Raises:
        InputError: the data is not what the study was started with, or not what an earlier study trained `trial` on.
    """
    from search.data import fold_of
    from search.machine.tensorflow_start import start_tensorflow
    from search.study.unchanged import unchanged_data

    refuse_other_training(study, trial)
    settings = settings_of(study, trial)
    data = data or unchanged_data(study, settings)
    if trial.planned is not None and (fold := trial.planned.fold) is not None:
        data = fold_of(data, fold.number, fold.of, all_rows=fold.all_rows)
    start_tensorflow(settings.threads)
    from search.training.loop import train
    from search.training.own_callbacks import WatchedTrial, made

    hyperparameters, seed = trial.hyperparameters(study.space), trial.training_seed(settings.seed)
    number = None if trial.planned is None or trial.planned.fold is None else trial.planned.fold.number
    watched = WatchedTrial(study.name, trial.number, hyperparameters.named, seed, number)
    ran = settings.epochs if trial.epochs is None else trial.epochs
    epochs, patience = trial.limits(settings)
    return train(
        hyperparameters,
        data,
        epochs=epochs,
        patience=patience,
        metric=study.metric,
        seed=seed,
        check=_ending_after(ran),
        callbacks=[*made(settings.callbacks, watched), *callbacks()],
        bfloat16=settings.precision == "bfloat16",
    )


def retrain_on_folds(study: Study, trial: TrialRecord) -> list[TrainingResult]:
    """On each fold that `trial`, of a study of folds, was trained on, for as many epochs; as `retrain`.

    Raises:
        InputError: as `retrain`.
    """
    from search.data import fitted_fold
    from search.machine.tensorflow_start import start_tensorflow
    from search.study.folds import seed_of_fold
    from search.study.history import epochs_on_folds
    from search.study.unchanged import unchanged_data

    refuse_other_training(study, trial)
    settings = settings_of(study, trial)
    folds = settings.folds or 1
    data = unchanged_data(study, settings)
    start_tensorflow(settings.threads)
    from search.training.loop import train
    from search.training.own_callbacks import WatchedTrial, made

    hyperparameters, (epochs, patience) = trial.hyperparameters(study.space), trial.limits(settings)
    ran = epochs_on_folds(study, trial) or [epochs] * max(1, len(trial.intermediate_values))

    def retrained(number: int, most: int) -> TrainingResult:
        seed = seed_of_fold(trial.training_seed(settings.seed), number)
        watched = WatchedTrial(study.name, trial.number, hyperparameters.named, seed, number)
        return train(
            hyperparameters,
            fitted_fold(data, number, folds),
            epochs=epochs,
            patience=patience,
            metric=study.metric,
            seed=seed,
            check=_ending_after(most),
            callbacks=made(settings.callbacks, watched),
            bfloat16=settings.precision == "bfloat16",
        )

    return [retrained(number, most) for number, most in enumerate(ran)]


def _ending_after(epochs: int) -> EpochCheck:
    from search.training.stop_reason import StopReason

    return lambda epoch, logs: StopReason.INTERRUPTED if epoch >= epochs else None


def refuse_other_training(study: Study, trial: TrialRecord) -> None:
    """Raises InputError: an earlier study trained `trial` otherwise than it would be trained in `study`."""
    origin = trial.adopted
    if origin is not None and not origin.can_be_retrained:
        raise InputError(
            f"trial {trial.number} is {origin.words()}, so training it here would come to something else; take it from "
            f"there: `perceptuna export {origin.study} --trial {origin.trial} -o FILE.keras{study.url.option}`"
        )


def settings_of(study: Study, trial: TrialRecord) -> StudySettings:
    """The study's, with the precision and the threads of that trial."""
    recorded = trial.environment
    changes: dict[str, Any] = {}
    if "precision" in recorded:
        changes = {"precision": recorded["precision"], "threads": int(recorded["threads"])}
    return study.settings.model_copy(update=changes)


def find_trained(study: Study, number: int, option: str = "--trial") -> TrialRecord:
    """Trial `number`, which `option` named.

    Raises:
        InputError: there is no such trial, or it was not trained to an end.
    """
    trial = study.trial(number, option)
    if trial.state.name not in ("COMPLETE", "PRUNED") or trial.epochs is None:
        raise InputError(
            f"{option}: trial {number} is {trial.state.name.lower()} and was not trained to an end; "
            "only a complete or pruned trial can be trained again"
        )
    return trial
