"""Drive a study: ask, submit, tell, until its budget is used up. The driver alone asks and tells."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from search.attempts import ORIGINAL, REQUEUED, next_original_number, original_number
from search.cluster import WorkerLost, Workers
from search.errors import StudyStopped
from search.metrics import is_better
from search.progress import Progress
from search.strategy import seed_sampler
from search.study import STOP_REQUESTED, Study
from search.trial import StudyJob, TrialOutcome, TrialTask
from storage.artifacts import model_file_name, open_artifacts, remove_study_artifact, study_artifacts

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

    from search.settings import StudySettings

Ending = Literal["budget", "timeout", "interrupted"]

_LOST = "times_lost"
_POLL_SECONDS = 0.5
_STOP_POLL_SECONDS = 2.0
_SAME_FAILURES = 5


@dataclass(frozen=True)
class _Running:
    trial: optuna.Trial
    task: TrialTask


class Driver:
    """Runs one study on `workers`; the caller holds the study's lock."""

    def __init__(
        self, study: Study, settings: StudySettings, job: StudyJob, workers: Workers, progress: Progress
    ) -> None:
        self._study = study
        self._settings = settings
        self._job = job
        self._workers = workers
        self._progress = progress
        self._store = open_artifacts(job.artifacts)
        self._running: dict[int, _Running] = {}
        self._signalled = False
        self._failures: list[str] = []
        self._best_trial = study.best_trial()
        self._next = next_original_number(study.optuna.get_trials(deepcopy=False))

    def run(self) -> Ending:
        """Until the budget of finished trials is reached, the time is up, or somebody says stop.

        Raises:
            StudyStopped: no trial of this study can succeed.
        """
        self._clear_away()
        with self._signals():
            try:
                return self._run()
            except StudyStopped:
                for running in self._running.values():
                    self._run_again(running, "the study was stopped")
                raise

    def _clear_away(self) -> None:
        """What a killed driver left: models of trials that were never judged or never told."""
        shutil.rmtree(self._job.candidates, ignore_errors=True)
        self._job.candidates.mkdir(parents=True)
        remove_stale_models(self._study, self._store)

    def _run(self) -> Ending:
        deadline = time.monotonic() + (self._settings.timeout or float("inf"))
        last_poll = time.monotonic()
        ending: Ending = "budget"
        finished = len(self._study.finished())
        while True:
            if ending == "budget":
                while len(self._running) < min(self._workers.slots, self._settings.trials - finished):
                    self._start_trial()
            if not self._running:
                # What came while the last trial ended has stopped nothing.
                return "budget" if finished >= self._settings.trials else ending
            for task, outcome in self._workers.collect(_POLL_SECONDS):
                finished += self._end_trial(self._running.pop(task.trial_id), outcome)
            self._progress.tick()
            poll = time.monotonic() - last_poll > _STOP_POLL_SECONDS
            last_poll = time.monotonic() if poll else last_poll
            if ending == "budget":
                if self._signalled or (poll and self._stop_requested()):
                    ending = "interrupted"
                elif time.monotonic() > deadline:
                    ending = "timeout"
                if ending != "budget":
                    self._progress.stopping(ending)
                    self._workers.stop_trials()
            elif poll:
                # A worker that took a dead one's place meanwhile has not heard of it.
                self._workers.stop_trials()

    def _start_trial(self) -> None:
        trial = self._ask()
        hyperparameters = self._study.space.suggest(trial)
        task = TrialTask(
            job=self._job,
            trial_id=trial._trial_id,
            number=trial.number,
            hyperparameters=hyperparameters.model_dump_json(),
            seed=training_seed(self._settings.seed, original_number(trial)),
            best=self._best_trial.value if self._best_trial else None,
        )
        self._running[task.trial_id] = _Running(trial, task)
        self._progress.trial_started(trial.number, hyperparameters)
        self._workers.submit(task)

    def _ask(self) -> optuna.Trial:
        """The next configuration: one that waits, or a new one under its original number."""
        study = self._study.optuna
        waiting = study.get_trials(deepcopy=False, states=(_states().WAITING,))
        if waiting:
            original = original_number(waiting[0])
        else:
            original = self._next
            if original != len(study.get_trials(deepcopy=False)):
                # Its number is taken by an attempt at another; given with the trial, it cannot be lost by a kill.
                study.enqueue_trial({}, user_attrs={ORIGINAL: original})
        self._next = max(self._next, original + 1)
        seed_sampler(study.sampler, self._settings.seed, original)
        return study.ask()

    def _end_trial(self, running: _Running, outcome: TrialOutcome | WorkerLost) -> int:
        """Tell the study how a trial ended; 1 where it counts toward the budget, 0 where it is run again."""
        trial, tell = running.trial, self._study.optuna.tell
        if isinstance(outcome, WorkerLost):
            lost = int(trial.user_attrs.get(_LOST, 0)) + 1
            if lost == 1:
                self._run_again(running, "its worker died", lost=lost)
                return 0
            outcome = TrialOutcome("failed", reason="its worker died twice")
        match outcome.state:
            case "interrupted":
                self._run_again(running, "interrupted")
                return 0
            case "complete":
                self._complete(trial, outcome)
            case "pruned":
                tell(trial, state=_states().PRUNED)
            case "failed" | "stopped":
                trial.set_user_attr("reason", outcome.reason)
                if outcome.traceback:
                    trial.set_user_attr("traceback", outcome.traceback)
                tell(trial, state=_states().FAIL)
        self._progress.trial_ended(trial.number, outcome)
        self._stop_when_hopeless(outcome)
        return 1

    def _complete(self, trial: optuna.Trial, outcome: TrialOutcome) -> None:
        assert outcome.value is not None
        best = self._best_trial.value if self._best_trial else None
        better = outcome.model is not None and is_better(outcome.value, best, self._study.direction)
        if better:
            self._publish_model(trial, outcome)
        self._study.optuna.tell(trial, outcome.value)
        if better:
            self._best_trial = self._study.best_trial()
            remove_stale_models(self._study, self._store)
        if outcome.model is not None:
            outcome.model.unlink(missing_ok=True)

    def _publish_model(self, trial: optuna.Trial, outcome: TrialOutcome) -> None:
        """Before the trial is told: a kill in between leaves a model too many, never one too few."""
        from optuna.artifacts import upload_artifact

        upload_artifact(
            artifact_store=self._store, file_path=str(outcome.model), study_or_trial=self._study.optuna
        )

    def _run_again(self, running: _Running, why: str, lost: int = 0) -> None:
        frozen = self._study.optuna._storage.get_trial(running.task.trial_id)
        run_again(self._study, frozen, why, lost=lost)
        self._progress.trial_requeued(frozen.number, why)

    def _stop_when_hopeless(self, outcome: TrialOutcome) -> None:
        if outcome.state == "stopped":
            raise StudyStopped(outcome.reason)
        self._failures.append(outcome.reason if outcome.state == "failed" else "")
        first = self._failures[:_SAME_FAILURES]
        if len(self._failures) == _SAME_FAILURES and first[0] and len(set(first)) == 1:
            raise StudyStopped(
                f"the first {_SAME_FAILURES} trials all failed for one reason: {first[0]}\n{outcome.traceback}"
            )

    def _stop_requested(self) -> bool:
        return bool(self._study.optuna.user_attrs.get(STOP_REQUESTED))

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """The first SIGINT or SIGTERM lets running trials reach an epoch's end; the second ends at once.

        A handler that raises could be swallowed by C code or leave a trial half told: it only sets a flag.
        """

        def handle(number: int, frame: object) -> None:
            del number, frame
            if self._signalled:
                # As after kill -9: workers end by themselves, the lock is free, running trials are run again.
                self._progress.abandon()
                os._exit(130)
            self._signalled = True

        previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def training_seed(study_seed: int, number: int) -> int:
    """The seed of a trial, from the study's seed and the trial's original number alone."""
    return int(np.random.SeedSequence([study_seed, number]).generate_state(1)[0])


