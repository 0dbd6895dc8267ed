"""Copies of a database: taken while it is written, complete, checked, and never over something else."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import optuna
import pytest
from optuna.artifacts import upload_artifact
from optuna.trial import TrialState

from storage import DatabaseUnusable, StorageError, StorageURL, StudyBusy, artifact_folder, study_lock
from storage.artifacts import (
    open_artifacts,
    read_trial_artifact,
    remove_study_artifact,
    study_artifacts,
    trial_artifacts,
    write_artifact,
)
from storage.backup import back_up, pg_dump_command, upgrade
from storage.database import open_storage

_WRITE = """
    import sys
    import optuna
    from storage import StorageURL, open_storage
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(study_name="one", storage=open_storage(StorageURL.parse(sys.argv[1])))
    for number in range(10_000):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, number)
        print(number, flush=True)
"""


def load(path: Path) -> optuna.Study:
    return optuna.load_study(study_name="one", storage=open_storage(StorageURL.of_file(path)))


@pytest.fixture
def one(sqlite_url: StorageURL) -> optuna.Study:
    """A study of one complete trial, with an artifact of its own and one of the study's."""
    study = optuna.create_study(study_name="one", storage=open_storage(sqlite_url, create=True))
    store = open_artifacts(artifact_folder(sqlite_url))
    assert sqlite_url.sqlite_path is not None
    file = sqlite_url.sqlite_path.with_name("file.bin")
    file.write_bytes(b"a curve")
    trial = study.ask()
    for owner in (trial, study):
        upload_artifact(artifact_store=store, file_path=str(file), study_or_trial=owner)
    study.tell(trial, 0.5)
    return study


def test_a_copy_is_a_place_of_studies_with_all_artifacts(
    one: optuna.Study, sqlite_url: StorageURL, tmp_path: Path
) -> None:
    target = tmp_path / "copy of it.db"
    made = back_up(sqlite_url, target)
    assert (made.studies, made.trials, made.artifacts, made.lost) == (1, 1, 2, ())
    files = artifact_folder(StorageURL.of_file(target))
    named = {*study_artifacts(load(target)), *trial_artifacts(load(target).trials[0])}
    assert {file.name for file in files.iterdir()} == named
    assert all(file.read_bytes() == b"a curve" for file in files.iterdir())
    assert not list(tmp_path.glob("*.partial*"))


def test_a_copy_has_the_files_of_all_trials_however_they_ended(
    one: optuna.Study, sqlite_url: StorageURL, tmp_path: Path
) -> None:
    store, named = open_artifacts(artifact_folder(sqlite_url)), dict[TrialState, dict[str, str]]()
    for state in (TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING):
        trial = one.ask()
        named[state] = write_artifact(store, "history.csv", state.name.encode())
        one._storage.set_trial_system_attr(trial._trial_id, *next(iter(named[state].items())))
        if state.is_finished():
            one.tell(trial, state=state)
    made = back_up(sqlite_url, tmp_path / "copy.db")
    assert (made.artifacts, made.lost) == (5, ())
    files = artifact_folder(StorageURL.of_file(made.path))
    for trial in load(made.path).trials[1:]:
        assert read_trial_artifact(files, trial, "history.csv") == trial.state.name.encode()
    for state in (TrialState.FAIL, TrialState.RUNNING):  # it may never have been written
        (artifact_folder(sqlite_url) / next(iter(named[state])).removeprefix("artifacts:")).unlink()
    assert back_up(sqlite_url, tmp_path / "second.db").lost == ()


def test_a_copy_taken_while_trials_are_told_holds_all_that_were_told_before(
    one: optuna.Study, sqlite_url: StorageURL, tmp_path: Path, process: Callable[..., subprocess.Popen[str]]
) -> None:
    writer = process(_WRITE, sqlite_url.full)
    assert writer.stdout is not None
    for number in range(3):
        told = next(int(line) for line in writer.stdout if int(line) >= 10 * (number + 1))
        made = back_up(sqlite_url, tmp_path / f"{number}.db")
        numbers = [trial.number for trial in load(made.path).trials]
        assert numbers == list(range(made.trials))
        assert made.trials >= told + 2
    assert writer.poll() is None


