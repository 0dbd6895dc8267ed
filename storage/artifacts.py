"""Models and learning curves: beside the database, or in the folder that a server's study was started with."""

from __future__ import annotations

import contextlib
import io
import json
import mimetypes
import os
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from storage.errors import ArtifactsUnusable
from storage.patience import keep_trying
from storage.reading import ARTIFACT_PREFIX, kept_folders
from storage.urls import StorageURL

if TYPE_CHECKING:
    import optuna
    from optuna.artifacts import FileSystemArtifactStore


# Names the folder on a machine that has a server's studies in another place than they were started in.
FOLDER_SETTING = "PERCEPTUNA_ARTIFACTS"
_CHECKPOINT = "-checkpoint.npz"


def artifact_folder(url: StorageURL, kept: str | None = None) -> Path:
    """Where the files of a study are; `kept` is what the study says of that (`ARTIFACT_FOLDER`).

    Beside an SQLite file, as `FILE.db-artifacts`: both are moved together. A study on a server belongs to the folder
    that it was started with, unless $PERCEPTUNA_ARTIFACTS names another; without either it is `perceptuna-artifacts`
    in the current folder.
    """
    if url.sqlite_path is not None:
        return url.sqlite_path.with_name(url.sqlite_path.name + "-artifacts")
    return Path(os.environ.get(FOLDER_SETTING) or kept or "perceptuna-artifacts").absolute()


def artifact_folders(url: StorageURL, connection: Connection) -> list[Path]:
    """Those of all studies at `url`, each once."""
    kept = kept_folders(connection) if url.sqlite_path is None else []
    return list(dict.fromkeys(artifact_folder(url, one) for one in kept or [None]))


def artifact_path(folder: Path, artifact: str) -> Path:
    """Where the file of an artifact is.

    Raises:
        FileNotFoundError: its name, which a database from somebody else may hold, leads out of `folder`.
    """
    if Path(artifact).name != artifact:
        raise FileNotFoundError(f"expected the name of a file in {folder}, but got {artifact!r}")
    return folder / artifact


def model_file_name(number: int) -> str:
    """File name of the artifact that holds the model of trial `number`."""
    return f"trial-{number}.keras"


def checkpoint_file_name(number: int) -> str:
    """File name of the artifact that holds where trial `number` left off."""
    return f"trial-{number}{_CHECKPOINT}"


def is_checkpoint(file_name: str) -> bool:
    """Whether `checkpoint_file_name` made it."""
    return file_name.endswith(_CHECKPOINT)


def open_artifacts(folder: Path) -> FileSystemArtifactStore:
    """The artifact store in `folder`, which is created where it is missing. Who is `patient` waits for the disk.

    Raises:
        ArtifactsUnusable: the folder cannot be created or written.
    """
    from storage.artifact_files import PatientArtifacts

    keep_trying(lambda: _make_writable_folder(folder))
    return PatientArtifacts(folder)


def _make_writable_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ArtifactsUnusable(
            f"the artifact folder {folder} cannot be created: {error.strerror}"
        ) from error
    if not os.access(folder, os.W_OK):
        raise ArtifactsUnusable(f"the artifact folder {folder} is read-only; make it writable, then resume")


def write_artifact(store: FileSystemArtifactStore, file_name: str, content: bytes) -> dict[str, str]:
    """Put a file into `store`; it is an artifact once the entry returned is a system attribute of a trial or study.

    As Optuna's `upload_artifact`, which needs a file to copy, and names the artifact before it is there.
    """
    from optuna.artifacts._upload import ArtifactMeta

    artifact_id = str(uuid.uuid4())
    mimetype, encoding = mimetypes.guess_type(file_name)
    store.write(artifact_id, io.BytesIO(content))
    described = ArtifactMeta(artifact_id, file_name, mimetype or "application/octet-stream", encoding)
    return {ARTIFACT_PREFIX + artifact_id: json.dumps(asdict(described))}


def study_artifacts(study: optuna.Study) -> dict[str, str]:
    """File name by artifact id, of the artifacts of the study itself (not of its trials)."""
    attributes = study._storage.get_study_system_attrs(study._study_id)
    described = {
        key.removeprefix(ARTIFACT_PREFIX): json.loads(value)
        for key, value in attributes.items()
        if key.startswith(ARTIFACT_PREFIX)
    }
    return {artifact: entry["filename"] for artifact, entry in described.items() if entry}


def add_study_artifact(
    study: optuna.Study, store: FileSystemArtifactStore, file_name: str, content: bytes
) -> str:
    """Put a file into `store` and name it in `study`; a kill in between leaves a file that belongs to nobody.

    Returns:
        The artifact's id.
    """
    ((key, entry),) = write_artifact(store, file_name, content).items()
    study._storage.set_study_system_attr(study._study_id, key, entry)
    return key.removeprefix(ARTIFACT_PREFIX)


def remove_study_artifact(study: optuna.Study, store: FileSystemArtifactStore, artifact: str) -> None:
    """Remove the file first: what is listed without a file can be removed again, a lost file cannot be found."""
    remove_artifact_file(store, artifact)
    # null is how optuna-dashboard marks a deleted artifact.
    study._storage.set_study_system_attr(study._study_id, ARTIFACT_PREFIX + artifact, json.dumps(None))


def remove_artifact_file(store: FileSystemArtifactStore, artifact: str) -> None:
    """Remove a file that may be gone already."""
    from optuna.artifacts.exceptions import ArtifactNotFound

    with contextlib.suppress(ArtifactNotFound):
        store.remove(artifact)


def trial_artifacts(trial: optuna.trial.FrozenTrial) -> list[str]:
    """Ids of the artifacts of one trial."""
    return [
        key.removeprefix(ARTIFACT_PREFIX) for key in trial.system_attrs if key.startswith(ARTIFACT_PREFIX)
    ]


def read_trial_artifact(folder: Path, trial: optuna.trial.FrozenTrial, file_name: str) -> bytes | None:
    """The content of a trial's artifact of this name; None where there is none, or where its file is gone."""
    for key, value in trial.system_attrs.items():
        described = json.loads(value) if key.startswith(ARTIFACT_PREFIX) else None
        if described and described["filename"] == file_name:
            with contextlib.suppress(FileNotFoundError):
                return artifact_path(folder, described["artifact_id"]).read_bytes()
    return None
