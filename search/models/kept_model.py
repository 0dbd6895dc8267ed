"""The model that a study has kept of a trial, as a file in its folder of artifacts."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.errors import InputError
from search.machine.plain_keras import import_keras
from search.machine.temporary import temporary_folder
from storage.artifacts import FOLDER_SETTING, artifact_path, model_file_name, study_artifacts

if TYPE_CHECKING:
    from search.study.study import Study
    from search.study.trial_record import TrialRecord


def kept_model(study: Study, trial: TrialRecord) -> Path | None:
    """Where it is, or was; None where none was kept.

    Raises:
        InputError: the study's folder of artifacts is not there.
    """
    wanted, folder = model_file_name(trial.number), study.artifact_folder
    artifact = next((one for one, name in study_artifacts(study.optuna).items() if name == wanted), None)
    if artifact is None:
        return None
    if not folder.is_dir():
        raise InputError(_not_there(study, folder))
    return artifact_path(folder, artifact)


def weights_of(model: Path) -> list[Any]:
    """Of the network inside a kept model, arrays in Keras's order."""
    keras = import_keras()
    with temporary_folder() as folder:
        named = shutil.copyfile(model, Path(folder, "model.keras"))  # Keras goes by the ending
        whole = keras.models.load_model(named, compile=False)
    (mlp,) = (layer for layer in whole.layers if isinstance(layer, keras.Model))
    weights: list[Any] = mlp.get_weights()
    return weights


def _not_there(study: Study, folder: Path) -> str:
    if study.url.sqlite_path is not None:
        what = "bring it back beside the database"
    else:
        what = f"call this on the machine that has it, or name its place on this one in ${FOLDER_SETTING}"
    return (
        f"the models of study '{study.name}' are in {folder}, which is not there; {what}. If they are lost: after "
        f"`mkdir {shlex.quote(str(folder))}` the model is trained again"
    )
