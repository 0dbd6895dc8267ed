"""The table of looks, on both databases: many processes at once, and what becomes of it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import optuna

from storage import StorageURL, open_storage
from storage.backup import back_up
from storage.looks import KeptLook, add_look, complete_look, looks_at
from storage.study_storage import StudyStorage

PROCESSES = 6


def _look(url: StorageURL, number: int) -> None:
    storage = open_storage(url)
    add_look(storage, "split", KeptLook(f"model {number // 2}", f'"{number}"', None))
    complete_look(storage, "split", f"model {number // 2}", f'"seen by {number}"')


def in_processes(work: Callable[..., None], url: StorageURL) -> None:
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=work, args=(url, number)) for number in range(PROCESSES)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0


def test_many_at_once_lose_no_look_and_take_no_place_twice(url: StorageURL, study: optuna.Study) -> None:
    """Two processes each for one model, none of whom finds the table made."""
    storage = study._storage
    assert isinstance(storage, StudyStorage)
    assert looks_at(storage, "split") == []
    storage._backend.engine.dispose()
    in_processes(_look, url)
    found = looks_at(storage, "split")
    assert sorted(look.model for look in found) == ["model 0", "model 1", "model 2"]
    for look in found:
        number = int(look.model.split()[1])
        assert look.opened in (f'"{2 * number}"', f'"{2 * number + 1}"')
        assert look.seen in (f'"seen by {2 * number}"', f'"seen by {2 * number + 1}"')
    storage._backend.engine.dispose()


def test_what_is_written_once_stays(url: StorageURL, study: optuna.Study) -> None:
    storage = study._storage
    assert isinstance(storage, StudyStorage)
    for opened in ("1", "2"):
        add_look(storage, "split", KeptLook("model", opened, None))
        assert looks_at(storage, "split") == [KeptLook("model", "1", None)]
    for seen in ("3", "4"):
        complete_look(storage, "split", "model", seen)
        assert looks_at(storage, "split") == [KeptLook("model", "1", "3")]
    assert looks_at(storage, "another") == []
    optuna.delete_study(study_name="one", storage=storage)
    assert looks_at(storage, "split") == [KeptLook("model", "1", "3")]
    storage._backend.engine.dispose()


def test_a_backup_has_the_record(sqlite_url: StorageURL, tmp_path: Path) -> None:
    storage = open_storage(sqlite_url, create=True)
    add_look(storage, "split", KeptLook("model", "1", "2"))
    back_up(sqlite_url, tmp_path / "copy.db")
    copy = open_storage(StorageURL.of_file(tmp_path / "copy.db"))
    assert looks_at(copy, "split") == [KeptLook("model", "1", "2")]
