"""Which worker a trial is given to, and what its loss means; with a cluster that only pretends."""

from __future__ import annotations

import errno
import logging
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from search.machine.lacking import is_out_of_memory, lacking
from search.settings.settings import StudySettings
from search.workers.cluster import ClusterWorkers, _Ended
from search.workers.dask_logs import silence_dask
from search.workers.messages import StudyJob, TrialOutcome, TrialTask
from search.workers.pool import WorkerLost
from search.workers.trial import OutOfMemory

JOB = StudyJob("one", "sqlite:///one.db", "val_accuracy", "{}", Path("data"), "fingerprint")
COMPLETE = TrialOutcome("complete", 1, 0.5)


def task(number: int) -> TrialTask:
    return TrialTask(JOB, number, number, "{}", 1, 1, seed=0, best=None)


class PretendedFuture(Future[Any]):
    def release(self) -> None:
        """As Dask's."""


class PretendedFleet:
    """Workers by address, and the client that reaches them. A restart takes effect when `restarted` is called."""

    run = "run"

    def __init__(self, *addresses: str) -> None:
        self.there = set(addresses)
        self.given: list[tuple[int, str, PretendedFuture]] = []
        self.asked_to_restart: list[str] = []

    def open(self) -> PretendedFleet:
        return self

    def close(self) -> None: ...

    def addresses(self) -> set[str]:
        return set(self.there)

    def subscribe_topic(self, *arguments: object) -> None: ...

    def submit(self, function: object, task: TrialTask, *rest: object, workers: list[str], pure: bool) -> Any:
        future = PretendedFuture()
        self.given.append((task.number, workers[0], future))
        return future

    def restart_workers(self, workers: list[str], **options: object) -> None:
        self.asked_to_restart += workers

    def given_to(self) -> list[tuple[int, str]]:
        return [(number, address) for number, address, _ in self.given]

    def end(self, number: int, resident: int = 0) -> None:
        future = next(future for given, _, future in self.given if given == number)
        future.set_result(_Ended(COMPLETE, resident))


def test_a_waiting_trial_never_goes_to_a_worker_that_is_being_replaced() -> None:
    """The grown worker was the only one that was free, its trial had just ended, and another trial waited."""
    fleet = PretendedFleet("a")
    with ClusterWorkers(fleet, lambda event: None, recycle_above=100) as workers:
        workers.submit(task(0))
        workers.submit(task(1))
        fleet.end(0, resident=200)
        assert [outcome for _, outcome in workers.collect(0.01)] == [COMPLETE]
        assert workers.collect(0.01) == []
        assert fleet.asked_to_restart == ["a"]
        assert fleet.given_to() == [(0, "a")]  # it is known still, and is on its way out
        fleet.there = {"b"}
        assert workers.collect(0.01) == []
        assert fleet.given_to() == [(0, "a"), (1, "b")]
        fleet.end(1)
        assert [outcome for _, outcome in workers.collect(0.01)] == [COMPLETE]


def test_a_loss_of_our_own_doing_is_no_lost_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is replaced later than it was asked to has been given a trial meanwhile."""
    fleet = PretendedFleet("a")
    with ClusterWorkers(fleet, lambda event: None, recycle_above=100) as workers:
        workers.submit(task(0))
        fleet.end(0, resident=200)
        workers.collect(0.01)
        monkeypatch.setattr("search.workers.cluster._RESTART_SECONDS", 0.0)
        workers.submit(task(1))
        assert fleet.given_to() == [(0, "a"), (1, "a")]
        fleet.there = {"b"}
        ((_, lost),) = workers.collect(0.01)
        assert lost == TrialOutcome("interrupted", reason="its worker was replaced")
        workers.submit(task(2))
        fleet.there = set()
        ((_, died),) = workers.collect(0.01)
        assert isinstance(died, WorkerLost)


def test_a_worker_at_the_address_of_a_replaced_one_can_die_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a cluster whose workers have ports of their own: else a trial that ends them would be run again for ever."""
    monkeypatch.setattr("search.workers.cluster._RESTART_SECONDS", 0.0)
    fleet, outcomes = PretendedFleet("a"), []
    with ClusterWorkers(fleet, lambda event: None, recycle_above=100) as workers:
        workers.submit(task(0))
        fleet.end(0, resident=200)
        workers.collect(0.01)
        for number in (1, 2):
            fleet.there = {"a"}
            workers.submit(task(number))
            fleet.there = set()
            outcomes += [outcome for _, outcome in workers.collect(0.01)]
    assert [type(outcome) for outcome in outcomes] == [TrialOutcome, WorkerLost]


def test_a_trial_without_memory_is_run_again_on_a_new_worker() -> None:
    fleet = PretendedFleet("a")
    with ClusterWorkers(fleet, lambda event: None) as workers:
        workers.submit(task(0))
        fleet.given[0][2].set_exception(OutOfMemory())
        ((_, lost),) = workers.collect(0.01)
        assert isinstance(lost, WorkerLost)
        assert str(lost) == "there was too little memory for it"
        workers.submit(task(1))
        assert fleet.asked_to_restart == ["a"]


def test_what_the_machine_refuses_is_told_from_what_a_trial_does_wrong() -> None:
    files = OSError(errno.EMFILE, "Too many open files", "/tmp/model.keras")
    wrapped = RuntimeError("worker failed to start")
    wrapped.__cause__ = files
    for error, remedy in (
        (files, "raise the limit of open files"),
        (wrapped, "raise the limit of open files"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "raise the limit of processes"),
        (RuntimeError("can't start new thread"), "raise the limit of processes"),
        (OSError("Unable to create file (No space left on device)"), "free some disk space"),
        (
            ImportError("libx.so: cannot open shared object file: Too many open files"),
            "raise the limit of open",
        ),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found"), "see that it is there"),
    ):
        assert remedy in (lacking(error) or ""), error
    unrelated = ValueError("shapes")
    unrelated.__context__, unrelated.__suppress_context__ = files, True  # raised `from None`
    for error in (unrelated, ImportError("no module"), RuntimeError("graph"), MemoryError()):
        assert lacking(error) is None
    assert lacking(files, known=True)
    assert lacking(FileNotFoundError(errno.ENOENT, "No such file"), known=True) is None
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(files)


def test_a_worker_runs_on_each_core_unless_the_settings_say_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 2, 5}, raising=False)
    assert StudySettings(data="digits").local_workers() == 3
    assert StudySettings(data="digits", workers=2).local_workers() == 2


def test_by_itself_no_more_workers_run_than_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(64)), raising=False)
    monkeypatch.setattr("search.settings.settings.total_memory", lambda: 8_000_000_000)
    assert StudySettings(data="digits").local_workers() == 8
    assert StudySettings(data="digits", workers=12).local_workers() == 12
    monkeypatch.setattr("search.settings.settings.total_memory", lambda: 500_000_000)
    assert StudySettings(data="digits").local_workers() == 1


def test_no_logger_of_dasks_prints() -> None:
    import distributed  # noqa: F401, its import gives distributed.client a level of its own

    logging.getLogger("distributed.worker.memory").setLevel(logging.DEBUG)
    silence_dask()
    for name in (
        "distributed",
        "distributed.client",
        "distributed.worker.memory",
        "tornado.application",
        "asyncio",
    ):
        assert not logging.getLogger(name).isEnabledFor(logging.CRITICAL)
