"""Artifacts: listed, read, removed, and never outside their folder."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from optuna.artifacts import upload_artifact

from storage import (
    StorageError,
    StorageURL,
    artifact_folder,
    open_artifacts,
    open_storage,
)
from storage.artifacts import (
    artifact_path,
    read_trial_artifact,
    remove_artifact_file,
    remove_study_artifact,
    study_artifacts,
    trial_artifacts,
    write_artifact,
)


def test_artifacts_lie_beside_the_sqlite_file(tmp_path: Path) -> None:
    url = StorageURL.parse(str(tmp_path / "my studies.db"))
    assert artifact_folder(url) == tmp_path / "my studies.db-artifacts"


def test_artifacts_of_study_and_trials_are_listed_and_removed(sqlite_url: StorageURL, tmp_path: Path) -> None:
    study = optuna.create_study(study_name="one", storage=open_storage(sqlite_url, create=True))
    store = open_artifacts(artifact_folder(sqlite_url))
    file = tmp_path / "trial-0.keras"
    file.write_bytes(b"a model")
    model = upload_artifact(artifact_store=store, file_path=str(file), study_or_trial=study)
    trial = study.ask()
    curve = upload_artifact(artifact_store=store, file_path=str(file), study_or_trial=trial)
    study.tell(trial, 0.5)

    assert study_artifacts(study) == {model: "trial-0.keras"}
    assert trial_artifacts(study.trials[0]) == [curve]
    with store.open_reader(model) as reader:
        assert reader.read() == b"a model"

    remove_study_artifact(study, store, model)
    assert study_artifacts(study) == {}
    remove_artifact_file(store, curve)
    assert list(artifact_folder(sqlite_url).iterdir()) == []
    remove_study_artifact(study, store, model)  # what a kill in between makes of it: again


def test_artifacts_and_attributes_written_at_once_are_what_optuna_writes_one_by_one(
    url: StorageURL, tmp_path: Path
) -> None:
    storage = open_storage(url, create=True)
    study = optuna.create_study(study_name="one", storage=storage)
    store, trial = open_artifacts(tmp_path / "artifacts"), study.ask()
    trial.set_user_attr("epochs", 1)
    written = write_artifact(store, "history.csv", b"epoch\n") | write_artifact(store, "curve.svg", b"<svg/>")
    storage.set_trial_attributes(trial._trial_id, {"epochs": 3, "environment": {"a": "b"}}, written)
    study.tell(trial, 0.5)

    frozen = study.trials[0]
    assert frozen.user_attrs == {"epochs": 3, "environment": {"a": "b"}}
    found = optuna.artifacts.get_all_artifact_meta(frozen, storage=storage)
    assert sorted((meta.filename, meta.mimetype) for meta in found) == [
        ("curve.svg", "image/svg+xml"),
        ("history.csv", "text/csv"),
    ]
    assert read_trial_artifact(tmp_path / "artifacts", frozen, "history.csv") == b"epoch\n"
    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        storage.set_trial_attributes(trial._trial_id, {"epochs": 4}, {})


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    store = open_artifacts(tmp_path / "artifacts")
    with pytest.raises(ValueError, match="Invalid artifact_id"):
        store.open_reader(name)
    with pytest.raises(ValueError, match="Invalid artifact_id"):
        remove_artifact_file(store, name)
    with pytest.raises(FileNotFoundError, match="expected the name of a file"):
        artifact_path(tmp_path / "artifacts", name)
    assert (tmp_path / "secret").read_text() == "secret"


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be created: File exists"):
        open_artifacts(tmp_path / "file")
    with pytest.raises(StorageError, match="cannot be created: No such file"):
        open_artifacts(tmp_path / "missing" / "artifacts")
