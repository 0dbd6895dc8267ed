"""The study's model as one file that Keras opens by itself, and its facts as JSON beside it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.configuration import hyperparameters_of
from search.environment import program_version
from search.errors import InputError
from search.origin import origin_of
from search.replay import retrain
from search.study import Study
from storage import artifact_folder, open_artifacts
from storage.artifacts import model_file_name, study_artifacts

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def export_model(
    study: Study,
    output: Path,
    number: int | None = None,
    more: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = lambda remark: None,
) -> tuple[Path, Path]:
    """Write the model of the best trial, or of trial `number`, to `output` (.keras) and its facts to .json.

    The best trial's model was kept when it was trained. Any other trial is trained again with its own seed.
    `more` stands among the facts, in place of what has the same name.

    Raises:
        InputError: the study has no complete trial, there is no such trial, or `output` cannot be written.
    """
    check_output(output)
    trial = study.complete_trial(number)
    kept = _kept_model(study, trial)
    partial = output.with_name(f".{output.stem}.{os.getpid()}.partial.keras")
    try:
        if kept is not None:
            artifact = open_artifacts(artifact_folder(study.url)).open_reader(kept)
            with artifact, partial.open("wb") as file:
                shutil.copyfileobj(artifact, file)
        else:
            if (origin := origin_of(trial)) is not None and origin.can_be_retrained:
                say(
                    f"trial {trial.number} is {origin.words()}, whose model did not come along: it is trained again "
                    f"(`perceptuna export {origin.study} --trial {origin.trial}` writes the same)"
                )
            _train_again(study, trial, partial)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
    facts = output.with_suffix(".json")
    told = {**_facts(study, trial), **(more or {})}
    facts.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return output, facts


def check_output(output: Path) -> None:
    """Refuse a path that cannot be written.

    Raises:
        InputError: not a .keras file, or in a folder that is missing or read-only.
    """
    if output.suffix != ".keras":
        raise InputError(f"-o: expected a file name ending in .keras, but got '{output}'")
    if not output.parent.is_dir():
        raise InputError(f"-o: the folder {output.parent} does not exist; create it first")
    if not os.access(output.parent, os.W_OK) or output.is_dir():
        raise InputError(f"-o: {output} cannot be written; name another place")


def _kept_model(study: Study, trial: FrozenTrial) -> str | None:

    wanted = model_file_name(trial.number)
    return next(
        (artifact for artifact, name in study_artifacts(study.optuna).items() if name == wanted), None
    )


def _train_again(study: Study, trial: FrozenTrial, output: Path) -> None:
    from search.data import attach_preprocessing

    attach_preprocessing(retrain(study, trial).model, study.data).save(output)


def _facts(study: Study, trial: FrozenTrial) -> dict[str, Any]:
    data = study.data
    names = ("best_epoch", "epochs", "parameters", "seconds", "seed", "gap")
    return {
        "study": study.name,
        "trial": trial.number,
        "metric": study.metric,
        "value": trial.value,
        "hyperparameters": hyperparameters_of(study.space, trial).model_dump(mode="json"),
        "training": {name: trial.user_attrs[name] for name in names if name in trial.user_attrs},
        "task": data.task,
        "class_names": data.class_names,
        "data": json.loads(data.model_dump_json()),
        "perceptuna": program_version(),
    }
