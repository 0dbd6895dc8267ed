"""A real service and real drivers, really killed: the short form of `benchmarks/service_soak.py`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from benchmarks.service_soak import Soak
from benchmarks.starters import fresh_database
from search.service.states import State
from search.study.study import load_study

TRIALS = 150


@pytest.fixture(params=["sqlite", "postgresql"])
def soak(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Soak]:
    # However busy the machine is, a study does not end before it is killed.
    monkeypatch.setenv("SOAK_EPOCH_SECONDS", "0.02")
    server = os.environ.get("PERCEPTUNA_TEST_POSTGRESQL")
    if request.param == "postgresql" and server is None:
        pytest.skip("$PERCEPTUNA_TEST_POSTGRESQL names no server")
    with fresh_database(server) if request.param == "postgresql" else nullcontext() as url:
        soak = Soak(tmp_path / "service", tmp_path / "cache", TRIALS, url)
        soak.service.start()
        yield soak
        soak.service.end()
        assert soak.service.drivers() == {}


def until(condition: Callable[[], bool], soak: Soak, seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, soak.service.output.read_text()
        soak.watch(0)
        time.sleep(0.1)


@pytest.mark.slow
def test_a_study_goes_on_whatever_is_killed_and_has_one_driver_at_a_time(soak: Soak) -> None:
    def state() -> State:
        found = soak.queue.find("one")
        assert found is not None
        return found.state

    soak.hand_in("one", "anna")
    until(lambda: soak.ended_trials("one") > 5, soak)
    soak.service.kill()
    driver = soak.service.drivers()["one"]
    soak.service.start()
    assert soak.service.drivers()["one"] == driver  # it was taken over, not started again
    soak.ask("anna", "POST", "studies/one/pause")
    until(lambda: state() is State.PAUSED, soak)
    assert soak.service.drivers() == {}
    soak.ask("anna", "POST", "studies/one/resume")
    until(lambda: soak.ended_trials("one") > 20, soak)
    soak.kill_all()
    soak.service.start()
    until(lambda: "one" in soak.service.drivers(), soak)
    for one in soak.service.drivers()["one"]:
        one.kill()
    until(lambda: state() is State.FINISHED, soak)
    assert soak.found.wrong == []
    study = load_study("one", soak.url)
    assert len(study.finished()) == TRIALS
    assert all(trial.state.is_finished() for trial in study.trials())
    assert len({trial.original for trial in study.finished()}) == TRIALS
