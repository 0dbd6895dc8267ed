"""The queue from a shell: the same rules and words as over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from service_fakes import made_service, made_study

from search.errors import InputError
from search.service import queue
from search.service.queue import Queue, QueuedStudy, has_queue
from search.service.service import Service
from search.service.shell import ServicesStudies, ask_study, queue_rows, queue_study
from search.service.states import State
from search.service.wishes import NotNow
from storage import StorageURL, open_storage
from storage.own_tables import make_tables


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return made_service(tmp_path)


def test_a_study_is_paused_queued_and_cancelled(service: Service) -> None:
    service.queue.add(QueuedStudy("one", "anna", '{"data": "digits"}', 5, note="first"))
    states = []
    for verb in ("pause", "queue", "cancel", "queue"):
        if verb == "queue":
            queue_study(service.url, "one")
        else:
            ask_study(service.url, "one", verb)
        (row,) = queue_rows(service.url)
        states.append(row["state"])
    assert states == ["paused", "queued", "cancelled", "queued"]
    assert (row["owner"], row["trials"], row["note"]) == ("anna", "0/5", "first")
    service.queue.move("one", [State.QUEUED], State.FINISHED)
    with pytest.raises(NotNow, match="study 'one' is finished, so there is nothing to pause"):
        ask_study(service.url, "one", "pause")


def test_the_service_goes_on_with_a_study_of_a_shell(service: Service) -> None:
    made_study(service, "shells", [0.5], trials=4, workers=2)
    queue_study(service.url, "shells")
    found = service.queue.find("shells")
    assert found is not None
    assert (found.state, found.owner, found.trials, found.workers) == (State.QUEUED, "local", 4, 2)
    service.supervisor.look()
    assert service.drivers.running["shells"][:4] == ["resume", "shells", "--trials", "4"]  # type: ignore[attr-defined]


def test_what_cannot_be_queued_is_refused(service: Service) -> None:
    made_study(service, "done", [0.5])
    for name, sentence in (("done", "nothing is left to do"), ("nothing", "no study 'nothing'")):
        with pytest.raises(InputError, match=sentence):
            queue_study(service.url, name)
        with pytest.raises(InputError, match="was never handed in to a service"):
            ask_study(service.url, name, "cancel")


def test_looking_makes_no_queue(tmp_path: Path) -> None:
    url = StorageURL.parse(str(tmp_path / "studies.db"))
    storage = open_storage(url, create=True)
    assert queue_rows(url) == []
    with pytest.raises(InputError, match="perceptuna stop one"):
        ask_study(url, "one", "pause")
    assert not has_queue(storage)


def test_who_asks_again_and_again_has_the_queues_table_seen_to_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = StorageURL.of_file(tmp_path / "studies.db")
    studies, seen = ServicesStudies(open_storage(url, create=True)), list[int]()
    assert not studies.is_to_run("later")  # nothing was handed in yet, and no table is made
    monkeypatch.setattr(queue, "make_tables", lambda *given: (seen.append(1), make_tables(*given)))
    Queue(open_storage(url)).add(QueuedStudy("later", "anna", "{}", 2))
    seen.clear()
    assert [studies.is_to_run(name) for name in ("later", "other", "later")] == [True, False, True]
    assert seen == [1]
