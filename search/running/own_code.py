"""What code of the user's own goes together with, and that it does what it should: found before anything is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from search.errors import InputError
from search.machine.importing import check_module_there
from search.policies.pruners import build_pruner
from search.policies.samplers import build_sampler
from search.settings.own_policies import is_own
from search.study.optuna_log import quiet_optuna
from spaces import AUTO

if TYPE_CHECKING:
    from search.data import DataSpec
    from search.settings.settings import StudySettings
    from spaces import Hyperparameters, Space

_ROOT = Path(__file__).parents[2]


def check_own_code(settings: StudySettings) -> None:
    """Whether there are the modules that are named, and what contradicts `--model`, before any data is read.

    Raises:
        InputError: there is no such module; no space is named; or what is about our networks alone is asked for.
    """
    check_callbacks_there(settings)
    if settings.model is None:
        return
    check_module_there(settings.model, "--model")
    if settings.space == AUTO:
        raise InputError(
            "--model: name the space of your network by --space FILE.toml: its own hyperparameters stand there under "
            "[extra], beside learning_rate, batch_size and the like"
        )
    if settings.baselines is not None:
        raise InputError(
            "--model and --baselines: known configurations are of our networks; leave one of them out"
        )
    if settings.precision == "bfloat16":
        raise InputError(
            "--model and --precision bfloat16: Keras's fit trains by float32; leave --precision out"
        )


def check_callbacks_there(settings: StudySettings) -> None:
    """Before workers begin.

    Raises:
        InputError: there is no module of that name.
    """
    for name in settings.callbacks:
        check_module_there(name, "--callback")


def check_policies(settings: StudySettings) -> None:
    """Whether sampler and pruner can be made.

    Raises:
        InputError: one cannot.
    """
    quiet_optuna()
    build_sampler(settings, 0)
    if is_own(settings.pruner):
        build_pruner(settings)


def space_for(settings: StudySettings, space: Space) -> Space:
    """`space` as one of the network that the settings name.

    Raises:
        InputError: it has hyperparameters of a network of one's own, and no network is named.
    """
    if settings.model is not None:
        return space.for_network(settings.model)
    if space.extra:
        raise InputError(
            f"--space: {', '.join(space.extra)} under [extra] are for a network of your own; name the function that "
            "builds it by --model module:name, or take them out"
        )
    return space


def try_own_code(space: Space, spec: DataSpec, callbacks: Sequence[str] = ()) -> None:
    """Build the network of `space`, where it has one of the user's own, and make `callbacks`: by one draw.

    In a process of its own, since this one loads no TensorFlow.

    Raises:
        InputError: the network cannot be built, trained or exported, or answers in another shape; a callback cannot be
            made, or waits for batches that it would not hear of.
    """
    if not space.network and not callbacks:
        return
    named = [f"--model {space.network}"] * bool(space.network) + [f"--callback {one}" for one in callbacks]
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    asked = {
        "hyperparameters": _a_draw(space).model_dump_json(),
        "spec": spec.model_dump_json(),
        "callbacks": list(callbacks),
        "path": sys.path,
    }
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "search.training.trying"],
        input=json.dumps(asked).encode() + b"\n",
        capture_output=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    if ran.returncode != 0:
        last = ran.stderr.decode(errors="replace").strip().rpartition("\n")[2][:300]
        raise InputError(f"{', '.join(named)}: the process that tried it ended with {ran.returncode}: {last}")
    if problem := json.loads(ran.stdout)["problem"]:
        raise InputError(problem)


def _a_draw(space: Space) -> Hyperparameters:
    import optuna

    quiet_optuna()
    return space.suggest(optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask())
