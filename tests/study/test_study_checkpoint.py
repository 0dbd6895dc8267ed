"""Trials that were interrupted go on from their last epoch, and end as in an undisturbed study; really trained here."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState
from rich.console import Console
from study_fakes import SPACE, FakeWorkers, Killed, killed_before

import search.workers.trial
from search.analysis.terminal.lines import PlainLines
from search.analysis.terminal.trial import trial_json, trial_view
from search.data import PreparedData
from search.driving.asking import attach_search
from search.driving.dispatcher import Dispatcher
from search.driving.driver import Driver
from search.driving.progress import Progress
from search.driving.recovery import recover
from search.models.replay import retrain
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.history import history_of
from search.study.left_off import LeftOff
from search.study.study import Study, delete_study, load_study
from search.study.trial_record import TrialRecord
from search.workers.messages import EpochEvent, StudyJob, TrialOutcome, TrialTask
from search.workers.pool import WorkerLost
from search.workers.trial import request_stop, run_trial
from storage import StorageURL
from storage.artifacts import study_artifacts

SETTINGS = StudySettings(
    data="digits", trials=5, epochs=6, sampler="tpe", pruner="asha", seed=11, known=False
)
Play = Callable[[TrialTask], "TrialOutcome | WorkerLost"]


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # TensorFlow takes its number of threads once, and other tests of this process have used it.
    monkeypatch.setattr("search.machine.tensorflow_start.start_tensorflow", lambda threads: None)
    yield
    search.workers.trial._open_worker.cache_clear()
    search.workers.trial._stopped.clear()


@pytest.fixture
def begin(tmp_path: Path, digits: PreparedData) -> Callable[..., Study]:
    def make(folder: str, settings: StudySettings = SETTINGS) -> Study:
        (tmp_path / folder).mkdir()
        url = StorageURL.parse(str(tmp_path / folder / "studies.db"))
        return create_study("one", url, settings, SPACE, digits.spec)

    return make


def drive(study: Study, data: PreparedData, play: Play, lines: list[str] | None = None) -> FakeWorkers:
    """By real trainings in this process, one after the other."""
    study = load_study("one", study.url)
    recover(study)
    settings = study.settings.model_dump_json()
    job = StudyJob("one", study.url.full, study.metric, settings, data.folder, data.spec.fingerprint)
    searched = attach_search(load_study(study.name, study.url))
    workers: Any = FakeWorkers(1, play)
    said = PlainLines((lines if lines is not None else []).append)
    Driver(searched, job, workers, Dispatcher(Progress.of(searched), said)).run()
    tasks: FakeWorkers = workers
    return tasks


def interrupted_after(*epochs: int) -> Play:
    """Each attempt is interrupted after the next of `epochs` that lies before it; the others run to their ends."""
    left = list(epochs)

    def play(task: TrialTask) -> TrialOutcome:
        at = left.pop(0) if left else 0
        search.workers.trial._stopped.clear()
        return run_trial(
            task, lambda event: request_stop("") if event.epoch == at and not event.again else None
        )

    return play


def ended(study: Study) -> dict[int, tuple[Any, ...]]:
    """All that an end should not show the interruptions of, by the trial's original number."""
    study = load_study("one", study.url)

    def facts(trial: TrialRecord) -> tuple[Any, ...]:
        reported = dict(trial.intermediate_values)
        stop = trial.stop.text() if trial.stop else None
        kept = trial.epochs, trial.best_epoch, stop, trial.at_best("accuracy"), trial.at_best("gap")
        return trial.state, trial.params, trial.value, reported, *kept, trial.rungs, history_of(study, trial)

    return {trial.original: facts(trial) for trial in study.finished()}


def checkpoints(study: Study) -> list[str]:
    """Their artifacts; each has its file."""
    named = study_artifacts(load_study("one", study.url).optuna)
    found = [one for one, file_name in named.items() if file_name.endswith("checkpoint.npz")]
    assert all((study.artifact_folder / one).exists() for one in named)
    return found


def test_a_study_whose_trials_are_interrupted_again_and_again_is_the_undisturbed_one(
    begin: Callable[..., Study], digits: PreparedData
) -> None:
    quiet, disturbed = begin("quiet"), begin("disturbed")
    drive(quiet, digits, run_trial)

    def play(task: TrialTask) -> TrialOutcome:
        before = 0 if task.left_off is None else task.left_off.epoch
        return interrupted_after(before + 1 + task.number % 2)(task)

    workers = drive(disturbed, digits, play)
    assert sum(task.checkpoint is not None for task in workers.tasks) > SETTINGS.trials
    assert TrialState.PRUNED in {state for state, *_ in ended(quiet).values()}
    assert ended(disturbed) == ended(quiet)
    assert checkpoints(disturbed) == []
    again = next(trial for trial in load_study("one", disturbed.url).finished() if trial.epochs_before)
    history = retrain(disturbed, again, data=digits).history[disturbed.metric]
    assert history == list(again.intermediate_values.values())


