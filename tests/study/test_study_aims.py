"""Studies of several aims: their front, who is compared with whom while trials run, and limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import optuna
import pytest
from earlier_study import NARROWER, adoption_of
from optuna.trial import TrialState
from study_fakes import FakeWorkers, complete, value_of

from search.data import PreparedData
from search.driving.driver import Driver
from search.errors import InputError, StudyStopped
from search.models.within import smallest_within
from search.policies.pruners import build_pruner, should_prune
from search.settings.aims import Excess, check_aims, choose_aims, excess_over, front_of
from search.settings.settings import StudySettings, load_settings
from search.study.study import Study, load_study
from search.training.network.weights import parameter_count
from search.workers.messages import TrialOutcome, TrialTask
from spaces import Hyperparameters

MakeDriver = Callable[..., Driver]
AIMS = ("val_accuracy", "parameters")


@pytest.fixture
def settings() -> StudySettings:
    return StudySettings(data="digits", trials=6, epochs=9, seed=3, metric=AIMS[0], aims=AIMS)


def parameters_of(task: TrialTask, data: PreparedData) -> int:
    return parameter_count(Hyperparameters.model_validate_json(task.hyperparameters), data.spec)


@pytest.fixture
def trained(digits: PreparedData) -> Callable[[TrialTask], TrialOutcome]:
    """Ends a trial with a value by its number, and with its network's parameters."""

    def play(task: TrialTask) -> TrialOutcome:
        return replace(complete(task), facts={"parameters": parameters_of(task, digits)})

    return play


class TestSettings:
    def test_the_first_aim_is_the_metric(self) -> None:
        settings = load_settings(None, {"data": "digits", "aims": ["val_accuracy", "parameters"]})
        assert (settings.metric, settings.aims) == ("val_accuracy", AIMS)

    def test_one_aim_is_a_metric_and_no_more(self) -> None:
        settings = load_settings(None, {"data": "digits", "aims": ["val_accuracy"]})
        assert (settings.metric, settings.aims) == ("val_accuracy", ())
        assert "aims" not in settings.model_dump()

    def test_a_metric_takes_the_place_of_aims_that_hold_otherwise(self) -> None:
        settings = load_settings(
            None, {"data": "digits", "metric": "val_loss"}, {"aims": AIMS, "metric": AIMS[0]}
        )
        assert (settings.metric, settings.aims) == ("val_loss", ())

    def test_settings_that_are_kept_can_be_changed(self) -> None:
        kept = load_settings(None, {"data": "digits", "aims": list(AIMS), "max_bytes": "2MB"})
        assert kept.changed({"trials": 7}) == kept.model_copy(update={"trials": 7})
        assert StudySettings.model_validate_json(kept.model_dump_json()) == kept

    def test_a_metric_beside_aims_is_refused(self) -> None:
        with pytest.raises(InputError, match="the first --aim is the metric; leave --metric out"):
            load_settings(None, {"data": "digits", "metric": "val_loss", "aims": ["val_accuracy"]})

    @pytest.mark.parametrize(
        ("aims", "sampler", "message"),
        [
            (
                ("parameters", "val_accuracy"),
                "tpe",
                "say it first, for instance --aim val_accuracy --aim parameters",
            ),
            (("val_accuracy", "paramters"), "tpe", "but got 'paramters' .did you mean 'parameters'"),
            (("val_accuracy", "parameters", "parameters"), "tpe", "--aim parameters: is said twice"),
            (AIMS, "cmaes", "--sampler cmaes: knows one aim alone; choose tpe, nsgaii"),
        ],
    )
    def test_what_cannot_be_aimed_at_is_refused(self, aims: Any, sampler: str, message: str) -> None:
        with pytest.raises(InputError, match=message):
            check_aims(aims, sampler)

    def test_a_second_metric_has_to_be_measured_in_every_study(self, digits: PreparedData) -> None:
        assert choose_aims(("val_loss", "val_accuracy"), "val_loss", digits.spec) == (
            "val_loss",
            "val_accuracy",
        )
        with pytest.raises(
            InputError, match=r"--aim val_f1: as a second aim .* has val_accuracy, val_crossentropy"
        ):
            choose_aims(("val_accuracy", "val_f1"), "val_accuracy", digits.spec)


