"""The database file is taken away under the connections that write to it: noticed, waited for, and saved."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import optuna
import pytest

from storage import StorageError, StorageURL, artifact_folder, open_artifacts, open_storage
from storage.artifacts import write_artifact
from storage.errors import translate
from storage.patience import patient
from storage.rescue import resumable

pytestmark = pytest.mark.usefixtures("bound")


def test_a_write_to_a_deleted_file_is_not_acknowledged(one: optuna.Study, path: Path) -> None:
    path.unlink()
    with pytest.raises(Exception) as error:  # noqa: PT011
        one.set_user_attr("x", 1)
    assert "studies.db was moved, deleted or replaced while it was in use; bring it back" in str(
        translate(error.value)
    )
    assert not path.exists()


def test_a_deleted_log_is_noticed_too(one: optuna.Study, path: Path) -> None:
    path.with_name("studies.db-wal").unlink()
    with pytest.raises(Exception) as error:  # noqa: PT011
        one.set_user_attr("x", 1)
    assert "studies.db-wal was moved, deleted or replaced" in str(translate(error.value))


def test_a_file_that_comes_back_in_time_is_written_on(one: optuna.Study, path: Path) -> None:
    away = path.rename(path.with_name("away.db"))
    told: list[str] = []

    def bring_back(remark: str) -> None:
        told.append(remark)
        if away.exists():
            away.rename(path)

    with patient(bring_back):
        one.set_user_attr("x", 1)
    assert len(told) == 2
    one._storage._backend.engine.dispose()
    assert optuna.load_study(study_name="one", storage=one._storage).user_attrs == {"x": 1}


def test_all_that_was_acknowledged_is_saved_from_a_deleted_file(
    one: optuna.Study, sqlite_url: StorageURL, path: Path
) -> None:
    for number in range(20):
        one.tell(one.ask(), number)
    path.unlink()
    with (
        pytest.raises(StorageError) as error,
        resumable(one._storage, sqlite_url, "perceptuna resume one"),
    ):
        one.tell(one.ask(), 20)
    saved = path.with_name("studies.db.rescued")
    assert str(error.value).endswith(
        f"so: [ ! -e {path} ] && mv -n {path}-wal {path}-wal.lost && mv -n {path}-shm {path}-shm.lost "
        f"&& mv -n {saved} {path} && perceptuna resume one"
    )
    again = optuna.load_study(study_name="one", storage=open_storage(StorageURL.of_file(saved)))
    assert [trial.value for trial in again.trials][:20] == list(range(20))


def test_the_commands_to_save_it_can_be_pasted_whatever_the_folder_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "my data"
    folder.mkdir()
    path = folder / "studies.db"
    url = StorageURL.of_file(path)
    one = optuna.create_study(study_name="one", storage=open_storage(url, create=True))
    one.tell(one.ask(), 1.0)
    path.unlink()
    with pytest.raises(StorageError) as error, resumable(one._storage, url, "true"):
        one.ask()
    commands = str(error.value).partition(", so: ")[2]
    subprocess.run(["sh", "-c", commands], check=True, cwd=tmp_path)
    assert optuna.load_study(study_name="one", storage=open_storage(url)).trials[0].value == 1.0


@pytest.mark.parametrize("when", ["while the study runs", "before the commands are pasted"])
def test_no_printed_command_touches_a_file_that_took_its_place(
    one: optuna.Study, sqlite_url: StorageURL, path: Path, when: str
) -> None:
    one.tell(one.ask(), 1.0)
    write_artifact(open_artifacts(artifact_folder(sqlite_url)), "history.csv", b"epoch")

    def put_another() -> None:  # by another program: `run` refuses to where a log lies
        theirs = optuna.create_study(study_name="theirs", storage=sqlite_url.full)
        theirs.set_user_attr("kept", "yes")
        others.append(theirs)

    others: list[optuna.Study] = []
    path.unlink()
    if when == "while the study runs":
        for log in path.parent.glob("studies.db-[ws]*"):
            log.unlink()
        put_another()
    shown = f"true{sqlite_url.option}"
    with pytest.raises(StorageError) as error, resumable(one._storage, sqlite_url, shown):
        one.tell(one.ask(), 2.0)
    if not others:
        put_another()
    said = str(error.value)
    commands = said.partition("go on with that: ")[2] or said.partition(", so: ")[2]
    pasted = subprocess.run(["sh", "-c", commands], cwd=path.parent, check=False)

    found = optuna.load_study(study_name="theirs", storage=open_storage(sqlite_url))
    assert found.user_attrs == {"kept": "yes"}
    saved = StorageURL.of_file(path.with_name("studies.db.rescued"))
    again = optuna.load_study(study_name="one", storage=open_storage(saved))
    assert again.trials[0].value == 1.0
    if when == "while the study runs":
        assert pasted.returncode == 0
        assert f"{path} now is not what the study was written to, and stays as it is" in said
        assert commands.endswith(f"true --storage {saved.full}")
        assert len(list(artifact_folder(saved).iterdir())) == 1


def test_nothing_is_saved_where_the_file_is_in_its_place(
    one: optuna.Study, sqlite_url: StorageURL, tmp_path: Path
) -> None:
    with pytest.raises(StorageError, match=r"database is locked.*: perceptuna resume one$"):  # noqa: SIM117
        with resumable(one._storage, sqlite_url, "perceptuna resume one"):
            raise sqlite3.OperationalError("database is locked")
    assert list(tmp_path.glob("*rescued*")) == []


def test_a_bug_stays_a_bug(one: optuna.Study, sqlite_url: StorageURL) -> None:
    with pytest.raises(KeyError), resumable(one._storage, sqlite_url, "perceptuna resume one"):
        raise KeyError("width")
