"""Reference models are fitted in a process that may be killed, runs out of time, or cannot be started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bundled_tables import bundled

from search.machine.time_limit import OutOfTime, computing_at_most
from search.references.job import Job, carry_out
from search.references.process import Fitting, Process
from search.references.record import NAMES, Reference, References


def job_on(folder: Path, task: str = "multiclass", **changes: object) -> Job:
    data = bundled(task).saved(folder)
    return Job.on_validation(data, NAMES, 0, None).model_copy(update=changes)


def collected(fitting: Fitting) -> list[Reference]:
    found: list[Reference] = []
    while fitting.left:
        found += fitting.collect()
        time.sleep(0.02)
    return found


class Scripted:
    """A process that has said `lines`, and has ended or not."""

    def __init__(self, lines: list[str], ended: str | None = None) -> None:
        self._said, self._ended, self.closed = "".join(lines).encode(), ended, False

    def read(self) -> bytes:
        said, self._said = self._said, b""
        return said

    def ended(self) -> str | None:
        return self._ended

    def close(self) -> None:
        self.closed = True


def scripted(*processes: Scripted) -> tuple[Callable[[Job], Process], list[tuple[str, ...]]]:
    """Starts these one after another; and what each was asked for."""
    asked: list[tuple[str, ...]] = []

    def start(job: Job) -> Process:
        asked.append(job.names)
        return processes[len(asked) - 1]

    return start, asked


def line(name: str) -> str:
    return Reference(name=name, metrics={"accuracy": 0.5}).model_dump_json() + "\n"


def test_all_are_fitted_in_another_process_as_they_are_in_this_one(tmp_path: Path) -> None:
    job, here = job_on(tmp_path), list[Reference]()
    found = collected(Fitting(job))
    carry_out(job, here.append)
    assert [one.name for one in found] == list(NAMES)
    for one, other in zip(found, here, strict=True):
        assert one.metrics == other.metrics
        assert one.seconds > 0
        assert one.reason is one.note is None


def test_row_scores_are_left_in_files(tmp_path: Path) -> None:
    found: list[Reference] = []
    job = job_on(tmp_path, names=("constant", "linear"), scores_of="accuracy", scores_into=tmp_path)
    carry_out(job, found.append)
    for one in found:
        file = job.scores_file(one.name)
        assert file is not None
        assert np.load(file).mean() == one.value("val_accuracy")


def test_what_is_killed_once_is_fitted_again_and_what_is_killed_twice_is_given_up() -> None:
    killed = "signal 9, Killed"
    start, asked = scripted(
        Scripted([line("constant")], killed), Scripted([], killed), Scripted([line("trees")], "exit code 0")
    )
    found = collected(Fitting(Job(folder="", x="", y="", names=NAMES, seed=0), start))
    assert asked == [NAMES, ("linear", "trees"), ("trees",)]
    assert [one.reason for one in found] == [None, "its process ended twice (signal 9, Killed)", None]


def test_half_a_line_is_waited_for() -> None:
    whole = line("constant")
    process = Scripted([whole[:7]])
    fitting = Fitting(Job(folder="", x="", y="", names=("constant",), seed=0), lambda job: process)
    assert fitting.collect() == []
    process._said = whole[7:].encode()
    assert [one.name for one in fitting.collect()] == ["constant"]
    assert process.closed


def test_a_process_that_cannot_be_started_is_a_reason() -> None:
    def start(job: Job) -> Process:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    found = Fitting(Job(folder="", x="", y="", names=NAMES, seed=0), start).collect()
    assert [one.name for one in found] == list(NAMES)
    assert all("no process could be started: " in str(one.reason) for one in found)


def test_data_that_is_gone_is_a_reason(tmp_path: Path) -> None:
    job = Job(folder=tmp_path, x=tmp_path, y=tmp_path, names=("constant",), seed=0)
    (found,) = collected(Fitting(job))
    assert str(found.reason).startswith("DataError: ")


def test_what_takes_too_long_or_too_much_memory_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Reference] = []
    carry_out(job_on(tmp_path, names=("trees",), seconds=0.01), found.append)

    def fit(*given: object) -> None:
        raise MemoryError

    monkeypatch.setattr("search.references.job.fit", fit)
    carry_out(job_on(tmp_path, names=("linear",)), found.append)
    carry_out(job_on(tmp_path, names=("linear",), memory_limit=1000), found.append)
    assert [one.reason for one in found] == [
        "not finished within 0 s of CPU time",
        "needs more memory than there is",
        "needs about 8 kB of memory, and may have 1 kB",
    ]
    assert signal.getitimer(signal.ITIMER_PROF)[0] == 0


def test_another_exception_that_the_end_of_the_time_became_is_told_as_that() -> None:
    """C code of NumPy that calls Python makes one of its own of whatever is raised there."""

    def work() -> None:
        try:
            while True:
                pass
        except OutOfTime:
            raise ValueError("not a valid buffer format string") from None

    with pytest.raises(OutOfTime), computing_at_most(0.05):
        work()


def test_the_process_ends_with_who_started_it(tmp_path: Path) -> None:
    """Its memory-mapped rows and an unfinished fit do not keep it."""
    job = job_on(tmp_path)
    code = (
        "import os, sys, time; from search.references import process, job\n"
        "one = process._ReferenceProcess(job.Job.model_validate_json(sys.argv[1]))\n"
        "print(one._process.pid, flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code, job.model_dump_json()], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if "State:\tZ" in Path(f"/proc/{pid}/status").read_text():  # nobody waits for it here
            return
        time.sleep(0.02)
    raise AssertionError


def test_the_process_loads_neither_tensorflow_nor_optuna() -> None:
    heavy = ("optuna", "tensorflow", "keras", "pandas", "rich", "sqlalchemy")
    code = f"import search.references.job, sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_record_survives_json_with_what_is_no_number() -> None:
    kept = References().having(Reference(name="trees", metrics={"r2": float("-inf")}))
    kept = kept.having(Reference(name="constant", metrics={"r2": 0.0}, seconds=0.5))
    again = References.model_validate_json(kept.model_dump_json())
    assert again == kept
    assert [one.name for one in again.models] == ["constant", "trees"]
    assert again.missing == ("linear",)
    assert again.having(Reference(name="trees", reason="why")).missing == ("linear", "trees")
