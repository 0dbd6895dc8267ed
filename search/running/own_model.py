"""What a network of the user's own goes together with, and that it can be built: found before anything is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from search.errors import InputError
from search.machine.importing import check_module_there
from spaces import AUTO

if TYPE_CHECKING:
    from search.data import DataSpec
    from search.settings.settings import StudySettings
    from spaces import Hyperparameters, Space

_ROOT = Path(__file__).parents[2]


def check_own_model(settings: StudySettings) -> None:
    """What contradicts `--model`, before any data is read.

    Raises:
        InputError: there is no such module; no space is named; or what is about our networks alone is asked for.
    """
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


def try_own_model(space: Space, spec: DataSpec) -> None:
    """Build the network of `space`, where it has one of the user's own, by one draw, in a process of its own.

    Raises:
        InputError: it cannot be built, trained or exported, or answers in another shape.
    """
    if not space.network:
        return
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    asked = {
        "hyperparameters": _a_draw(space).model_dump_json(),
        "spec": spec.model_dump_json(),
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
        raise InputError(
            f"--model {space.network}: the process that tried it ended with {ran.returncode}: {last}"
        )
    if problem := json.loads(ran.stdout)["problem"]:
        raise InputError(problem)


def _a_draw(space: Space) -> Hyperparameters:
    import optuna

    from search.study.optuna_log import quiet_optuna

    quiet_optuna()
    return space.suggest(optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask())