def test_a_front_has_whom_none_is_as_good_as_and_better_and_of_equals_the_first() -> None:
    points = [(0.9, -10.0), (0.95, -20.0), (0.9, -12.0), (0.95, -20.0), (0.8, -10.0), (0.7, -5.0)]
    assert sorted(front_of(points)) == [0, 1, 5]


def test_what_a_configuration_takes_too_much_of_is_told_with_its_unit() -> None:
    over = excess_over({"parameters": 1000, "bytes": 1000}, {"parameters": 1500.0, "bytes": 6000.0})
    assert over == Excess("bytes", 5.0, "takes 6 kB, and at most 1 kB are allowed")
    assert over.option == "--max-bytes"
    assert excess_over({"parameters": 1500}, {"parameters": 1500.0}) is None


class TestDriving:
    def test_each_trial_has_a_value_for_each_aim_and_the_front_is_of_them(
        self, study: Study, driver: MakeDriver, trained: Any, digits: PreparedData
    ) -> None:
        workers = FakeWorkers(1, trained)
        assert driver(workers).run() == "budget"
        expected = [[value_of(task), parameters_of(task, digits)] for task in workers.tasks]
        assert [trial.values for trial in study.optuna.trials] == expected
        best = {(trial.number, *(trial.values or ())) for trial in study.optuna.best_trials}
        found = study.front()
        assert {(trial.number, *(trial.values or ())) for trial in found} == best
        assert [trial.value for trial in found] == sorted((trial.value or 0 for trial in found), reverse=True)

    def test_a_resumed_study_goes_on_with_its_aims(
        self, study: Study, driver: MakeDriver, trained: Any
    ) -> None:
        driver(FakeWorkers(1, trained)).run()
        driver(FakeWorkers(1, trained), trials=14).run()
        again = load_study(study.name, study.url)
        assert again.aims == AIMS
        assert len(again.finished()) == 14
        assert all(len(trial.values or ()) == 2 for trial in again.ranked())

    def test_tpe_asks_on_when_trials_were_pruned(
        self, study: Study, driver: MakeDriver, trained: Any
    ) -> None:
        def play(task: TrialTask) -> TrialOutcome:
            if task.number % 2:
                study.storage.set_trial_intermediate_values(task.trial_id, {3: 0.4})
                return TrialOutcome("pruned", 3)
            return trained(task)

        driver(FakeWorkers(1, play), trials=16).run()
        pruned = study.trials(states=(TrialState.PRUNED,))
        assert len(pruned) == 8
        assert {trial.value for trial in pruned} == {0.4}
        assert {trial.values for trial in pruned} == {None}


class TestLimits:
    def test_too_many_parameters_are_refused_before_a_worker_hears_of_it(
        self, study: Study, driver: MakeDriver, trained: Any, digits: PreparedData
    ) -> None:
        workers, lines = FakeWorkers(1, trained), list[str]()
        driver(workers, lines, max_parameters=4_000).run()
        assert len(study.finished()) == len(workers.tasks) == 6
        assert max(parameters_of(task, digits) for task in workers.tasks) <= 4_000
        refused = [trial for trial in study.trials() if trial.infeasible is not None]
        assert refused
        assert all(trial.optuna.constraints["parameters"] > 0 for trial in refused)
        assert any(
            "not trained, takes" in line and "at most 4,000 parameters are allowed" in line for line in lines
        )

    def test_what_a_worker_refuses_does_not_count_either(
        self, study: Study, driver: MakeDriver, trained: Any
    ) -> None:
        over = Excess("latency", 0.5, "takes 1.5 ms a row, and at most 1 ms a row are allowed")

        def play(task: TrialTask) -> TrialOutcome:
            if task.number in (1, 2):
                return TrialOutcome("refused", reason=over.reason, excess=over, facts={"latency": 1.5})
            return trained(task)

        workers = FakeWorkers(2, play)
        driver(workers).run()
        assert len(study.finished()) == 6
        assert len(workers.tasks) == 8
        refused = study.trials()[1]
        assert (refused.infeasible, refused.stored["latency"]) == (over.reason, 1.5)

    def test_a_study_whose_space_holds_nothing_small_enough_stops(self, driver: MakeDriver) -> None:
        over = Excess("latency", 0.5, "takes 1.5 ms a row, and at most 1 ms a row are allowed")
        workers = FakeWorkers(1, lambda task: TrialOutcome("refused", reason=over.reason, excess=over))
        with pytest.raises(
            StudyStopped, match="the last 100 configurations are all too large for --max-latency"
        ):
            driver(workers).run()


