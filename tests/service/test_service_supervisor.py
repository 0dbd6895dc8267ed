"""What the supervisor decides, with drivers that only pretend and a study that is really there."""

from __future__ import annotations

import errno
import threading
import tomllib
from pathlib import Path

import pytest
from service_fakes import PretendedDrivers, made_service, made_study

from search.service.queue import Queue, QueuedStudy
from search.service.service import Service
from search.service.states import State
from search.service.supervisor import Supervisor
from search.study.study_record import keep_study_facts
from storage import StorageError, study_lock


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return made_service(tmp_path)


@pytest.fixture
def drivers(service: Service) -> PretendedDrivers:
    assert isinstance(service.drivers, PretendedDrivers)
    return service.drivers


def handed_in(queue: Queue, name: str, owner: str = "anna", **more: object) -> None:
    settings = '{"data": "digits", "known": false, "target": "a \\"b\\" \\u007f", "drop": ["x", "y"]}'
    assert queue.add(QueuedStudy(name, owner, settings, 10, **more))  # type: ignore[arg-type]


def stands(service: Service, name: str) -> tuple[State, State | None, int]:
    found = service.queue.find(name)
    assert found is not None
    return found.state, found.then, found.slots


def test_a_study_is_started_with_its_settings_and_slots(service: Service, drivers: PretendedDrivers) -> None:
    handed_in(service.queue, "one", timeout=90.0)
    service.supervisor.look()
    assert stands(service, "one") == (State.RUNNING, None, 2)
    config = drivers.folder("one") / "settings.toml"
    given = {"data": "digits", "known": False, "target": 'a "b" \x7f', "drop": ["x", "y"], "trials": 10}
    assert tomllib.loads(config.read_text()) == given
    assert drivers.running["one"] == [
        *("run", "one", "--config", str(config), "--workers", "2", "--json", "--timeout", "90s")
    ]


def test_a_driver_that_dies_is_started_again_and_not_for_ever(
    service: Service, drivers: PretendedDrivers
) -> None:
    now = 1000.0
    supervisor = Supervisor(service.url, service.storage, service.queue, drivers, 2, clock=lambda: now)
    handed_in(service.queue, "one")
    for _ in range(3):
        supervisor.look()
        assert stands(service, "one")[0] is State.RUNNING
        drivers.end("one", -9)
        supervisor.look()
        now += 100.0
    found = service.queue.find("one")
    assert found is not None
    assert found.state is State.FAILED
    assert found.reason == "its driver ended 3 times before a trial did"


def test_drivers_that_die_after_trials_ended_are_started_for_ever(
    service: Service, drivers: PretendedDrivers
) -> None:
    handed_in(service.queue, "one")
    for _ in range(5):
        service.supervisor.look()
        drivers.end("one", -9, trials=1)
    service.supervisor.look()
    assert stands(service, "one")[0] is State.RUNNING


@pytest.mark.parametrize(
    ("code", "ending", "state"),
    [
        (2, None, State.FAILED),
        (1, None, State.FAILED),
        (0, "timeout", State.FINISHED),
        (130, "interrupted", State.RUNNING),
    ],
)
def test_what_follows_when_a_driver_has_ended(
    service: Service, drivers: PretendedDrivers, code: int, ending: str | None, state: State
) -> None:
    handed_in(service.queue, "one")
    service.supervisor.look()
    drivers.end("one", code, ending, said="--target: no such column")
    service.supervisor.look()
    found = service.queue.find("one")
    assert found is not None
    assert found.state is state
    if state is State.FAILED:
        assert found.reason == "--target: no such column"


def test_a_paused_study_ends_at_its_next_epoch_and_waits(service: Service, drivers: PretendedDrivers) -> None:
    handed_in(service.queue, "one")
    service.supervisor.look()
    service.queue.move("one", [State.RUNNING], State.PAUSING, State.PAUSED)
    service.supervisor.look()
    assert drivers.asked == ["one"]
    drivers.end("one", 130, "interrupted")
    service.supervisor.look()
    service.supervisor.look()
    assert stands(service, "one") == (State.PAUSED, None, 0)
    assert "one" not in drivers.running


def test_a_driver_of_an_earlier_service_hears_what_perceptuna_stop_says(
    service: Service, drivers: PretendedDrivers
) -> None:
    study = made_study(service, "one", [0.5], trials=5)
    handed_in(service.queue, "one")
    service.supervisor.look()
    assert drivers.running["one"][:4] == ["resume", "one", "--trials", "10"]
    drivers.ours = False
    service.queue.move("one", [State.RUNNING], State.PAUSING, State.PAUSED)
    service.supervisor.look()
    assert not study.record.stop_requested  # it has not begun to drive
    with study_lock(service.url, "one"):
        service.supervisor.look()
    assert study.record.stop_requested