def recover(study: Study) -> int:
    """Run orphans again: trials that a dead driver left RUNNING. The caller holds the study's lock.

    Returns:
        How many there were.
    """
    study.optuna.set_user_attr(STOP_REQUESTED, False)
    trials = study.optuna.get_trials(deepcopy=False)
    orphans = [trial for trial in trials if trial.state == _states().RUNNING]
    for trial in orphans:
        run_again(study, trial, "its driver died")
    return len(orphans)


def run_again(study: Study, trial: FrozenTrial, why: str, lost: int = 0) -> None:
    """Fail `trial` and enqueue its hyperparameters under its original number.

    Safe to be killed at any point: the copy is enqueued first, and is not enqueued twice.
    Nothing else is copied: rungs passed and artifacts belong to the lost attempt.
    """
    number = original_number(trial)
    lost = max(lost, int(trial.user_attrs.get(_LOST, 0)))
    waiting = study.optuna.get_trials(deepcopy=False, states=(_states().WAITING,))
    if number not in {original_number(other) for other in waiting}:
        study.optuna.enqueue_trial(
            _fixed(study, trial), user_attrs={ORIGINAL: number, **({_LOST: lost} if lost else {})}
        )
    study.optuna._storage.set_trial_user_attr(trial._trial_id, REQUEUED, why)
    study.optuna.tell(trial.number, state=_states().FAIL)


def _fixed(study: Study, trial: FrozenTrial) -> dict[str, object]:
    """All hyperparameters of `trial`; or what it was enqueued with, when a kill ended the asking.

    Then nobody has trained it, and its seed draws the rest as it would have been drawn.
    """
    from optuna.trial import FixedTrial

    enqueued = trial.system_attrs.get("fixed_params", {})
    asked = {**enqueued, **trial.params}
    try:
        study.space.suggest(FixedTrial(asked))
    except ValueError:
        return dict(enqueued)
    return asked


def remove_stale_models(study: Study, store: object) -> None:
    """Keep the model of the best trial alone."""
    best = study.best_trial()
    keep = None if best is None else model_file_name(best.number)
    for artifact, file_name in study_artifacts(study.optuna).items():
        if file_name.endswith(".keras") and file_name != keep:
            remove_study_artifact(study.optuna, store, artifact)  # type: ignore[arg-type]


def _states() -> type[optuna.trial.TrialState]:
    from optuna.trial import TrialState

    return TrialState
