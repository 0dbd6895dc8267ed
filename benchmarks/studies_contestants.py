"""One contestant of `benchmarks.studies`: `python -m benchmarks.studies_contestants NAME TASK.json`.

Prints a JSON line at each trial's end and one at last: seconds in which a trial was built, trained and evaluated
(`training`; CPU seconds, for perceptuna wall seconds of its one-threaded worker) and `accuracies`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from spaces import Hyperparameters, load_space

SPACE = str(Path(__file__).with_name("studies.toml"))
CLASSES = 10


def main() -> None:
    contestant, path = sys.argv[1:]
    task = json.loads(Path(path).read_text(encoding="utf-8"))
    run = {
        "workers1": lambda: perceptuna(task, workers=1),
        "workers2": lambda: perceptuna(task, workers=2),
        "optuna_keras": lambda: optuna_keras(task),
        "kerastuner": lambda: kerastuner(task),
        "mlpclassifier": lambda: mlpclassifier(task),
    }[contestant]
    say("end", **run())


def say(event: str, **fields: Any) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def perceptuna(task: dict[str, Any], workers: int) -> dict[str, Any]:
    """As `perceptuna resume` on a study whose trials are all in the queue."""
    from search.driving.dispatcher import Listeners
    from search.driving.listener import Listener
    from search.driving.progress import Progress
    from search.running.resume import resume
    from search.settings.settings import StudySettings
    from search.study.creation import create_study
    from search.study.data_cache import prepare_data
    from storage import StorageURL

    configurations = [Hyperparameters.model_validate(values) for values in task["configurations"]]
    settings = StudySettings(
        data=task["data"],
        space=SPACE,
        trials=len(configurations),
        epochs=task["epochs"],
        patience=task["epochs"],
        sampler="random",
        pruner="none",
        workers=workers,
    )
    url = StorageURL.parse(f"sqlite:///{task['folder']}/studies.db")
    spec = prepare_data(settings).spec
    space, _ = load_space(SPACE).restricted_to(spec.task, spec.kind, spec.components)
    study = create_study("studies", url, settings, space, spec)
    for hyperparameters in configurations:
        study.optuna.enqueue_trial(space.params_of(hyperparameters))
    driver_cpu: list[float] = []

    class Marks(Listener):
        def trial_started(
            self, progress: Progress, number: int, hyperparameters: Hyperparameters, what: str
        ) -> None:
            driver_cpu.append(time.process_time())

        def trial_ended(self, progress: Progress, number: int, outcome: Any) -> None:
            driver_cpu.append(time.process_time())
            say("trial_ended")

    finish = resume("studies", url, {}, None, Listeners(Marks()))
    trials = finish.study.finished()
    return {
        "training": [trial.seconds for trial in trials],
        "accuracies": [trial.intermediate_values[max(trial.intermediate_values)] for trial in trials],
        "driver_cpu": time.process_time(),
        "driving_cpu": driver_cpu[-1] - driver_cpu[0],
    }


def optuna_keras(task: dict[str, Any]) -> dict[str, Any]:
    """github.com/optuna/optuna-examples, keras/keras_simple.py, with these layers."""
    import keras
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = load_space(SPACE)
    (x_train, y_train), (x_valid, y_valid) = arrays(task)
    training = []

    def objective(trial: optuna.Trial) -> float:
        hyperparameters = space.suggest(trial)
        cpu = time.process_time()
        keras.backend.clear_session()
        model = keras_model(hyperparameters, x_train.shape[1])
        model.fit(
            x_train,
            y_train,
            validation_data=(x_valid, y_valid),
            shuffle=True,
            batch_size=hyperparameters.batch_size,
            epochs=task["epochs"],
            verbose=0,
        )
        score = model.evaluate(x_valid, y_valid, verbose=0)
        training.append(time.process_time() - cpu)
        return score[1]

    study = optuna.create_study(storage=f"sqlite:///{task['folder']}/optuna.db", direction="maximize")
    for values in task["configurations"]:
        study.enqueue_trial(space.params_of(Hyperparameters.model_validate(values)))
    study.optimize(
        objective, n_trials=len(task["configurations"]), callbacks=[lambda study, trial: say("trial_ended")]
    )
    return {"training": training, "accuracies": [trial.value for trial in study.trials]}


def kerastuner(task: dict[str, Any]) -> dict[str, Any]:
    """RandomSearch, batch size tuned by `HyperModel.fit` as its guide shows."""
    import keras_tuner

    (x_train, y_train), validation = arrays(task)
    training, accuracies = [], []

    class MLP(keras_tuner.HyperModel):
        def build(self, hp: Any) -> Any:
            hyperparameters = Hyperparameters(
                depth=3,
                width=hp.Choice("width", [64, 128, 256]),
                taper=hp.Choice("taper", [1.0, 0.5]),
                activation=hp.Choice("activation", ["relu", "tanh"]),
                batch_norm=True,
                dropout=hp.Float("dropout", 0.1, 0.4),
                learning_rate=hp.Float("learning_rate", 3e-4, 1e-2, sampling="log"),
            )
            return keras_model(hyperparameters, x_train.shape[1])

        def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
            cpu = time.process_time()
            batch_size = hp.Choice("batch_size", [32, 64, 128, 256])
            history = model.fit(*args, batch_size=batch_size, **kwargs)
            training.append(time.process_time() - cpu)
            return history

    class Tuner(keras_tuner.RandomSearch):
        def on_trial_end(self, trial: Any) -> None:
            super().on_trial_end(trial)
            accuracies.append(trial.score)
            say("trial_ended")

    tuner = Tuner(
        MLP(),
        objective="val_accuracy",
        max_trials=len(task["configurations"]),
        seed=0,
        directory=task["folder"],
        project_name="kerastuner",
    )
    tuner.search(x_train, y_train, validation_data=validation, epochs=task["epochs"], verbose=0)
    return {"training": training, "accuracies": accuracies}


def mlpclassifier(task: dict[str, Any]) -> dict[str, Any]:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    (x_train, y_train), validation = arrays(task)
    training, accuracies = [], []
    for values in task["configurations"]:
        hyperparameters = Hyperparameters.model_validate(values)
        cpu = time.process_time()
        model = MLPClassifier(
            hyperparameters.widths,
            activation=hyperparameters.activation,
            alpha=0.0,
            batch_size=hyperparameters.batch_size,
            learning_rate_init=hyperparameters.learning_rate,
            max_iter=task["epochs"],
            n_iter_no_change=task["epochs"],
            tol=0.0,
        )
        model.fit(x_train, y_train)
        accuracies.append(model.score(*validation))
        training.append(time.process_time() - cpu)
        say("trial_ended")
    return {"training": training, "accuracies": accuracies}


def keras_model(hyperparameters: Hyperparameters, features: int) -> Any:
    """What a user of Keras writes; compiled."""
    import keras

    model = keras.Sequential([keras.Input((features,))])
    for width in hyperparameters.widths:
        model.add(keras.layers.Dense(width))
        model.add(keras.layers.BatchNormalization())
        model.add(keras.layers.Activation(hyperparameters.activation))
        model.add(keras.layers.Dropout(hyperparameters.dropout))
    model.add(keras.layers.Dense(CLASSES, activation="softmax"))
    model.compile(
        keras.optimizers.Adam(hyperparameters.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def arrays(task: dict[str, Any]) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Training and validation rows as float32 (rows, features) in 0 to 1, and their labels."""
    from search.data import load_prepared

    data = load_prepared(Path(task["prepared"]))

    def scaled(x: Any, y: Any) -> tuple[Any, Any]:
        rows = np.asarray(x, np.float32).reshape(len(x), -1)
        return rows * np.float32(data.spec.scale) + np.float32(data.spec.offset), np.asarray(y)

    return scaled(*data.training()), scaled(*data.validation())


if __name__ == "__main__":
    main()
