"""Drive a study: ask, submit, tell, until its budget is used up. The driver alone asks and tells."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from search.driving.asking import Asking
from search.driving.checkpoints import Checkpoints
from search.driving.dispatcher import Dispatcher
from search.driving.disturbance import Disturbance
from search.driving.fair_share import FairShare
from search.driving.hopeless import Hopelessness
from search.driving.in_flight import InFlight, hung
from search.driving.keeping import Keeping
from search.driving.listener import Ending
from search.driving.recovery import run_again
from search.driving.reference_fits import ReferenceFits
from search.driving.refusal import REFUSED_IN_A_ROW, refuse, too_many_refused
from search.driving.signals import StopSignals
from search.errors import CacheUnusable, DataError, MachineFault, StudyStopped
from search.settings.metrics import is_better
from search.study.aim_values import aim_values
from search.study.study import Study
from search.study.trial_facts import attributes_of
from search.study.trial_record import asked_record, trial_record
from search.workers.messages import StudyJob, TrialOutcome, TrialTask
from search.workers.pool import TrialWorkers, WorkerLost
from storage.patience import patient

if TYPE_CHECKING:
    import optuna

    from search.settings.aims import Excess

_POLL_SECONDS = 0.5
_STOP_POLL_SECONDS = 2.0


class Driver:
    """Runs one study on `workers`; the caller holds the study's lock."""

    def __init__(
        self,
        study: Study,
        job: StudyJob,
        workers: TrialWorkers,
        dispatcher: Dispatcher,
        *,
        references: ReferenceFits | None = None,
        ensure_held: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        weigh_cost: bool = True,
    ) -> None:
        self._study = study
        self._settings = study.settings
        self._job = job
        self._workers = workers
        self._dispatcher = dispatcher
        self._progress = dispatcher.progress
        self._references = references or ReferenceFits(study, dispatcher)
        self._ensure_held = ensure_held
        self._clock = clock
        self._keeping = Keeping(study)
        self._checkpoints = Checkpoints(study, dispatcher.said)
        self._running: dict[int, InFlight] = {}
        self._signals = StopSignals(dispatcher.abandoned)
        self._stopping_since = float("inf")
        self._hopelessness = Hopelessness()
        self._deadline = float("inf")
        fair_share = FairShare(study, dispatcher.progress, lambda: self._deadline - clock())
        self._asking = Asking(study, dispatcher, fair_share if weigh_cost else None)
        self._disturbance = Disturbance(clock, dispatcher)
        self._refused = 0
        self._aims = study.aims

    def run(self) -> Ending:
        """Until the budget of finished trials is reached, the time is up, or somebody says stop.

        Raises:
            StudyStopped: no trial of this study can succeed.
            DataError, CacheUnusable: its prepared data is gone and cannot be had again.
            MachineFault: the machine lets none be trained.
        """
        with self._signals.handled(), patient(self._dispatcher.said, self._goes_on):
            # A killed driver may have left the model of a trial that was never told, and checkpoints.
            self._keeping.remove_stale_models()
            self._checkpoints.remove_stale()
            try:
                ending = self._run()
                self._dispatcher.ended(ending)
                return ending
            except (StudyStopped, DataError, CacheUnusable, MachineFault):
                for running in self._running.values():
                    self._run_again(running, "the study was stopped")
                raise

    def _run(self) -> Ending:
        self._deadline = self._clock() + (self._settings.timeout or float("inf"))
        last_poll = self._clock()
        ending: Ending = "budget"
        while True:
            self._ensure_held()
            if ending == "budget" and not self._disturbance.pausing:
                while len(self._running) < min(self._workers.slots, self._left()):
                    self._start_trial()
            done = not self._running and (ending != "budget" or self._left() <= 0)
            if done and not (ending == "budget" and self._references.awaited()):
                # What came while the last trial ended has stopped nothing.
                return "budget" if self._left() <= 0 else ending
            self._dispatcher.workers(max(1, min(self._workers.slots, self._settings.trials)))
            for task, outcome in self._workers.collect(_POLL_SECONDS):
                self._end_trial(self._running.pop(task.trial_id), outcome)
            self._references.collect()
            self._dispatcher.ticked()
            self._end_hung_trials()
            poll = self._clock() - last_poll > _STOP_POLL_SECONDS
            last_poll = self._clock() if poll else last_poll
            if ending == "budget":
                if self._signals.received or (poll and self._stop_requested()):
                    ending = "interrupted"
                elif self._clock() > self._deadline:
                    ending = "timeout"
                if ending != "budget" and (self._running or self._left() > 0):
                    self._dispatcher.stopping(ending)
                    self._workers.stop_trials()
                    self._stopping_since = self._clock()
            elif poll:
                # A worker that took a dead one's place meanwhile has not heard of it.
                self._workers.stop_trials()

    def _left(self) -> int:
        """Trials that the budget still has room for, running ones included."""
        return self._settings.trials - self._progress.finished

    def _end_hung_trials(self) -> None:
        """With their workers."""
        now, limit = self._clock(), self._settings.trial_timeout
        for running in self._running.values():
            if not running.ended and (why := running.hangs(now, limit, self._stopping_since)):
                running.ended = why
                self._workers.end(running.task)

    def _start_trial(self) -> None:
        """Start one, unless it has ended already, since it cannot be trained."""
        asked = self._asking.next()
        if asked is None:
            return
        trial, hyperparameters = asked
        record = asked_record(trial)
        epochs, patience = record.limits(self._settings)
        task = TrialTask(
            job=self._job,
            trial_id=trial._trial_id,
            number=trial.number,
            hyperparameters=hyperparameters.model_dump_json(),
            epochs=epochs,
            patience=patience,
            seed=record.training_seed(self._settings.seed),
            best=self._progress.best,
            keep_model=record.planned is not None and record.planned.keep_model,
            keep_scores=record.planned is not None and record.planned.keep_scores,
            fold=None if record.planned is None else record.planned.fold,
            checkpoint=self._checkpoints.of(record),
            left_off=record.left_off,
        )
        self._running[task.trial_id] = InFlight(trial, task, self._clock(), record.times_lost)
        going_on = None if task.checkpoint is None else task.left_off
        what = record.describe(self._study.space)
        self._dispatcher.trial_started(trial.number, hyperparameters, what, going_on)
        self._workers.submit(task)

    def _end_trial(self, running: InFlight, outcome: TrialOutcome | WorkerLost) -> None:
        """Tell the study how a trial ended, or have it run again."""
        self._ensure_held()
        trial, tell = running.trial, self._study.optuna.tell
        if isinstance(outcome, WorkerLost) and running.ended:
            if running.ended == "stopping":
                self._run_again(running, "interrupted")
                return
            outcome = TrialOutcome("failed", reason=hung(self._settings.trial_timeout or 0.0))
        if isinstance(outcome, WorkerLost):
            if self._signals.received:
                # Whoever ends a service ends all of its processes.
                self._run_again(running, "interrupted")
                return
            lost = running.times_lost + 1
            if lost == 1:
                self._run_again(running, str(outcome), lost=lost)
                return
            outcome = TrialOutcome("failed", reason=f"{outcome} twice")
        if unfit := outcome.facts.get("began_anew"):
            self._checkpoints.unfit(asked_record(trial), unfit)
        if outcome.state in ("interrupted", "disturbed"):
            self._run_again(running, outcome.reason or "interrupted", outcome=outcome)
            if outcome.state == "disturbed":
                self._disturbance.came(outcome.reason)
            return
        self._disturbance.passed()
        if outcome.excess is not None:
            self._refuse(running, outcome, outcome.excess)
            return
        self._refused = 0
        self._keeping.keep(trial, outcome)
        match outcome.state:
            case "complete":
                self._complete(running, outcome)
            case "pruned":
                tell(trial, state=_states().PRUNED)
            case "failed" | "stopped":
                tell(trial, state=_states().FAIL)
        if running.task.left_off is not None:
            self._checkpoints.remove_stale()
        self._dispatcher.trial_ended(trial.number, outcome)
        self._hopelessness.heard(outcome)

    def _complete(self, running: InFlight, outcome: TrialOutcome) -> None:
        assert outcome.value is not None
        trial = running.trial
        best = self._progress.best
        better = outcome.model is not None and is_better(outcome.value, best, self._study.direction)
        if outcome.model is not None and (better or running.task.keep_model):
            self._keeping.publish_model(trial.number, outcome.model)
        self._study.optuna.tell(trial, aim_values(self._aims, outcome.value, attributes_of(outcome.facts)))
        if better:
            self._keeping.remove_stale_models()

    def _refuse(self, running: InFlight, outcome: TrialOutcome, excess: Excess) -> None:
        """A worker has measured that it takes too much; another is asked for in its place.

        Raises:
            StudyStopped: so did all before it.
        """
        number = running.trial.number
        refuse(self._study, running.trial, excess, outcome.facts)
        self._progress.give_up(number)
        self._dispatcher.trial_rejected(number, excess.reason)
        self._refused += 1
        if self._refused >= REFUSED_IN_A_ROW:
            raise too_many_refused(REFUSED_IN_A_ROW, number, excess)

    def _run_again(
        self, running: InFlight, why: str, lost: int = 0, outcome: TrialOutcome | None = None
    ) -> None:
        """It goes on from where `outcome` left it, or else from where this attempt went on."""
        record = trial_record(self._study.storage.get_trial(running.task.trial_id))
        left_off = record.left_off
        if outcome is not None:
            ran = self._clock() - running.started
            left_off = self._checkpoints.keep(record, outcome, ran) or left_off
        run_again(self._study, record, why, lost, left_off)
        if record.left_off is not None:
            self._checkpoints.remove_stale()
        self._dispatcher.trial_requeued(running.task.number, why, left_off.epoch if left_off else 0)

    def _goes_on(self) -> bool:
        """Whether a fault of storage shall be waited out. Who has lost the study's lock must not write any more."""
        self._ensure_held()
        return not self._signals.received

    def _stop_requested(self) -> bool:
        return self._study.record.stop_requested


def _states() -> type[optuna.trial.TrialState]:
    from optuna.trial import TrialState

    return TrialState
