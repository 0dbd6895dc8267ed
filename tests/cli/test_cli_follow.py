"""`perceptuna follow`: a study that another process drives, in a pipe and in a terminal."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_calls import CommandLine, build_study, complete_trials
from optuna.trial import TrialState
from rich.console import Console

from search.analysis.facts.following import Followed, progress_from_json, progress_json, progress_of
from search.commands import following
from search.service.queue import Queue, QueuedStudy
from search.service.states import State
from search.study.study import Study, load_study
from storage import StorageURL, open_storage, study_lock

URL = "perceptuna.db"


@pytest.fixture
def running(perceptuna: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    """One trial ended, one runs; whoever looks a second time finds that the last one has ended too."""
    study = build_study(StorageURL.parse(URL), tmp_path / "cache", "far", [0.9], trials=2, epochs=7)
    trial = study.optuna.ask()
    study.space.suggest(trial)
    trial.report(0.8, 1)
    trial.report(0.85, 2)
    lock = study_lock(study.url, study.name)
    lock.acquire()

    def sleep(seconds: float) -> None:
        del seconds
        if not lock.holder():
            return
        study.optuna.tell(trial, state=TrialState.FAIL)
        study.optuna.add_trials(complete_trials(study.space, [0.93]))
        lock.release()

    monkeypatch.setattr(following.time, "sleep", sleep)
    yield study
    lock.release()


def test_lines_are_told_until_the_study_is_over(running: Study, perceptuna: CommandLine) -> None:
    out = perceptuna.done("follow", "far").out
    assert "trial 2 complete: val_accuracy 0.9300" in out
    assert "| best 0.9300 (trial 2) |" in out
    assert "confirm: perceptuna finalize far" in out


def test_programs_are_told_json(running: Study, perceptuna: CommandLine) -> None:
    told = [json.loads(line) for line in perceptuna.done("follow", "far", "--json").out.splitlines()]
    assert [one["event"] for one in told] == ["trial_started", "trial_ended", "trial_ended", "budget"]
    assert [one.get("finished") for one in told[1:3]] == [2, 3]


def test_a_trial_that_waited_is_told_when_it_begins_and_is_drawn(running: Study) -> None:
    def now() -> Study:
        return load_study(running.name, running.url)

    running.optuna.enqueue_trial({})
    followed = Followed(now())
    begun = running.optuna.ask()
    assert followed.changes(now()) == []
    assert begun.number not in progress_of(now(), 2).running
    running.space.suggest(begun)
    told = followed.changes(now())
    assert [(one["event"], one["trial"]) for one in told] == [("trial_started", begun.number)]
    assert begun.number in progress_of(now(), 2).running


def test_a_terminal_has_the_table(
    running: Study, perceptuna: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    monkeypatch.setattr(following, "console", lambda: screen)
    perceptuna.done("follow", "far")
    assert isinstance(screen.file, io.StringIO)
    drawn = screen.file.getvalue()
    assert "1/2" in drawn
    assert "2/7" in drawn  # the running trial's epoch
    assert "0.9300 (trial 2)" in drawn


def test_ctrl_c_leaves_it_running(
    running: Study, perceptuna: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(following.time, "sleep", interrupted)
    outcome = perceptuna("follow", "far")
    assert (outcome.code, outcome.err) == (
        130,
        "perceptuna: study 'far' goes on; follow it again with: perceptuna follow far\n",
    )


def test_a_study_that_a_service_is_going_to_run_is_waited_for(
    perceptuna: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = build_study(StorageURL.parse(URL), tmp_path / "cache", "waits", [], trials=2)
    queue = Queue(open_storage(study.url))
    assert queue.add(QueuedStudy("waits", "anna", "{}", 2))
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        queue.move("waits", [State.QUEUED], State.CANCELLED)

    monkeypatch.setattr(following.time, "sleep", sleep)
    outcome = perceptuna("follow", "waits")
    assert looks == [1.0]
    assert (outcome.code, outcome.err) == (
        1,
        "perceptuna: study 'waits' has no complete trial; go on with: perceptuna resume waits\n",
    )
    assert "no study 'gone'" in perceptuna("follow", "gone").err


def test_progress_is_the_same_on_another_machine(running: Study) -> None:
    here = progress_of(running, 2)
    there = progress_from_json(json.loads(json.dumps(progress_json(here))))
    assert (there.finished, there.best, there.workers, there.states) == (1, 0.9, 2, {"complete": 1})
    assert (there.running[1].epoch, there.running[1].value) == (2, 0.85)
    assert there.running[1].begun == pytest.approx(here.running[1].begun, abs=0.5)
    assert there.references == here.references