def test_the_next_attempt_tells_of_the_epochs_before_and_goes_on(
    begin: Callable[..., Study], digits: PreparedData
) -> None:
    events: list[EpochEvent] = []
    study, stop = begin("one"), iter((2, 4))

    def play(task: TrialTask) -> TrialOutcome:
        events.clear()
        search.workers.trial._stopped.clear()
        at = next(stop, 0)

        def hear(event: EpochEvent) -> None:
            events.append(event)
            if event.epoch == at:
                request_stop("")

        return run_trial(task, hear)

    lines: list[str] = []
    study.optuna.set_user_attr(
        "settings", SETTINGS.model_copy(update={"trials": 1, "pruner": "none"}).model_dump_json()
    )
    drive(study, digits, play, lines)
    assert [(event.epoch, event.again) for event in events] == [
        (epoch, epoch <= 4) for epoch in range(1, SETTINGS.epochs + 1)
    ]
    first, second, third = load_study("one", study.url).trials()
    assert second.left_off is not None
    assert third.left_off is not None
    assert (first.left_off, second.left_off.words()) == (None, "epoch 2 of trial 0")
    assert third.left_off.words() == "epoch 4 of trial 1"
    assert 0 < second.left_off.seconds < third.left_off.seconds
    assert "trial 0: interrupted; it will go on after epoch 2" in lines
    assert "trial 1: interrupted; it will go on after epoch 4" in lines
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(trial_view(trial_json(load_study("one", study.url), 2)))
    assert re.search(r"goes on from +epoch 4 of trial 1 *\n", console.export_text())


def test_what_is_shown_of_a_trial_that_goes_on_does_not_begin_anew() -> None:
    progress = Progress("one", "val_accuracy", "maximize", budget=3, epochs_of_a_trial=9)
    left = LeftOff(trial=0, epoch=4, seconds=100.0, artifact="there")
    progress.begin(1, "what it is", left)
    epochs = []
    for event in (
        EpochEvent(1, 1, 0.1, again=True),
        EpochEvent(1, 4, 0.4, again=True),
        EpochEvent(1, 5, 0.5),
    ):
        progress.epoch(event)
        epochs.append((progress.running[1].epoch, progress.running[1].value))
    assert epochs == [(4, 0.1), (4, 0.4), (5, 0.5)]
    assert progress.epochs == 1  # that this command has run
    progress.end(1, "complete", 0.5)
    assert progress.durations[0] > 100


def test_a_lost_worker_or_driver_goes_back_to_the_last_checkpoint(
    begin: Callable[..., Study], digits: PreparedData
) -> None:
    study, tasks = begin("one"), list[TrialTask]()

    def play(task: TrialTask) -> TrialOutcome | WorkerLost:
        tasks.append(task)
        match len(tasks):
            case 1:
                return interrupted_after(2)(task)
            case 2:
                return WorkerLost()
            case 3:
                raise Killed
            case _:
                return interrupted_after()(task)

    with pytest.raises(Killed):
        drive(study, digits, play)
    assert len(checkpoints(study)) == 1
    drive(study, digits, play)
    assert tasks[1].checkpoint is not None
    assert tasks[1].checkpoint == tasks[2].checkpoint == tasks[3].checkpoint
    assert tasks[4].checkpoint is None
    assert checkpoints(study) == []


