"""Under a time limit: what a trial will cost, and which draws are tried."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from study_fakes import FakeWorkers, complete, with_settings

from search.data import PreparedData
from search.driving.asking import Asking, attach_search
from search.driving.dispatcher import Dispatcher
from search.driving.driver import Driver
from search.driving.fair_share import FairShare, Share
from search.driving.progress import Progress
from search.policies.cost import Effort, Pace, affordable, chance
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.study import Study
from search.workers.messages import TrialOutcome, TrialTask
from spaces import Hyperparameters, Space
from spaces.parameters import Categorical, Float, Int
from storage import StorageURL

MakeDriver = Callable[..., Driver]


class Fixed(FairShare):
    """A share that does not change: a trial costs as many seconds as it has units, unless `cost` says otherwise."""

    def __init__(
        self, fair: float, left: float, cost: Callable[[Hyperparameters], float] = lambda drawn: drawn.width
    ) -> None:
        self._share = Share(fair, left, cost)

    def now(self) -> Share:
        return self._share


def asked(
    study: Study, share: FairShare | None, trials: int, sampler: str = "random"
) -> list[Hyperparameters]:
    settings = StudySettings.model_validate({"data": "digits", "sampler": sampler, "seed": 3})
    searched = attach_search(with_settings(study, settings))
    asking = Asking(searched, Dispatcher(Progress.of(searched)), share)
    drawn = []
    for _ in range(trials):
        found = asking.next()
        assert found is not None
        trial, hyperparameters = found
        drawn.append(hyperparameters)
        searched.optuna.tell(trial, hyperparameters.dropout)
    return drawn


def mean_width(fair: float, left: float) -> float:
    """Of draws between 4 and 64 that are tried, which cost their width."""
    widths = np.arange(4, 65)
    return float(np.average(widths, weights=[chance(width, fair, left) for width in widths]))


def test_a_draw_is_tried_in_proportion_to_its_fair_share() -> None:
    random = np.random.default_rng(0)

    def draws() -> Iterator[tuple[float, int]]:
        for width in random.integers(4, 65, 20):
            yield float(width), int(width)

    widths = [affordable(draws(), 8, 40, random) for _ in range(10_000)]
    assert max(widths) <= 40
    assert np.mean(widths) == pytest.approx(mean_width(8, 40), abs=0.3)
    assert affordable([(9.0, "dear"), (7.0, "cheapest"), (8.0, "between")], 8, 5, random) == "cheapest"


class TestDraws:
    def test_what_costs_more_than_its_share_is_drawn_less_often_and_leaves_nothing_behind(
        self, study: Study
    ) -> None:
        drawn = asked(study, Fixed(fair=8, left=40), 80)
        widths = np.array([one.width for one in drawn])
        assert widths.max() <= 40
        assert widths.mean() == pytest.approx(mean_width(8, 40), abs=2)
        trials = study.optuna.get_trials()
        assert [trial.params for trial in trials] == [study.space.params_of(one) for one in drawn]
        assert [trial.number for trial in trials] == list(range(80))
        assert all(trial.system_attrs == {} for trial in trials)

    def test_no_parameter_that_only_an_untried_draw_had_is_left_behind(
        self, study: Study, digits: PreparedData
    ) -> None:
        """Also where no trial had it before."""
        space = Space(
            parameters={
                "optimizer": Categorical(choices=("adam", "sgd")),
                "momentum": Float(low=0.0, high=0.9, when={"optimizer": ("sgd",)}),
            }
        )
        other = create_study("two", study.url, study.settings, space, digits.spec)
        cost = {"adam": 1.0, "sgd": math.inf}
        asked(other, Fixed(1.0, 10.0, lambda drawn: cost[drawn.optimizer]), 8)
        assert [trial.params for trial in other.optuna.trials] == [{"optimizer": "adam"}] * 8

    @pytest.mark.parametrize("sampler", ["tpe", "random", "cmaes", "qmc"])
    def test_every_sampler_draws_what_can_end(self, study: Study, sampler: str) -> None:
        """Beyond the first ten trials, which `tpe` draws at random."""
        assert max(one.width for one in asked(study, Fixed(fair=16, left=32), 14, sampler)) <= 32

    def test_where_nothing_can_end_the_least_of_many_is_tried(self, study: Study) -> None:
        assert max(one.width for one in asked(study, Fixed(fair=0.1, left=1), 5)) < 24

    def test_with_room_enough_nothing_changes(
        self, study: Study, settings: StudySettings, digits: PreparedData
    ) -> None:
        other = create_study("two", study.url, settings, study.space, digits.spec)
        assert asked(study, Fixed(fair=64, left=100), 12) == asked(other, None, 12)

    def test_the_same_history_draws_the_same(
        self, study: Study, settings: StudySettings, digits: PreparedData
    ) -> None:
        other = create_study("two", study.url, settings, study.space, digits.spec)
        share = Fixed(fair=8, left=40)
        at_once = asked(study, share, 13, "tpe")
        assert asked(other, share, 5, "tpe") + asked(other, share, 8, "tpe") == at_once

    def test_what_waits_is_asked_whatever_it_costs(self, study: Study) -> None:
        study.optuna.enqueue_trial({"width": 60, "dropout": 0.25, "learning_rate": 0.01})
        assert asked(study, Fixed(fair=0.1, left=1), 1)[0].width == 60


class TestPace:
    def test_trainings_that_follow_a_law_tell_it(self) -> None:
        random = np.random.default_rng(0)
        efforts = [
            Effort(int(epochs), int(steps), work)
            for epochs, steps, work in zip(
                random.integers(5, 60, 60),
                random.integers(8, 400, 60),
                10 ** random.uniform(6, 9.5, 60),
                strict=True,
            )
        ]

        def law(one: Effort) -> float:
            return 3.0 + one.epochs * (0.01 + 1e-3 * one.steps + 5e-10 * one.work)

        pace = Pace.of([(one, law(one) * random.uniform(0.9, 1.1)) for one in efforts])
        for one in efforts:
            assert pace.of_training(one) == pytest.approx(law(one), rel=0.15)

    def test_one_training_tells_how_fast_the_machine_is(self) -> None:
        small, large = Effort(30, 50, 1e7), Effort(30, 50, 1e9)
        guess = Pace.of([])
        slow = Pace.of([(small, 10 * guess.of_training(small))])
        assert slow.of_training(large) == pytest.approx(10 * guess.of_training(large))


def measured(task: TrialTask) -> TrialOutcome:
    """Up to a minute, by its width."""
    outcome = complete(task)
    width = Hyperparameters.model_validate_json(task.hyperparameters).width
    outcome.facts.update({"seconds": 0.5 + 60 * (width / 4096) ** 2, "epochs": 9})
    return outcome


class TestStudies:
    @pytest.fixture
    def study(self, tmp_path: Path, settings: StudySettings, digits: PreparedData) -> Study:
        url = StorageURL.parse(str(tmp_path / "studies.db"))
        space = Space(parameters={"width": Int(low=4, high=4096), "dropout": Float(low=0.0, high=0.5)})
        return attach_search(create_study("one", url, settings, space, digits.spec))

    @pytest.fixture
    def ran(self, study: Study, driver: MakeDriver) -> Callable[..., list[float]]:
        """Seconds of each trial that one worker begins in a budget of `timeout` seconds."""

        def run(**changes: object) -> list[float]:
            now, seconds = 0.0, []

            def play(task: TrialTask) -> TrialOutcome | None:
                nonlocal now
                outcome = measured(task)
                seconds.append(outcome.facts["seconds"])
                now += seconds[-1]
                return outcome

            driver(FakeWorkers(1, play), clock=lambda: now, trials=500, **changes).run()
            return seconds

        return run

    def test_a_short_budget_has_room_for_a_search(
        self, ran: Callable[..., list[float]], study: Study
    ) -> None:
        """As they come, they are a few large ones."""
        as_drawn = ran(timeout=120.0, weigh_cost=False)
        seconds = ran(timeout=120.0)
        assert len(seconds) >= 2 * len(as_drawn)
        assert sum(seconds) < 125

    def test_without_a_time_limit_or_for_a_calibration_draws_are_taken_as_they_come(
        self, study: Study, driver: MakeDriver, settings: StudySettings, digits: PreparedData
    ) -> None:
        driver(FakeWorkers(1, measured), timeout=1.0, clock=lambda: 0.0, weigh_cost=False).run()
        other = create_study("two", study.url, settings, study.space, digits.spec)
        assert study.optuna.trials[-1].number == 5
        assert [study.space.params_of(one) for one in asked(other, None, 6)] == [
            trial.params for trial in study.optuna.trials
        ]
