"""A worker that was started ahead, and the study that takes it over."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from search.workers import ready
from search.workers.local import LocalWorkers
from search.workers.local_pool import LocalPool


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    yield
    ready.end()


def quiet(remark: object) -> None:
    del remark


def test_the_ready_worker_trains_while_those_beside_it_start() -> None:
    ready.start_ahead()
    with ready.rehearsing():
        rehearsed = ready.local_workers(2, 1, None, quiet)
        (first,) = rehearsed.processes
        run = rehearsed.run
        rehearsed.close()  # as a driver does at its end
    workers = ready.local_workers(2, 1, None, quiet)
    assert workers is rehearsed
    assert workers.run != run
    with LocalPool(workers, quiet) as pool:
        assert workers.processes == [first]
        deadline = time.monotonic() + 120
        while pool.slots < 2:
            assert time.monotonic() < deadline
            pool.collect(0.1)
        assert first in workers.processes
    assert first.is_gone()


def test_one_that_is_not_as_the_study_needs_it_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[LocalWorkers] = []
    monkeypatch.setattr(LocalWorkers, "close", lambda workers: closed.append(workers))
    for threads, limit in ((2, None), (1, 10**9)):
        there = LocalWorkers(1, 1)
        monkeypatch.setattr(ready, "_ready", there)
        workers = ready.local_workers(3, threads, limit, quiet)
        assert closed.pop() is there
        assert (workers.count, workers._threads, workers._memory_limit) == (3, threads, limit)
    assert ready.local_workers(3, 1, None, quiet) is not there
