"""What the benchmark of the service's answers asks, and how it counts; by a service in this process."""

from __future__ import annotations

import os
import time

from service_fakes import Team, made_study

from benchmarks.service_latency import ASKED, RUNNING, Took, User, cpu_ms, described, rows_of
from search.service.queue import QueuedStudy
from search.service.states import State


def test_all_that_is_asked_is_answered_and_counted(team: Team) -> None:
    team.service.supervisor.looked = time.monotonic() + 3600  # as one that looks after studies
    names = [f"rests-{number}" for number in range(3)]
    for name in (*names, *RUNNING):
        made_study(team.service, name, [0.5 + number / 100 for number in range(8)], trials=9)
        state = State.RUNNING if name in RUNNING else State.FINISHED
        assert team.service.queue.add(QueuedStudy(name, "anna", "{}", 9, state=state))
    assert team.anna.token is not None
    user = User(os.getpid(), team.anna.port, team.anna.token, names, 0)
    for asked in ASKED:
        user.ask(asked)
    rows = rows_of(user.took)
    assert [row["asked"] for row in rows] == [*ASKED, "all"]
    assert rows[-1]["n"] == len(ASKED)
    assert all(0 < row["median_cpu_ms"] <= row["most_cpu_ms"] for row in rows)


def test_percentiles_are_of_what_was_measured() -> None:
    row = described("one", [Took("one", float(ms), ms / 2) for ms in range(100, 0, -1)])
    assert (row["n"], row["median_ms"], row["p95_ms"], row["most_ms"]) == (100, 50.5, 95.0, 100.0)
    assert (row["p95_cpu_ms"], row["most_cpu_ms"]) == (47.5, 50.0)
    assert described("one", [Took("one", 3.0, 1.0)])["p95_ms"] == 3.0
    before = cpu_ms(os.getpid())
    assert sum(range(10**6)) > 0
    assert cpu_ms(os.getpid()) > before
