"""Worker processes of this machine: how they begin, what they inherit, and that none is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from resource import RLIM_INFINITY

import psutil
import pytest
from test_study_worker_contract import PATIENCE, begun, ended, process_of, task

import search.workers.local
import search.workers.worker_process
from search.errors import MachineFault
from search.workers.local import LocalWorkers, _check_open_files
from search.workers.local_pool import LocalPool
from search.workers.messages import EpochEvent, TrialOutcome
from search.workers.pool import WorkerLost

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def pretending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))


def workers_here(count: int = 1, memory_limit: int | None = None) -> LocalWorkers:
    return LocalWorkers(count, 1, memory_limit, module="pretending_worker")


@pytest.fixture
def pool() -> Iterator[LocalPool]:
    with LocalPool(workers_here(), lambda event: None) as workers:
        yield workers


def signals_held(pid: int, field: str = "SigBlk") -> set[int]:
    mask = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if field in line)
    bits = int(mask.split()[1], 16)
    return {number for number in range(1, 32) if bits >> (number - 1) & 1}


def test_nobody_can_reach_a_worker_and_a_terminals_signals_are_the_drivers(pool: LocalPool) -> None:
    worker = psutil.Process(process_of(pool))
    assert worker.net_connections("inet") == []
    held = signals_held(worker.pid)
    assert {signal.SIGINT, signal.SIGHUP} <= held
    assert signal.SIGTERM not in held
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_worker_that_dies_while_it_starts_is_replaced_too() -> None:
    with LocalPool(workers_here(), lambda event: None) as workers:
        (first,) = workers._here.processes
        first._process.kill()
        assert process_of(workers) != first.pid
        assert workers.slots == 1


def test_a_worker_above_its_limit_ends_and_costs_its_trial_alone() -> None:
    with LocalPool(workers_here(memory_limit=500_000_000), lambda event: None) as workers:
        grown = task("grow")
        workers.submit(grown)
        ((found, lost),) = ended(workers)
        assert found is grown
        assert isinstance(lost, WorkerLost)
        process_of(workers)


def test_no_more_trials_run_at_once_than_were_asked_for() -> None:
    heard: list[EpochEvent] = []
    with LocalPool(workers_here(2), heard.append, most=1) as workers:
        begun(workers, heard, task("endless"))
        until = time.monotonic() + PATIENCE
        while sum(one.is_ready for one in workers._here.processes) < 2:
            assert time.monotonic() < until
            workers.collect(0.1)
        assert workers.slots == 1


def test_workers_are_started_though_the_current_folder_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with LocalPool(workers_here(), lambda event: None) as workers:
        process_of(workers)


def test_what_a_worker_prints_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with LocalPool(workers_here(), lambda event: None) as workers:
        workers.submit(task("say"))
        ((_, outcome),) = ended(workers)
        assert isinstance(outcome, TrialOutcome)
    assert capfd.readouterr().out == "said by a worker\n"


def test_workers_that_are_closed_are_gone_though_one_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search.workers.worker_process, "_END_SECONDS", 1.0)
    heard: list[EpochEvent] = []
    here = workers_here(2)
    with LocalPool(here, heard.append) as workers:
        begun(workers, heard, task("endless"))
        processes = [one._process for one in here.processes]
        os.kill(processes[0].pid, signal.SIGSTOP)
    assert all(one.poll() is not None for one in processes)
    assert here.processes == []
    here.close()


DRIVER = """
import os, sys, time
sys.path.append(sys.argv[1])
from search.workers.local_pool import LocalPool
from test_study_worker_contract import begun, task
from search.workers.local import LocalWorkers
heard = []
with LocalPool(LocalWorkers(2, 1, module="pretending_worker"), heard.append) as workers:
    begun(workers, heard, task(sys.argv[2]))
    print(*[one.pid for one in workers._here.processes], flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("what", ["endless", "hang"])
def test_workers_end_with_their_driver_whatever_they_do(what: str) -> None:
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(HERE), what], stdout=subprocess.PIPE, text=True
    )
    assert driver.stdout is not None
    with driver.stdout:
        workers = [psutil.Process(int(pid)) for pid in driver.stdout.readline().split()]
    assert len(workers) == 2
    driver.kill()
    driver.wait()
    assert psutil.wait_procs(workers, timeout=30)[1] == []


def test_where_none_can_begin_it_is_told_and_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search.workers.local, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(search.workers.local, "_START_TRIES", 2)
    with (
        LocalPool(LocalWorkers(1, 1, module="no_such_module"), lambda event: None) as workers,
        pytest.raises(MachineFault, match=r"no worker could be started .* what `ulimit -a` allows"),
    ):
        ended(workers)


def test_too_few_open_files_are_told_before_a_worker_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr("resource.setrlimit", lambda which, limits: asked.append(limits))
    monkeypatch.setattr("resource.getrlimit", lambda which: (32, 32))
    with pytest.raises(
        MachineFault, match=r"2 workers need 72 open files, and this process may have 32; raise"
    ):
        LocalWorkers(2, 1).open()
    assert asked == []
    monkeypatch.setattr("resource.getrlimit", lambda which: (32, 4096))
    _check_open_files(2)
    assert asked == [(72, 4096)]  # as far as the system lets
    monkeypatch.setattr("resource.getrlimit", lambda which: (RLIM_INFINITY, RLIM_INFINITY))
    _check_open_files(2)
    assert asked == [(72, 4096)]