def test_a_kill_between_any_two_writes_loses_no_trial_and_leaves_no_checkpoint(
    begin: Callable[..., Study], digits: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writes that follow an interruption, and those at the end of the attempt that goes on; a trial for each."""
    settings = SETTINGS.model_copy(update={"trials": 6, "epochs": 2, "sampler": "random", "pruner": "none"})
    quiet = begin("quiet", settings)
    drive(quiet, digits, run_trial)
    for last in (1, 2):
        study, attempts, kills = begin(f"killed in attempt {last}", settings), Counter[int](), 0

        def play(
            patch: pytest.MonkeyPatch,
            task: TrialTask,
            last: int = last,
            attempts: Counter[int] = attempts,
        ) -> TrialOutcome:
            attempts[task.seed] += 1
            outcome = interrupted_after(*([1] if attempts[task.seed] == 1 else []))(task)
            if attempts[task.seed] == last:
                killed_before(len(attempts), patch)
            return outcome

        while len(load_study("one", study.url).finished()) < settings.trials:
            with monkeypatch.context() as patch:
                try:
                    drive(study, digits, partial(play, patch))
                except Killed:
                    kills += 1
        assert ended(study) == ended(quiet)
        assert checkpoints(study) == []
        assert kills >= 4


def test_a_checkpoint_that_does_not_fit_or_is_gone_is_done_without(
    begin: Callable[..., Study], digits: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SETTINGS.model_copy(update={"trials": 2, "pruner": "none"})
    quiet, study, lines = begin("quiet", settings), begin("one", settings), list[str]()
    drive(quiet, digits, run_trial)
    seen = list[TrialTask]()

    def play(task: TrialTask) -> TrialOutcome:
        seen.append(task)
        match len(seen):
            case 1:
                outcome = interrupted_after(2)(task)
                assert outcome.checkpoint is not None
                return replace(outcome, checkpoint=outcome.checkpoint[:-100])
            case 2:
                assert task.checkpoint is not None
                return interrupted_after()(task)
            case 3:
                monkeypatch.setattr(Study, "artifact_folder", property(lambda study: Path("/gone")))
                return interrupted_after(3)(task)
            case _:
                assert task.checkpoint is None
                return interrupted_after()(task)

    drive(study, digits, play, lines)
    monkeypatch.undo()
    assert "trial 1 began anew, not after epoch 2 of trial 0: its file is damaged" in lines
    gone = "its checkpoint cannot be read: No such file or directory"
    assert f"trial 3 began anew, not after epoch 3 of trial 2: {gone}" in lines
    _, first, _, second = load_study("one", study.url).trials()
    assert (first.began_anew, second.began_anew) == ("its file is damaged", gone)
    assert (first.epochs_before, second.epochs_before) == (0, 0)
    assert ended(study) == ended(quiet)
    assert checkpoints(study) == []


def test_a_checkpoint_that_cannot_be_written_costs_the_checkpoint_alone(
    begin: Callable[..., Study], digits: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, say, while a study is being stopped."""
    from storage.errors import ArtifactsUnusable

    def full(*arguments: object) -> str:
        raise ArtifactsUnusable("no space left")

    monkeypatch.setattr("search.driving.checkpoints.add_study_artifact", full)
    study, lines = begin("one", SETTINGS.model_copy(update={"trials": 1})), list[str]()
    drive(study, digits, interrupted_after(2), lines)
    assert "trial 0: its checkpoint cannot be kept: no space left" in lines
    assert "trial 0: interrupted; it will be run again with the same hyperparameters and seed" in lines
    assert [trial.state.name for trial in load_study("one", study.url).trials()] == ["FAIL", "COMPLETE"]


def test_a_trials_timeout_counts_the_seconds_before(
    begin: Callable[..., Study], digits: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SETTINGS.model_copy(
        update={"trials": 1, "epochs": 50, "pruner": "none", "trial_timeout": 3600.0}
    )
    study, seen = begin("one", settings), list[TrialTask]()

    def play(task: TrialTask) -> TrialOutcome:
        seen.append(task)
        outcome = interrupted_after(*([2] if len(seen) == 1 else []))(task)
        # So long the first two epochs took.
        monkeypatch.setattr(
            "search.workers.trial.checkpoint_of",
            lambda *given, known=search.workers.trial.checkpoint_of: (
                replace(known(*given)[0], seconds=4000.0),
                "",
            ),
        )
        return outcome

    drive(study, digits, play)
    (trial,) = load_study("one", study.url).finished()
    assert trial.stop is not None
    assert (trial.stop.text(), trial.state.name) == ("--trial-timeout at epoch 3", "COMPLETE")
    assert (trial.seconds or 0) > 4000


def test_a_study_is_deleted_with_its_checkpoints(begin: Callable[..., Study], digits: PreparedData) -> None:
    study, asked = begin("one"), list[TrialTask]()

    def play(task: TrialTask) -> TrialOutcome:
        asked.append(task)
        if len(asked) == 2:
            raise Killed
        return interrupted_after(1)(task)

    with pytest.raises(Killed):
        drive(study, digits, play)
    assert len(checkpoints(study)) == 1
    folder = study.artifact_folder
    delete_study(load_study("one", study.url))
    assert list(folder.iterdir()) == []
