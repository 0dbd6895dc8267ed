"""`storage check`: what is right, what is wrong, and that looking changes nothing."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest
from optuna.artifacts import upload_artifact
from optuna.trial import TrialState

from storage import DatabaseUnusable, StorageURL, artifact_folder, open_artifacts, open_storage, study_lock
from storage.artifacts import write_artifact
from storage.check import examine


def findings(url: StorageURL, state: str) -> list[str]:
    return [finding.text for finding in examine(url) if finding.state == state]


@pytest.fixture
def place(
    url: StorageURL, study: optuna.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StorageURL]:
    """A study of one complete trial with one artifact."""
    monkeypatch.chdir(tmp_path)  # a server's artifacts lie in the current folder
    file = tmp_path / "file.bin"
    file.write_bytes(b"a curve")
    trial = study.ask()
    store = open_artifacts(artifact_folder(url))
    upload_artifact(artifact_store=store, file_path=str(file), study_or_trial=trial)
    study.tell(trial, 0.5)
    yield url
    study._storage._backend.engine.dispose()


def test_a_sound_place_has_nothing_wrong(place: StorageURL) -> None:
    assert findings(place, "wrong") == []
    right = findings(place, "right")
    assert "study 'one': 1 trials (1 complete); nobody drives it" in right
    assert any(
        text.startswith("all 1 artifacts of studies, complete and pruned trials are in") for text in right
    )


def test_who_drives_a_study_is_named(place: StorageURL, study: optuna.Study) -> None:
    study.ask()
    with study_lock(place, "one") as lock:
        assert findings(place, "wrong") == []
        assert f"study 'one': 2 trials (1 complete, 1 running); driven by {lock.holder()}" in findings(
            place, "right"
        )


def test_trials_that_nobody_runs_are_named_with_what_to_do(place: StorageURL, study: optuna.Study) -> None:
    study.ask()
    (wrong,) = findings(place, "wrong")
    assert "nobody drives it, so what is running is lost; `perceptuna resume one" in wrong


def test_lost_and_stray_files_are_named(place: StorageURL) -> None:
    folder, stray = artifact_folder(place), str(uuid.uuid4())
    (file,) = folder.iterdir()
    file.rename(folder / stray)
    (folder / "notes.txt").write_text("somebody's")
    (wrong,) = findings(place, "wrong")
    assert wrong == f"1 of 1 artifacts are not in {folder}: {file.name}; restore a copy"
    (note,) = findings(place, "note")
    assert "they can be removed" in note
    assert note.endswith(f": {stray}")
    assert ("no other database" in note) == (place.sqlite_path is None)
    with study_lock(place, "one"):  # a file that has just come belongs to a trial that is about to be told
        assert findings(place, "note") == []


def test_no_file_of_a_trial_is_a_stray_however_it_ended(
    place: StorageURL, study: optuna.Study, tmp_path: Path
) -> None:
    store = open_artifacts(artifact_folder(place))
    for state in (TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING):
        trial = study.ask()
        named = write_artifact(store, "history.csv", b"epoch")
        study._storage.set_trial_system_attr(trial._trial_id, *named.popitem())
        if state.is_finished():
            study.tell(trial, state=state)
    assert findings(place, "note") == []
    assert any(text.startswith("all 2 artifacts of") for text in findings(place, "right"))
    for file in artifact_folder(place).iterdir():
        file.unlink()
    assert any(text.startswith("2 of 2 artifacts are not in") for text in findings(place, "wrong"))


def test_a_damaged_file_is_wrong(sqlite_url: StorageURL) -> None:
    path = sqlite_url.sqlite_path
    assert path is not None
    study = optuna.create_study(study_name="one", storage=open_storage(sqlite_url, create=True))
    study._storage._backend.engine.dispose()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    assert any("restore a copy" in text or "damaged" in text for text in findings(sqlite_url, "wrong"))


def test_another_revision_is_wrong(sqlite_url: StorageURL) -> None:
    path = sqlite_url.sqlite_path
    assert path is not None
    study = optuna.create_study(study_name="one", storage=open_storage(sqlite_url, create=True))
    study._storage._backend.engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update alembic_version set version_num = 'v3.0.0.d'")
        connection.commit()
    (wrong,) = findings(sqlite_url, "wrong")
    assert "of Optuna's revision v3.0.0.d, not" in wrong
    assert "`perceptuna storage upgrade" in wrong


def test_little_space_is_wrong(sqlite_url: StorageURL, monkeypatch: pytest.MonkeyPatch) -> None:
    optuna.create_study(study_name="one", storage=open_storage(sqlite_url, create=True))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100 * 2**20))
    (wrong,) = findings(sqlite_url, "wrong")
    assert wrong.startswith("100 MB free in")


def test_no_database_is_the_users_mistake(sqlite_url: StorageURL) -> None:
    with pytest.raises(DatabaseUnusable, match="no database at"):
        list(examine(sqlite_url))
