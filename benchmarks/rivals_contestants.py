"""One contestant of `benchmarks.rivals`: `python -m benchmarks.rivals_contestants NAME TASK.json`.

Prints a JSON line with the best validation accuracy so far at each trial's end, until its seconds are over.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from search.data import Components, PreparedData, load_prepared
from spaces import Hyperparameters, Space, load_space


@lru_cache(maxsize=2)
def arrays(prepared: Path, components: int) -> Any:
    """Training and validation rows as `fit` takes them: (rows, components), or as prepared where that is 0."""
    data = load_prepared(prepared)
    splits = data.training(), data.validation()
    if not components:
        return tuple(tuple(map(np.asarray, split)) for split in splits)
    from search.training.rows import rows_as_inputs

    projection = Components.load(prepared).projection(components)
    return tuple((rows_as_inputs(x, data.spec, projection).numpy(), np.asarray(y)) for x, y in splits)


class Contest:
    """What all contestants are given: the data, the space, epochs, a seed and a time."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.best = 0.0
        self.trials = 0

    @cached_property
    def data(self) -> PreparedData:
        return load_prepared(Path(self.task["prepared"]))

    @cached_property
    def space(self) -> Space:
        spec = self.data.spec
        space, _ = load_space(self.task["space"]).restricted_to(spec.task, spec.kind, spec.components)
        return space

    def arrays(self, hyperparameters: Hyperparameters) -> Any:
        """What a network of these hyperparameters is given, made once for all that are given the same."""
        from search.training.network.dimensions import components_of

        return arrays(self.data.folder, components_of(hyperparameters, self.data.spec))

    def ended(self, value: float | None) -> None:
        """A trial has ended; None where it was pruned."""
        self.trials += 1
        self.best = max(self.best, value or 0.0)
        print(json.dumps({"best": self.best, "trials": self.trials}), flush=True)

    def model(self, hyperparameters: Hyperparameters) -> Any:
        """A compiled Keras model, of the same layers, optimizer and schedule as perceptuna's, for `arrays`."""
        from benchmarks.keras_fit import build_loss, build_metrics
        from search.training.keras_form.model import build_model
        from search.training.network.dimensions import components_of
        from search.training.schedules import build_optimizer

        spec = self.data.spec
        steps = -(-spec.rows.train // hyperparameters.batch_size)
        if components := components_of(hyperparameters, spec):
            spec = spec.model_copy(update={"kind": "vector", "input_shape": (components,)})
            hyperparameters = hyperparameters.model_copy(update={"pca": 0})
        model = build_model(hyperparameters, spec)
        model.compile(
            build_optimizer(hyperparameters, total_steps=self.task["epochs"] * steps),
            build_loss(self.data.spec, hyperparameters.label_smoothing),
            metrics=build_metrics(self.data.spec),
        )
        return model

    def callbacks(self, hyperparameters: Hyperparameters) -> list[Any]:
        """Early stopping as perceptuna has it, and the schedule's."""
        import keras

        from search.settings.settings import StudySettings
        from search.training.schedules import schedule_callbacks

        patience = StudySettings(data="digits").patience_within(self.task["epochs"])
        return [
            *schedule_callbacks(hyperparameters, monitor="val_accuracy", mode="max"),
            keras.callbacks.EarlyStopping("val_accuracy", mode="max", patience=patience),
        ]


def perceptuna(contest: Contest) -> None:
    """`perceptuna run` with its defaults."""
    from search.driving.dispatcher import Listeners
    from search.driving.listener import Listener
    from search.driving.progress import Progress
    from search.running.start import start
    from search.settings.settings import StudySettings
    from storage import StorageURL

    class Marks(Listener):
        def trial_ended(self, progress: Progress, number: int, outcome: Any) -> None:
            contest.ended(outcome.value)

    task = contest.task
    settings = StudySettings(
        data=task["data"], space=task["space"], epochs=task["epochs"], trials=100_000, seed=task["seed"]
    )
    url = StorageURL.parse(f"sqlite:///{task['folder']}/studies.db")
    start("rivals", url, settings, Listeners(Marks()))


def optuna(contest: Contest) -> None:
    """Optuna with its own defaults, TPE and the median pruner, and `fit`."""
    import keras
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    class Prune(keras.callbacks.Callback):
        def __init__(self, trial: optuna.Trial) -> None:
            super().__init__()
            self.trial = trial

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.trial.report(logs["val_accuracy"], epoch)
            if self.trial.should_prune():
                self.model.stop_training = True

    def objective(trial: optuna.Trial) -> float:
        hyperparameters = contest.space.suggest(trial)
        training, validation = contest.arrays(hyperparameters)
        keras.backend.clear_session()
        history = contest.model(hyperparameters).fit(
            *training,
            validation_data=validation,
            batch_size=hyperparameters.batch_size,
            epochs=contest.task["epochs"],
            callbacks=[*contest.callbacks(hyperparameters), Prune(trial)],
            verbose=0,
        )
        if trial.should_prune():
            raise optuna.TrialPruned
        return max(history.history["val_accuracy"])

    sampler = optuna.samplers.TPESampler(seed=contest.task["seed"])
    study = optuna.create_study(
        storage=f"sqlite:///{contest.task['folder']}/optuna.db", direction="maximize", sampler=sampler
    )
    study.optimize(objective, callbacks=[lambda study, trial: contest.ended(trial.value)])


class _Choices:
    """KerasTuner's hyperparameters where a space expects an Optuna trial."""

    def __init__(self, hp: Any) -> None:
        self._hp = hp

    def suggest_float(
        self, name: str, low: float, high: float, *, step: Any = None, log: bool = False
    ) -> Any:
        return self._hp.Float(name, low, high, step=step, sampling="log" if log else "linear")

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> Any:
        if log:
            return self._hp.Int(name, low, high, sampling="log")
        return self._hp.Int(name, low, high, step=step)

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        # Choice takes no booleans.
        names = {str(choice): choice for choice in choices}
        return names[self._hp.Choice(name, list(names))]


def kerastuner(contest: Contest, kind: str) -> None:
    """KerasTuner's Hyperband or RandomSearch, batch size tuned by `HyperModel.fit` as its guide shows."""
    import keras_tuner

    class MLP(keras_tuner.HyperModel):
        def build(self, hp: Any) -> Any:
            return contest.model(contest.space.suggest(_Choices(hp)))

        def fit(self, hp: Any, model: Any, callbacks: Any = (), **kwargs: Any) -> Any:
            hyperparameters = contest.space.suggest(_Choices(hp))
            training, validation = contest.arrays(hyperparameters)
            return model.fit(
                *training,
                validation_data=validation,
                batch_size=hyperparameters.batch_size,
                callbacks=[*callbacks, *contest.callbacks(hyperparameters)],
                **kwargs,
            )

    base = keras_tuner.Hyperband if kind == "hyperband" else keras_tuner.RandomSearch

    class Tuner(base):
        def on_trial_end(self, trial: Any) -> None:
            super().on_trial_end(trial)
            contest.ended(trial.score)

    own = {"max_epochs": contest.task["epochs"]} if kind == "hyperband" else {"max_trials": 100_000}
    tuner = Tuner(
        MLP(),
        objective="val_accuracy",
        seed=contest.task["seed"],
        directory=contest.task["folder"],
        project_name=kind,
        **own,
    )
    epochs = {} if kind == "hyperband" else {"epochs": contest.task["epochs"]}
    tuner.search(verbose=0, **epochs)


def main() -> None:
    name, path = sys.argv[1:]
    contest = Contest(json.loads(Path(path).read_text(encoding="utf-8")))
    # The workers of a driver that is gone end by themselves.
    threading.Timer(contest.task["seconds"], os._exit, (0,)).start()
    match name:
        case "perceptuna":
            perceptuna(contest)
        case "optuna":
            optuna(contest)
        case _:
            kerastuner(contest, name.removeprefix("kerastuner_"))
    os._exit(0)


if __name__ == "__main__":
    main()