def test_a_model_that_is_replaced_meanwhile_is_never_missing_in_the_copy(
    one: optuna.Study, sqlite_url: StorageURL, tmp_path: Path
) -> None:
    store, enough = open_artifacts(artifact_folder(sqlite_url)), threading.Event()
    file = tmp_path / "model.keras"
    file.write_bytes(b"a model" * 100_000)
    replaced = 0

    def replace() -> None:
        nonlocal replaced
        while not enough.wait(0.2):
            before = study_artifacts(one)
            upload_artifact(artifact_store=store, file_path=str(file), study_or_trial=one)
            for artifact in before:
                remove_study_artifact(one, store, artifact)
            replaced += 1

    driver = threading.Thread(target=replace)
    driver.start()
    try:
        number = 0
        while number < 5 or replaced < 2:
            assert driver.is_alive()
            number += 1
            made = back_up(sqlite_url, tmp_path / f"{number}.db")
            assert made.lost == ()
            files = {path.name for path in artifact_folder(StorageURL.of_file(made.path)).iterdir()}
            assert set(study_artifacts(load(made.path))) <= files
    finally:
        enough.set()
        driver.join()


def test_what_is_there_already_is_replaced_only_when_asked(
    one: optuna.Study, sqlite_url: StorageURL, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    target.write_text("something else")
    with pytest.raises(
        DatabaseUnusable, match="is there already; name another file, or replace it by --force"
    ):
        back_up(sqlite_url, target)
    assert target.read_text() == "something else"
    back_up(sqlite_url, target, force=True)
    back_up(sqlite_url, target, force=True)
    assert len(load(target).trials) == 1


def test_places_that_cannot_hold_a_copy_are_refused(
    one: optuna.Study, sqlite_url: StorageURL, tmp_path: Path
) -> None:
    assert sqlite_url.sqlite_path is not None
    for target, reason in (
        (tmp_path, "is a folder; name a file in it"),
        (tmp_path / "missing" / "copy.db", "does not exist; create it first"),
        (sqlite_url.sqlite_path, "is the database itself; name another file"),
    ):
        with pytest.raises(DatabaseUnusable, match=re.escape(reason)):
            back_up(sqlite_url, target, force=True)
    with pytest.raises(DatabaseUnusable, match="no database at"):
        back_up(StorageURL.of_file(tmp_path / "none.db"), tmp_path / "copy.db")


def test_a_damaged_database_gives_no_copy(one: optuna.Study, sqlite_url: StorageURL, tmp_path: Path) -> None:
    path = sqlite_url.sqlite_path
    assert path is not None
    one._storage._backend.engine.dispose()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 3 * 4096)
        file.write(b"\xff" * 2 * 4096)
    with pytest.raises(StorageError, match=r"is damaged|malformed"):
        back_up(sqlite_url, tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))


def test_a_server_is_left_to_its_own_program_and_no_password_is_shown(tmp_path: Path) -> None:
    url = StorageURL.parse("postgresql+psycopg://me:secret@host:5433/studies?sslmode=require&password=secret")
    expected = "pg_dump --format=custom --file=a.dump 'postgresql://me@host:5433/studies?sslmode=require'"
    assert pg_dump_command(url, Path("a.dump")) == expected
    with pytest.raises(DatabaseUnusable) as caught:
        back_up(url, Path("a.dump"))
    assert expected in str(caught.value)
    assert "secret" not in str(caught.value)


class TestUpgrade:
    @pytest.fixture
    def old(self, one: optuna.Study, sqlite_url: StorageURL) -> Path:
        """As Optuna 4 left its tables: an index fewer."""
        path = sqlite_url.sqlite_path
        assert path is not None
        one._storage._backend.engine.dispose()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("drop index ix_trials_study_id")
            connection.execute("update alembic_version set version_num = 'v3.0.0.d'")
            connection.commit()
        with pytest.raises(DatabaseUnusable, match="bring it up to date by `perceptuna storage upgrade"):
            open_storage(sqlite_url)
        return path

    def test_an_old_database_opens_again_and_a_copy_stays(self, old: Path, sqlite_url: StorageURL) -> None:
        before, after, copy = upgrade(sqlite_url)
        assert before == "v3.0.0.d"
        assert copy == old.with_name(f"{old.name}.v3.0.0.d")
        assert load(old).trials[0].value == 0.5
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("select version_num from alembic_version").fetchall() == [(before,)]
        assert upgrade(sqlite_url) == (after, after, None)

    def test_it_is_refused_while_a_study_is_driven(self, old: Path, sqlite_url: StorageURL) -> None:
        with study_lock(sqlite_url, "one"), pytest.raises(StudyBusy):
            upgrade(sqlite_url)
        assert list(old.parent.glob("*.v3*")) == []

    def test_a_newer_database_is_left_alone(self, old: Path, sqlite_url: StorageURL) -> None:
        with closing(sqlite3.connect(old)) as connection:
            connection.execute("update alembic_version set version_num = 'v99'")
            connection.commit()
        with pytest.raises(DatabaseUnusable, match=r"revision v99, which Optuna .* does not know"):
            upgrade(sqlite_url)