class TestPruning:
    @pytest.fixture
    def ask(self, study: Study, settings: StudySettings) -> Callable[[float, int], optuna.Trial]:
        """Asks for a trial, as if its best value up to the rung were this and its network so large."""
        study.optuna.pruner = build_pruner(settings)

        def asked(value: float, parameters: int) -> optuna.Trial:
            trial = study.optuna.ask()
            study.storage.set_trial_attributes(trial._trial_id, {"parameters": parameters}, {})
            study.storage.set_trial_intermediate_values(trial._trial_id, {3: value})
            return trial

        return asked

    def test_only_trials_that_take_no_more_are_in_the_way(self, ask: Any) -> None:
        for _ in range(4):
            assert should_prune(ask(0.9, 5000)) is False
        assert (
            should_prune(ask(0.6, 4000)) is False
        )  # smaller than all: whatever it reaches, it is on the front
        assert should_prune(ask(0.5, 4000)) is True
        assert should_prune(ask(0.7, 4500)) is False  # better than the two that are smaller
        assert should_prune(ask(0.7, 6000)) is True  # behind the larger ones

    @pytest.mark.parametrize("pruner", ["median", "optuna.pruners:MedianPruner(n_startup_trials=1)"])
    def test_other_pruners_compare_with_the_same_trials(
        self, study: Study, settings: StudySettings, ask: Any, pruner: str
    ) -> None:
        study.optuna.pruner = build_pruner(settings.model_copy(update={"pruner": pruner}))
        for _ in range(6):
            study.optuna.tell(ask(0.9, 5000), [0.9, 5000])
        assert not should_prune(ask(0.5, 4000))
        assert should_prune(ask(0.5, 6000))

    def test_a_second_metric_is_not_known_before_the_end_so_nothing_is_pruned(
        self, settings: StudySettings
    ) -> None:
        of_metrics = settings.model_copy(update={"aims": ("val_accuracy", "val_crossentropy")})
        assert isinstance(build_pruner(of_metrics), optuna.pruners.NopPruner)


class TestTakenOver:
    def test_trials_of_which_an_aim_is_not_known_do_not_fit(self, old: Study, digits: PreparedData) -> None:
        adoption = adoption_of(old, digits, NARROWER, aims=("val_accuracy", "latency"))
        assert {trial.state for trial in adoption.trials} == {TrialState.PRUNED}
        assert any("× no latency (ms a row) of it was kept" in remark for remark in adoption.remarks)

    def test_what_is_known_of_other_aims_comes_along(self, next_version: Any) -> None:
        new = next_version(aims=("val_accuracy", "parameters", "val_loss"))
        (best, *_) = new.ranked()
        assert best.is_adopted
        # Of the loss, at the epoch that is best by the accuracy.
        assert best.values == pytest.approx((0.8, 102, 1.7))
        (pruned,) = new.trials(states=(TrialState.PRUNED,))
        assert pruned.value == pytest.approx(0.7)
        assert pruned.values is None


class TestWithin:
    def test_the_smallest_within_the_margin_is_chosen_and_told(
        self, study: Study, driver: MakeDriver, digits: PreparedData
    ) -> None:
        reached = [(0.900, 9000), (0.897, 700), (0.894, 500), (0.880, 100), (0.898, 800), (0.899, 5000)]

        def play(task: TrialTask) -> TrialOutcome:
            value, parameters = reached[task.number]
            return TrialOutcome("complete", 3, value, facts={"parameters": parameters})

        driver(FakeWorkers(1, play)).run()
        found = smallest_within(study, 0.5)
        assert found.chosen.number == 1
        assert found.words() == (
            "trial 1 has 700 parameters and val_accuracy 0.8970, 0.3 points behind trial 0, which has 9,000 "
            "parameters and 0.9000"
        )
        assert smallest_within(study, 0.6).chosen.number == 2
        assert smallest_within(study, 0).words() == (
            "trial 0, the best by val_accuracy, is the one with 9,000 parameters"
        )
        with pytest.raises(InputError, match="--within: expected how much worse it may be, 0 or more"):
            smallest_within(study, -1)
