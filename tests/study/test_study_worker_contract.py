"""What every pool of worker processes keeps to, here and on a Dask cluster: real processes, made-up trials."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dask_cluster import DaskCluster

from search.data import PreparedData
from search.workers.cluster import ClusterWorkers
from search.workers.joining import Needs, this_machine
from search.workers.local import LocalWorkers
from search.workers.local_pool import LocalPool
from search.workers.messages import EpochEvent, StudyJob, TrialOutcome, TrialTask
from search.workers.pool import TrialWorkers, WorkerLost
from search.workers.remote import ExistingCluster
from storage import StorageURL
from storage.errors import StorageError

HERE = Path(__file__).parent
PATIENCE = 120.0
# Bytes: every worker is above the one, none above the other.
RECYCLE_ALWAYS, RECYCLE_NEVER = 1, None

numbers = iter(range(1000))


def task(what: str = "epochs", epochs: int = 3) -> TrialTask:
    job = StudyJob("one", "sqlite:///one.db", "val_accuracy", "{}", Path("data"), "fingerprint", run="now")
    number = next(numbers)
    return TrialTask(job, number, number, what, epochs, 1, seed=0, best=None)


def ended(workers: TrialWorkers) -> list[tuple[TrialTask, TrialOutcome | WorkerLost]]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := workers.collect(0.5):
            return found
    raise AssertionError("no trial ended")


def process_of(workers: TrialWorkers) -> int:
    """Of the one worker, which trains a trial for that."""
    one = task()
    workers.submit(one)
    ((found, outcome),) = ended(workers)
    assert found is one
    assert isinstance(outcome, TrialOutcome), outcome
    return int(outcome.facts["process"])


def begun(workers: TrialWorkers, heard: list[EpochEvent], one: TrialTask) -> TrialTask:
    """`one`, which runs now."""
    workers.submit(one)
    until = time.monotonic() + PATIENCE
    while not any(event.number == one.number for event in heard):
        assert time.monotonic() < until
        assert workers.collect(0.1) == []
    return one


Open = Callable[..., TrialWorkers]


@pytest.fixture
def heard() -> list[EpochEvent]:
    return []


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    started = DaskCluster(tmp_path_factory.mktemp("contract"))
    started.worker("--preload", str(HERE / "pretending_worker.py")).until("Registered to")
    yield started
    started.close()


@pytest.fixture(params=["this machine", pytest.param("cluster", marks=pytest.mark.slow)])
def opened(
    request: pytest.FixtureRequest,
    heard: list[EpochEvent],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Open:
    """One worker, not yet started."""

    def here(**limits: int | None) -> TrialWorkers:
        monkeypatch.setenv("PYTHONPATH", str(HERE))
        return LocalPool(LocalWorkers(1, 1, module="pretending_worker"), heard.append, **limits)

    def there(**limits: int | None) -> TrialWorkers:
        data: PreparedData = request.getfixturevalue("digits")
        url = StorageURL.parse(str(tmp_path / "studies.db"))
        needs = Needs("now", url.full, this_machine(), data.folder, data.spec.fingerprint)
        address = request.getfixturevalue("cluster").address
        return ClusterWorkers(ExistingCluster(address, needs, print, "go on"), heard.append, **limits)

    return here if request.param == "this machine" else there


def test_epochs_are_heard_in_order_and_then_how_the_trial_ended(
    opened: Open, heard: list[EpochEvent]
) -> None:
    with opened() as workers:
        first, second = task(epochs=2), task(epochs=1)
        workers.submit(first)
        workers.submit(second)
        found = ended(workers)
        while len(found) < 2:
            found += ended(workers)
        assert workers.slots == 1
    assert [(one, outcome.state) for one, outcome in found if isinstance(outcome, TrialOutcome)] == [
        (first, "complete"),
        (second, "complete"),
    ]
    told = [(event.number, event.epoch) for event in heard]
    assert told == [(first.number, 1), (first.number, 2), (second.number, 1)]


def test_a_killed_worker_is_replaced_and_its_trial_is_lost(opened: Open) -> None:
    with opened() as workers:
        before = process_of(workers)
        dying = task("die")
        workers.submit(dying)
        ((found, lost),) = ended(workers)
        assert found is dying
        assert isinstance(lost, WorkerLost)
        assert str(lost) == "its worker died"
        assert process_of(workers) != before


def test_a_stuck_worker_is_ended_and_keeps_nobody_waiting(opened: Open, heard: list[EpochEvent]) -> None:
    with opened() as workers:
        process = process_of(workers)
        stuck = begun(workers, heard, task("hang"))
        os.kill(process, signal.SIGSTOP)
        started = time.monotonic()
        workers.stop_trials()
        workers.end(stuck)
        ((found, lost),) = ended(workers)
        assert time.monotonic() - started < 60
        assert found is stuck
        assert isinstance(lost, WorkerLost)
        assert process_of(workers) != process


def test_trials_that_are_stopped_end_at_their_next_epoch_and_those_that_wait_at_once(
    opened: Open, heard: list[EpochEvent]
) -> None:
    with opened() as workers:
        running = begun(workers, heard, task("endless"))
        waiting = task()
        workers.submit(waiting)
        workers.stop_trials()
        found = ended(workers)
        while len(found) < 2:
            found += ended(workers)
    outcomes = {one.number: outcome for one, outcome in found if isinstance(outcome, TrialOutcome)}
    assert {number: outcome.state for number, outcome in outcomes.items()} == {
        running.number: "interrupted",
        waiting.number: "interrupted",
    }
    assert outcomes[running.number].epochs > 0
    assert outcomes[waiting.number].epochs == 0


def test_a_worker_without_memory_is_replaced_and_says_so(opened: Open) -> None:
    with opened() as workers:
        before = process_of(workers)
        workers.submit(task("no memory"))
        ((_, lost),) = ended(workers)
        assert isinstance(lost, WorkerLost)
        assert str(lost) == "there was too little memory for it"
        assert process_of(workers) != before


def test_a_grown_worker_is_replaced_before_its_next_trial(opened: Open) -> None:
    with opened(recycle_above=RECYCLE_ALWAYS) as workers:
        assert process_of(workers) != process_of(workers)
    with opened(recycle_above=RECYCLE_NEVER) as workers:
        assert process_of(workers) == process_of(workers)


def test_what_is_no_fault_of_the_trial_is_raised(opened: Open) -> None:
    with opened() as workers:
        workers.submit(task("fault"))
        with pytest.raises(StorageError, match="the database is gone"):
            ended(workers)
