"""A driver that waits for its study: what it becomes, what it holds, and that it is never left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from search.service import drivers as the_drivers
from search.service.drivers import Drivers
from storage import StorageURL

# Says only that it waits: it loads nothing, starts no worker, and its trials cost nothing.
WAITING = "benchmarks.soak_waiting"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StorageURL:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return StorageURL.of_file(tmp_path / "studies.db")


@pytest.fixture
def drivers(url: StorageURL, tmp_path: Path) -> Iterator[Drivers]:
    drivers = Drivers(url, tmp_path / "service", "benchmarks.soak_driver", WAITING)
    yield drivers
    drivers.end(["one"], 30)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def waiting_process() -> psutil.Process:
    (found,) = [one for one in psutil.Process().children() if WAITING in one.cmdline()]
    return found


def test_the_one_that_waits_becomes_the_driver_of_the_next_study(drivers: Drivers) -> None:
    drivers.start_ahead()
    until(drivers.one_waits)
    waiting = waiting_process()
    config = drivers.folder("one") / "settings.toml"
    config.write_text('data = "digits"\nspace = "small"\nepochs = 4\ntrials = 5000\n')
    drivers.announce("one")
    assert drivers.start("one", ["run", "one", "--config", str(config), "--json"], 1)
    assert not drivers.one_waits()
    until(lambda: b"trial_ended" in drivers.events("one").path.read_bytes())
    assert waiting == waiting_process()
    # Whoever looks after it next knows it by its lease, and by whom to ask.
    next_service = Drivers(drivers._url, drivers._folder)
    assert next_service.lives("one")
    assert next_service.ask_to_end("one")
    until(lambda: not drivers.lives("one"))
    ended = drivers.ended("one")
    assert (ended.code, ended.ending) == (130, "interrupted")
    assert ended.trials > 0


def test_a_study_is_driven_though_the_one_that_waited_was_killed(drivers: Drivers) -> None:
    drivers.start_ahead()
    waiting = waiting_process()
    waiting.kill()
    until(lambda: waiting.status() == psutil.STATUS_ZOMBIE)
    assert drivers.start("one", ["--version"], 1)
    until(lambda: not drivers.lives("one"))
    assert drivers.ended("one").code == 0
    assert (drivers.folder("one") / "events.jsonl").read_text().startswith("perceptuna ")


def test_how_the_last_one_ended_tells_nothing_of_one_that_could_not_be_started(
    url: StorageURL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drivers = Drivers(url, tmp_path / "service", "benchmarks.soak_driver")
    assert drivers.start("one", ["--version"], 1)
    until(lambda: not drivers.lives("one"))
    assert drivers.ended("one").code == 0

    def refused(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "Popen", refused)
    with pytest.raises(OSError, match="memory"):
        drivers.start("one", ["--version"], 1)
    assert drivers.ended("one").code is None


def test_one_that_is_given_a_study_before_it_is_ready_begins_when_it_is(drivers: Drivers) -> None:
    drivers.start_ahead()
    waiting = waiting_process()
    assert drivers.start("one", ["resume", "nothing"], 1)
    assert waiting_process() == waiting
    until(lambda: not drivers.lives("one"))
    assert drivers.ended("one").code == 2
    assert "studies.db" in drivers.ended("one").said


def test_another_one_is_started_later_and_not_at_once_after_one_that_died(
    drivers: Drivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(the_drivers.time, "monotonic", lambda: now)
    started: list[float] = []

    class Pretended:
        def __init__(self, *given: object) -> None:
            started.append(now)
            self.alive = True

        def lives(self) -> bool:
            return self.alive

        def give(self, words: object, files: object) -> subprocess.Popen[bytes]:
            return subprocess.Popen(["true"])

        def end(self) -> None:
            self.alive = False

    monkeypatch.setattr(the_drivers, "WaitingDriver", Pretended)

    def at(seconds: float) -> list[float]:
        nonlocal now
        now = 1000 + seconds
        drivers.start_ahead()
        return [one - 1000 for one in started]

    assert at(0) == [0]
    assert at(100) == [0]
    drivers.start("one", ["--version"], 1)
    assert at(104) == [0]
    assert at(105) == [0, 105]
    drivers._waiting.alive = False  # type: ignore[union-attr]
    assert at(164) == [0, 105]
    assert at(165) == [0, 105, 165]


def test_a_service_without_one_starts_none(url: StorageURL, tmp_path: Path) -> None:
    drivers, before = Drivers(url, tmp_path / "service"), psutil.Process().children()
    drivers.start_ahead()
    assert not drivers.one_waits()
    assert psutil.Process().children() == before


def test_the_one_that_waits_ends_with_its_service_however_that_ends(url: StorageURL, tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from search.service.drivers import Drivers\n"
        "from storage import StorageURL\n"
        "drivers = Drivers(StorageURL.parse(sys.argv[1]), Path(sys.argv[2]), waiting=sys.argv[3])\n"
        "drivers.start_ahead(); print(drivers._waiting._process.pid, flush=True)\n"
        "while not drivers.one_waits(): time.sleep(0.05)\n"
        "print('ready', flush=True); sys.stdin.read(); drivers.end([], 0)\n"
    )
    words = [sys.executable, "-c", script, url.full, str(tmp_path / "service"), WAITING]
    for end in (signal.SIGKILL, None):
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as service:
            assert service.stdout is not None
            waiting = psutil.Process(int(service.stdout.readline()))
            assert service.stdout.readline() == "ready\n"
            if end is None:
                service.communicate()
            else:
                service.send_signal(end)
        until(lambda one=waiting: not one.is_running() or one.status() == psutil.STATUS_ZOMBIE)  # type: ignore[misc]


def test_what_a_driver_said_names_an_upload_as_users_do(url: StorageURL, tmp_path: Path) -> None:
    drivers = Drivers(url, tmp_path / "service")
    path = tmp_path / "service" / "uploads" / "anna" / "0a1b.csv"
    (drivers.folder("one") / "log.txt").write_text(f"perceptuna: {path} has no column 'b'\n")
    assert drivers.ended("one").said == "upload:0a1b.csv has no column 'b'"
