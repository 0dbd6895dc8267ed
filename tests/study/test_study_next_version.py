"""A study's next version starts where the earlier study ended: budget, numbers, sampler and pruner."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from earlier_study import NARROWER, PLANNED, adoption_of, rungs
from optuna.pruners import _filter_study
from optuna.trial import TrialState
from study_fakes import SPACE, FakeWorkers, Killed, complete, killed_before

from search.data import PreparedData
from search.driving.asking import attach_search
from search.driving.dispatcher import Dispatcher, Listeners
from search.driving.driver import Driver
from search.driving.listener import Listener
from search.driving.progress import Progress
from search.errors import InputError
from search.policies.pruners import bracket_in, build_pruner
from search.running.resume import resume
from search.study.creation import create_study, is_half_made
from search.study.enqueueing import enqueue_planned
from search.study.planned_trial import PlannedTrial
from search.study.study import Study, load_study, study_names
from search.study.trial_record import trial_record
from search.workers.messages import StudyJob, TrialOutcome, TrialTask
from spaces import Hyperparameters


def drive(study: Study, digits: PreparedData, play: Callable[[TrialTask], TrialOutcome]) -> FakeWorkers:
    dispatcher = Dispatcher(Progress.of(study))
    job = StudyJob(
        study.name, study.url.full, study.metric, study.settings.model_dump_json(), digits.folder, ""
    )
    workers = FakeWorkers(1, play)
    Driver(attach_search(study), job, workers, dispatcher).run()  # type: ignore[arg-type]
    return workers


class NeverDriven(Listener):
    def opened(self, study: Study, progress: Progress) -> None:
        raise AssertionError("the study is driven")


class TestGoingOn:
    def test_the_budget_counts_new_trials_alone(
        self, next_version: Callable[..., Study], digits: PreparedData
    ) -> None:
        new = next_version()
        assert new.finished() == []
        workers = drive(new, digits, complete)
        assert len(workers.tasks) == 5 == len(new.finished())
        assert [trial.counts for trial in new.trials()] == [False] * 4 + [True] * 5

    def test_numbers_go_on_behind_the_earlier_study_so_that_nothing_is_drawn_twice(
        self, old: Study, next_version: Callable[..., Study], digits: PreparedData
    ) -> None:
        again = next_version("again", SPACE)
        assert again.next_original_number() == 9 == old.next_original_number()
        drive(again, digits, complete)
        assert [trial.original for trial in again.trials()] == [*range(7), *range(9, 14)]
        drive(old, digits, complete)
        drawn = [trial.params for trial in load_study("old", old.url).optuna.trials[9:14]]
        assert [trial.params for trial in again.optuna.trials[7:]] == drawn

    def test_a_resumed_version_goes_on_where_it_was(
        self, next_version: Callable[..., Study], digits: PreparedData
    ) -> None:
        new = next_version(trials=2)
        drive(new, digits, complete)
        assert new.next_original_number() == 11

    def test_the_sampler_knows_them(self, next_version: Callable[..., Study]) -> None:
        new = next_version(sampler="tpe", pruner="hyperband")
        searched = attach_search(new).optuna
        asked = searched.ask()
        known = _filter_study(searched, searched.get_trials()[asked.number]).get_trials()
        assert [trial.number for trial in known] == [0, 1, 2, 3, 4]

    def test_what_was_planned_and_came_along_is_not_run_again(self, old: Study, digits: PreparedData) -> None:
        other = PlannedTrial(label="other", hyperparameters=Hyperparameters(width=20))
        adoption = adoption_of(old, digits)
        create_study("new", old.url, old.settings, NARROWER, digits.spec, [PLANNED, other], adoption=adoption)
        new = load_study("new", old.url)
        enqueue_planned(new)
        enqueue_planned(new)
        waiting = new.optuna.get_trials(states=(TrialState.WAITING,))
        assert [trial_record(trial).planned for trial in waiting] == [other]
        assert [trial_record(trial).original for trial in waiting] == [9]

    def test_what_was_planned_is_run_again_where_the_epochs_are_others(
        self, old: Study, digits: PreparedData
    ) -> None:
        adoption = adoption_of(old, digits, epochs=18, allow_different=True)
        settings = old.settings.model_copy(update={"epochs": 18})
        create_study("new", old.url, settings, NARROWER, digits.spec, [PLANNED], adoption=adoption)
        new = load_study("new", old.url)
        assert PLANNED in [trial.planned for trial in new.trials()]
        enqueue_planned(new)
        enqueue_planned(new)
        waiting = new.optuna.get_trials(states=(TrialState.WAITING,))
        assert [trial_record(trial).planned for trial in waiting] == [PLANNED]

    def test_a_kill_at_any_write_leaves_what_run_makes_anew(
        self, old: Study, next_version: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = 8  # what comes before is as without --from
        while True:
            with monkeypatch.context() as patch:
                killed_before(write, patch)
                try:
                    next_version()
                    break
                except Killed:
                    write += 1
            assert is_half_made("new", old.url) == ("new" in study_names(old.url))
            with pytest.raises(InputError, match=r"half made.*`perceptuna run`"):  # not with a part of them
                resume("new", old.url, {}, None, Listeners(NeverDriven()))
        assert write > 13
        new = load_study("new", old.url)
        assert len(new.optuna.trials) == 4
        assert new.record.continues is not None
        assert not is_half_made("new", old.url)


class TestPruning:
    """Of 9 epochs, asha compares after 3; hyperband after 1, then 3."""

    def test_new_trials_are_compared_with_those_that_came_along(
        self, next_version: Callable[..., Study]
    ) -> None:
        new = next_version(pruner="asha")
        assert [rungs(trial) for trial in new.optuna.trials] == [
            *(pytest.approx([value]) for value in (0.2, 0.7, 0.8 / 3)),
            [],  # of 4 epochs, so that it is compared with none
        ]
        new.optuna.pruner = build_pruner(new.settings)
        for value, hopeless in ((0.21, True), (0.5, False)):
            trial = new.optuna.ask()
            trial.report(value, 3)
            assert trial.should_prune() is hopeless

    def test_hyperband_compares_each_in_the_bracket_that_it_was_in(
        self, old: Study, next_version: Callable[..., Study]
    ) -> None:
        new = next_version(pruner="hyperband")
        pruners = build_pruner(old.settings), build_pruner(new.settings)
        before = [bracket_in(pruners[0], old.optuna, old.optuna.trials[number]) for number in (0, 1, 2, 6)]
        after = [bracket_in(pruners[1], new.optuna, trial) for trial in new.optuna.trials]
        assert before == after
        assert len(set(before)) > 1
        *whole, short = new.optuna.trials
        for trial, bracket in zip(whole, after, strict=False):
            assert len(rungs(trial)) == max(0, 2 - int(bracket or 0))
        assert rungs(short) == []

    def test_after_another_pruner_they_are_in_the_first_bracket(
        self, old: Study, digits: PreparedData
    ) -> None:
        old.settings.__dict__["pruner"] = "median"
        origins = [
            trial_record(trial).adopted for trial in adoption_of(old, digits, pruner="hyperband").trials
        ]
        assert [origin.bracket for origin in origins if origin] == [0, 0, 0, 0]


def test_what_is_kept_is_json(next_version: Callable[..., Study]) -> None:
    new = next_version()
    assert json.loads(new.optuna.user_attrs["continues"]) == {
        "study": "old",
        "trials": 4,
        "of": 7,
        "numbers": 9,
        "different": [],
    }
