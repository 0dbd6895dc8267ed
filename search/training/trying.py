"""Tries code of the user's own before any trial: a network is built, asked, trained a step, saved and opened again.

Callbacks are made, and not called.

`python -m search.training.trying` does so in a process of its own, since that of a command loads no TensorFlow: a line
of JSON comes in, and one goes out, with the `problem` in words or none.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any

import numpy as np

from search.data import DataSpec, attach_preprocessing
from search.errors import InputError
from search.machine.temporary import temporary_folder
from search.machine.tensorflow_start import start_tensorflow
from spaces import Hyperparameters
from spaces.wording import quantity

Array = np.ndarray[Any, Any]

_ROWS = 4
_SLACK = 1e-3


def problem_of(hyperparameters: Hyperparameters, spec: DataSpec) -> str | None:
    """What keeps the network from being trained, judged and exported; None where nothing does."""
    import keras

    from search.training.fit_learner import compiled
    from search.training.own_model.building import built

    model = built(hyperparameters, spec, seed=0)
    x, y = _some_rows(spec)
    if wrong := _wrong_answers(np.asarray(model.predict(x, verbose=0)), spec):
        return wrong
    compiled(model, hyperparameters, spec, total_steps=1).train_on_batch(x, y)
    with temporary_folder() as folder:
        path = folder / "model.keras"
        try:
            attach_preprocessing(_wrapped(hyperparameters, spec), spec).save(path)
            keras.saving.get_custom_objects().clear()
            keras.saving.load_model(path)
        except Exception as error:
            return (
                f"its file would not open again ({_words(error)}); build it of Keras's own layers, without Lambda "
                "and classes of your own"
            )
    return None


def _wrapped(hyperparameters: Hyperparameters, spec: DataSpec) -> Any:
    from search.training.forms import model_of

    return model_of(hyperparameters, spec)


def _some_rows(spec: DataSpec) -> tuple[Array, Array]:
    random = np.random.default_rng(0)
    shape = (_ROWS, *spec.input_shape)
    if spec.kind == "image":
        x = random.integers(0, 256, shape).astype(np.uint8)
    else:
        x = random.normal(size=shape).astype(np.float32)
        if spec.coded:
            x[:, -len(spec.coded) :] = 0
    of_several = (len(spec.targets),) if spec.targets else ()
    if spec.of_quantities:
        return x, random.normal(size=(_ROWS, *of_several)).astype(np.float32)
    return x, random.integers(0, len(spec.class_names) or 2, (_ROWS, *of_several)).astype(np.int32)


def _wrong_answers(answers: Array, spec: DataSpec) -> str | None:
    from search.training.own_model.inputs import ModelInputs

    told = ModelInputs.of(spec)
    last = f'keras.layers.Dense({told.units}, activation="{told.activation}")'
    if answers.shape != (_ROWS, told.units):
        return (
            f"expected answers of shape (rows, {told.units}) for {_task(spec)}, but got "
            f"{('rows', *answers.shape[1:])}".replace("'", "")
            + f"; end it with {last}"
        )
    sums = answers.sum(axis=1) if spec.task == "multiclass" else answers
    if spec.of_quantities or not np.isfinite(answers).all():
        return None
    if answers.min() < 0 or answers.max() > 1 or (spec.task == "multiclass" and abs(sums - 1).max() > _SLACK):
        such = quantity(float(answers.flat[0]), 3)
        return f"expected probabilities, but got answers such as {such}; end it with {last}"
    return None


def _task(spec: DataSpec) -> str:
    if spec.targets:
        return f"{len(spec.targets)} {'quantities' if spec.of_quantities else 'labels'}"
    return {"regression": "a quantity", "binary": "two classes"}.get(
        spec.task, f"{len(spec.class_names)} classes"
    )


def _words(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}"[:300] if lines else type(error).__name__


def _place(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}, line {last.lineno}"


def _problem(asked: dict[str, Any]) -> str | None:
    sys.path += [folder for folder in asked["path"] if folder not in sys.path]
    hyperparameters = Hyperparameters.model_validate_json(asked["hyperparameters"])
    spec = DataSpec.model_validate_json(asked["spec"])
    start_tensorflow(1)
    of_network = _problem_of_network(hyperparameters, spec) if hyperparameters.network else None
    return of_network or _problem_of_callbacks(asked["callbacks"], hyperparameters)


def _problem_of_callbacks(names: list[str], hyperparameters: Hyperparameters) -> str | None:
    from search.training.own_callbacks import OPTION, WatchedTrial, made, refuse_batch_hooks

    trial = WatchedTrial("trying", 0, hyperparameters.named, seed=0)
    for name in names:
        try:
            refuse_batch_hooks(name, *made([name], trial), by_fit=bool(hyperparameters.network))
        except InputError as error:
            return str(error)
        except Exception as error:
            return f"{OPTION} {name}: it cannot be made: {_words(error)} ({_place(error)})"
    return None


def _problem_of_network(hyperparameters: Hyperparameters, spec: DataSpec) -> str | None:
    option = f"--model {hyperparameters.network}"
    try:
        wrong = problem_of(hyperparameters, spec)
    except InputError as error:
        return str(error)
    except Exception as error:
        values = ", ".join(f"{name} {value}" for name, value in hyperparameters.extra)
        of = f" with {values}" if values else ""
        return f"{option}: it fails{of}: {_words(error)} ({_place(error)})"
    return None if wrong is None else f"{option}: {wrong}"


def main() -> None:
    """Try what standard input says."""
    told, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # what a user's function prints is no answer
    said = {"problem": _problem(json.loads(sys.stdin.buffer.readline()))}
    os.write(told, f"{json.dumps(said)}\n".encode())


if __name__ == "__main__":
    main()