def test_perceptuna_stop_stops_a_study_of_the_service(service: Service, drivers: PretendedDrivers) -> None:
    study = made_study(service, "one", [0.5], trials=5)
    handed_in(service.queue, "one")
    service.supervisor.look()
    keep_study_facts(study.optuna, {"stop_requested": True})
    drivers.end("one", 130, "interrupted")
    service.supervisor.look()
    assert stands(service, "one") == (State.STOPPED, None, 0)


def test_a_study_gives_slots_back_to_who_waits_and_goes_on_with_fewer(
    service: Service, drivers: PretendedDrivers
) -> None:
    handed_in(service.queue, "one")
    service.supervisor.look()
    handed_in(service.queue, "two", "ben")
    service.supervisor.look()
    assert stands(service, "one") == (State.PAUSING, State.QUEUED, 2)
    assert stands(service, "two") == (State.QUEUED, None, 0)
    service.supervisor.look()
    drivers.end("one", 130, "interrupted")
    service.supervisor.look()
    assert stands(service, "one") == (State.RUNNING, None, 1)
    assert stands(service, "two") == (State.RUNNING, None, 1)


def test_an_urgent_study_takes_the_place_of_another(service: Service, drivers: PretendedDrivers) -> None:
    for name in ("one", "two"):
        handed_in(service.queue, name)
    service.supervisor.look()
    handed_in(service.queue, "urgent", "ben", priority=5)
    service.supervisor.look()
    drivers.end("two", 130, "interrupted")
    service.supervisor.look()
    assert stands(service, "one") == (State.RUNNING, None, 1)
    assert stands(service, "two") == (State.QUEUED, None, 0)
    assert stands(service, "urgent") == (State.RUNNING, None, 1)


def test_slots_that_stay_free_go_to_a_study_that_can_use_them(
    service: Service, drivers: PretendedDrivers
) -> None:
    now = 1000.0
    supervisor = Supervisor(service.url, service.storage, service.queue, drivers, 2, clock=lambda: now)
    handed_in(service.queue, "one")
    handed_in(service.queue, "two", "ben")
    supervisor.look()
    drivers.end("two", 0, "timeout")
    supervisor.look()
    assert stands(service, "one") == (State.RUNNING, None, 1)
    now += 100.0
    supervisor.look()
    assert stands(service, "one") == (State.PAUSING, State.QUEUED, 1)


def test_a_study_that_a_shell_drives_is_left_alone(service: Service, drivers: PretendedDrivers) -> None:
    handed_in(service.queue, "one")
    with study_lock(service.url, "one"):
        service.supervisor.look()
        found = service.queue.find("one")
        assert found is not None
        assert (found.state, found.reason) == (State.QUEUED, "it is driven by somebody else")
    assert drivers.running == {}


def test_a_time_limit_counts_over_all_starts(service: Service, drivers: PretendedDrivers) -> None:
    handed_in(service.queue, "over", timeout=100.0, ran=100.5)
    handed_in(service.queue, "one", timeout=100.0, ran=70.0)
    service.supervisor.look()
    assert drivers.running.keys() == {"one"}
    assert drivers.running["one"][-2:] == ["--timeout", "30s"]
    found = service.queue.find("over")
    assert found is not None
    assert (found.state, found.reason) == (State.FINISHED, "its time is up")


def test_what_was_asked_while_a_driver_ended_is_not_lost(service: Service, drivers: PretendedDrivers) -> None:
    handed_in(service.queue, "one")
    service.supervisor.look()
    before = service.queue.find("one")
    assert before is not None
    service.queue.move("one", [State.RUNNING], State.STOPPING, State.STOPPED)
    assert not service.queue.settle(before, State.QUEUED)
    drivers.end("one", -15)
    service.supervisor.look()
    assert stands(service, "one") == (State.STOPPED, None, 0)


def test_a_fault_is_waited_out_and_a_bug_ends_the_service(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[Exception] = [
        StorageError("full"),
        ValueError("once"),
        StorageError("full"),
        *[ValueError("bug")] * 3,
    ]
    said: list[str] = []
    supervisor = Supervisor(service.url, service.storage, service.queue, service.drivers, 2, said.append)

    def look() -> None:
        if not faults:
            ended.set()
            return
        raise faults.pop(0)

    ended = threading.Event()
    monkeypatch.setattr(supervisor, "look", look)
    monkeypatch.setattr(ended, "wait", lambda seconds: None)
    with pytest.raises(ValueError, match="bug"):
        supervisor.run(ended)
    assert faults == []
    assert said[0] == "full; trying again"


def test_a_driver_that_cannot_be_started_is_tried_again_later(
    service: Service, drivers: PretendedDrivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*given: object) -> bool:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    handed_in(service.queue, "one")
    monkeypatch.setattr(drivers, "start", none)
    service.supervisor.look()
    service.supervisor.look()
    found = service.queue.find("one")
    assert found is not None
    assert (found.state, found.failures) == (State.QUEUED, 1)
