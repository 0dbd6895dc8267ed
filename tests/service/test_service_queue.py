"""The queue, in each database that can hold it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.starters import fresh_database
from search.service.queue import Queue, QueuedStudy
from search.service.states import DRIVEN, OVER, VERBS, State, allowed
from storage import StorageURL, open_storage
from storage.study_storage import StudyStorage


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StudyStorage]:
    if request.param == "sqlite":
        yield open_storage(StorageURL.parse(str(tmp_path / "studies.db")), create=True)
        return
    if (server := os.environ.get("PERCEPTUNA_TEST_POSTGRESQL")) is None:
        pytest.skip("$PERCEPTUNA_TEST_POSTGRESQL names no server")
    with fresh_database(server) as url:
        opened = open_storage(url, create=True)
        yield opened
        opened._backend.engine.dispose()


def study(name: str, owner: str = "anna", **more: object) -> QueuedStudy:
    return QueuedStudy(name, owner, '{"data": "digits"}', 10, **more)  # type: ignore[arg-type]


def test_what_was_handed_in_is_there_for_the_next_service(storage: StudyStorage) -> None:
    queue = Queue(storage, clock=lambda: 7.5)
    assert queue.add(study("one", priority=3, note="first", workers=2, timeout=60.0, key="k", request="r"))
    found = Queue(storage).find("one")
    assert found == study(
        "one", priority=3, note="first", workers=2, timeout=60.0, key="k", request="r", handed_in=7.5
    )
    assert Queue(storage).find("another") is None


def test_a_name_and_an_owners_key_are_taken_once(storage: StudyStorage) -> None:
    queue = Queue(storage)
    assert queue.add(study("one", key="k"))
    assert not queue.add(study("one"))
    assert not queue.add(study("two", key="k"))
    assert queue.add(study("two", "ben", key="k"))
    assert queue.add(study("three"))
    found = queue.find_key("anna", "k")
    assert found is not None
    assert found.study == "one"
    assert [one.study for one in queue.all()] == ["one", "two", "three"]


def test_a_change_is_refused_where_the_study_has_moved_on(storage: StudyStorage) -> None:
    queue = Queue(storage)
    queue.add(study("one"))
    assert queue.move("one", [State.QUEUED], State.RUNNING, slots=2)
    assert not queue.move("one", [State.QUEUED], State.PAUSED)
    assert queue.move("one", [State.RUNNING], State.PAUSING, State.QUEUED)
    found = queue.find("one")
    assert found is not None
    assert (found.state, found.then, found.slots) == (State.PAUSING, State.QUEUED, 2)
    assert queue.move("one", DRIVEN, State.QUEUED)
    found = queue.find("one")
    assert found is not None
    assert (found.then, found.slots) == (None, 0)
    assert not queue.remove("one", OVER)
    assert queue.remove("one", [State.QUEUED])
    assert queue.find("one") is None


def test_of_many_who_take_one_study_at_once_one_has_it(storage: StudyStorage) -> None:
    queue = Queue(storage)
    queue.add(study("one"))
    took: list[bool] = []
    threads = [
        threading.Thread(target=lambda: took.append(queue.move("one", [State.QUEUED], State.RUNNING)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(took) == [False] * 7 + [True]


def test_every_state_can_be_left() -> None:
    assert all(allowed(state) for state in State)
    for moves in VERBS.values():
        for state, (after, then) in moves.items():
            assert (then is not None) == (after in (State.PAUSING, State.STOPPING))
            assert (after in DRIVEN) == (state in DRIVEN)
