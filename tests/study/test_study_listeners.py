"""What listeners hear of a study, in which order, and what becomes of one that fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from study_fakes import FakeWorkers, complete, value_of

from search.driving.dispatcher import Dispatcher, Listeners
from search.driving.driver import Driver
from search.driving.listener import Ending, Listener
from search.driving.progress import Progress
from search.study.study import Study
from search.workers.messages import EpochEvent, TrialOutcome, TrialTask
from search.workers.pool import WorkerLost
from spaces import Hyperparameters

MakeDriver = Callable[..., Driver]


class Heard(Listener):
    """Remembers what it heard."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def said(self, remark: str) -> None:
        self.events.append(remark)

    def opened(self, study: Study, progress: Progress) -> None:
        self.events.append(f"opened {study.name}: {progress.finished}/{progress.budget}")

    def workers_started(self, progress: Progress) -> None:
        self.events.append("workers started")

    def workers_changed(self, progress: Progress) -> None:
        self.events.append(f"workers: {progress.workers}")

    def trial_started(
        self, progress: Progress, number: int, hyperparameters: Hyperparameters, what: str
    ) -> None:
        assert progress.running[number].what == what
        self.events.append(f"started {number}")

    def epoch_ended(self, progress: Progress, event: EpochEvent) -> None:
        self.events.append(f"epoch {event.epoch} of {event.number}, {progress.running[event.number].value}")

    def trial_ended(self, progress: Progress, number: int, outcome: TrialOutcome) -> None:
        assert number not in progress.running
        self.events.append(f"ended {number}: {progress.finished}")

    def best_changed(self, progress: Progress) -> None:
        self.events.append(f"best {progress.best_number}")

    def trial_requeued(self, progress: Progress, number: int, why: str, epoch: int) -> None:
        self.events.append(f"requeued {number}")

    def stopping(self, progress: Progress, ending: Ending) -> None:
        self.events.append(f"stopping: {ending}")

    def ended(self, progress: Progress, ending: Ending) -> None:
        self.events.append(f"ended: {ending}")

    def closed(self, progress: Progress) -> None:
        self.events.append("closed")


def standing() -> Progress:
    return Progress("one", "val_accuracy", "maximize", budget=6, epochs_of_a_trial=9)


def test_a_listener_hears_each_trial_and_each_new_best_after_they_are_counted(driver: MakeDriver) -> None:
    heard = Heard()
    driver(FakeWorkers(1, complete), more=[heard], trials=3).run()
    assert [event for event in heard.events if not event.startswith("workers")] == [
        "started 0",
        "ended 0: 1",
        "best 0",
        "started 1",
        "ended 1: 2",
        "best 1",
        "started 2",
        "ended 2: 3",  # it is worth less than trial 1
        "ended: budget",
    ]


def test_a_bell_that_rings_when_the_best_changes_is_one_class(driver: MakeDriver, study: Study) -> None:
    class Bell(Listener):
        rung = 0

        def best_changed(self, progress: Progress) -> None:
            self.rung += 1

    bell = Bell()
    driver(FakeWorkers(1, complete), more=[bell]).run()
    values = [value for trial in study.optuna.trials if (value := trial.value) is not None]
    assert bell.rung == sum(value > max([0.0, *values[:at]]) for at, value in enumerate(values))


def test_workers_that_are_lost_and_trials_that_run_again_are_heard_of(driver: MakeDriver) -> None:
    heard = Heard()

    def once_lost(task: TrialTask) -> TrialOutcome | WorkerLost:
        if task.number == 0:
            workers.slots = 1
            return WorkerLost()
        return TrialOutcome("complete", 3, value_of(task))

    workers = FakeWorkers(2, once_lost)
    driver(workers, more=[heard], trials=2).run()
    assert (
        heard.events.index("requeued 0") < heard.events.index("workers: 1") < heard.events.index("started 2")
    )


def test_an_epoch_is_counted_for_all_who_listen() -> None:
    first, second = Heard(), Heard()
    told = Listeners(first, second).of(standing())
    told.trial_started(4, Hyperparameters(), "32 relu")
    told.epoch_ended(EpochEvent(4, 1, 0.5))
    assert first.events == second.events == ["started 4", "epoch 1 of 4, 0.5"]
    assert told.progress.epochs == 1


def test_a_pause_is_said_by_who_does_not_hear_of_pauses_as_such() -> None:
    heard = Heard()
    told = Dispatcher(standing(), heard)
    told.paused("no space left on device")
    told.unpaused("trials can be trained again")
    assert heard.events == ["no space left on device", "trials can be trained again"]


def test_every_listener_hears_of_the_end_whatever_ends_the_study() -> None:
    first, second = Heard(), Heard()
    told = Dispatcher(standing(), first, second)
    with pytest.raises(ZeroDivisionError), told.driving():
        raise ZeroDivisionError
    assert first.events == second.events == ["workers started", "closed"]


def test_what_a_listener_raises_ends_the_study(driver: MakeDriver, study: Study) -> None:
    class Failing(Listener):
        def trial_ended(self, progress: Progress, number: int, outcome: TrialOutcome) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        driver(FakeWorkers(1, complete), more=[Failing()]).run()
    assert len(study.finished()) == 1  # kept and told before anybody heard of it
