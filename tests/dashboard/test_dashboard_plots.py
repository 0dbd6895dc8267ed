"""The plots that a study's page gets: what is drawn, what the expectation means, and that 10,000 trials stay small."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta

import numpy as np
import pytest
from optuna.trial import FrozenTrial, TrialState

from search.analysis.facts.busy import Clock, merged
from search.dashboard.draws import expected_best
from search.dashboard.plots import MOST_POINTS, Figure, pareto_front, plots_of
from search.study.trial_record import TrialRecord, trial_record

BEGIN = datetime(2026, 11, 20, 8)


def trial(
    number: int, value: float | None, weights: int = 100, state: TrialState = TrialState.COMPLETE
) -> TrialRecord:
    """One of ten seconds, two at a time; without attributes where it has no value."""
    began = BEGIN + timedelta(seconds=number // 2 * 10)
    measured = (
        {} if value is None else {"parameters": weights, "accuracy": value + 0.1, "val_accuracy": value}
    )
    made = FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=value,
        datetime_start=began,
        datetime_complete=began + timedelta(seconds=10) if state.is_finished() else None,
        params={},
        distributions={},
        user_attrs=measured,
        system_attrs={},
        intermediate_values={},
    )
    return trial_record(made)


def lines(figure: Figure) -> dict[str, Figure]:
    return {trace["name"]: trace for trace in figure["data"]}


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_expected_best_is_the_mean_over_all_ways_to_draw(direction: str) -> None:
    values = [0.5, 0.9, 0.7, 0.7, 0.2, 0.6]
    best = max if direction == "maximize" else min
    means = [
        np.mean([best(chosen) for chosen in itertools.combinations(values, k)])
        for k in range(1, len(values) + 1)
    ]
    expected = expected_best(values, np.arange(1, len(values) + 1), direction)  # type: ignore[arg-type]
    assert expected == pytest.approx(means)


def test_the_expected_best_of_ten_thousand_stays_exact_at_its_ends() -> None:
    values = np.random.default_rng(0).random(10_000)
    mean, best = expected_best(values.tolist(), np.array([1, 10_000]), "maximize")
    assert (mean, best) == pytest.approx((values.mean(), values.max()))


def test_pauses_between_two_commands_are_left_out() -> None:
    def at(second: float) -> datetime:
        return BEGIN + timedelta(seconds=second)

    spans = [(at(0), at(10)), (at(2), at(5)), (at(90_000), at(90_007)), (at(90_001), at(90_003))]
    clock = Clock(merged(spans))
    assert [clock.at(end) for _, end in spans] == [10, 5, 17, 13]


def test_the_front_holds_what_nothing_smaller_beats() -> None:
    made = [trial(0, 0.5, 10), trial(1, 0.9, 500), trial(2, 0.7, 50), trial(3, 0.6, 60), trial(4, 0.9, 900)]
    assert [one.number for one in pareto_front(made, "maximize")] == [0, 2, 1]
    assert [one.number for one in pareto_front(made, "minimize")] == [0]


def test_each_plot_shows_what_it_says() -> None:
    made = [
        trial(0, 0.5, 10),
        trial(1, 0.4, 20, TrialState.PRUNED),
        trial(2, 0.8, 30),
        trial(3, None, state=TrialState.FAIL),
        trial(4, 0.7, 40),
        trial(5, None, state=TrialState.RUNNING),
    ]
    plots = plots_of(made, "val_accuracy", "maximize")
    gap = lines(plots["over-fitting"])
    assert gap["complete"]["x"] == [0.6, 0.9, 0.8]
    assert gap["complete"]["y"] == [0.5, 0.8, 0.7]
    assert gap["pruned"]["customdata"] == [1]
    assert lines(plots["size"])["Pareto front"]["customdata"] == [0, 2]
    time = lines(plots["time"])
    assert time["best so far"]["x"] == [10, 20, 30]
    assert time["best so far"]["y"] == [0.5, 0.8, 0.8]
    (expectation,) = [line for name, line in time.items() if "random draws" in name]
    assert expectation["y"] == pytest.approx([0.6, 4.3 / 6, 0.775, 0.8], abs=1e-5)


def test_ten_thousand_trials_are_thinned_with_a_remark_and_stay_small() -> None:
    random = np.random.default_rng(1)
    made = [trial(i, float(value), int(100 / value)) for i, value in enumerate(random.random(10_000))]
    plots = plots_of(made, "val_accuracy", "maximize")
    assert f"({MOST_POINTS:,} of 10,000 trials)" in plots["over-fitting"]["layout"]["title"]["text"]
    assert len(json.dumps(plots)) < 150_000
    best = max(range(10_000), key=lambda i: made[i].value or 0.0)
    assert best in lines(plots["size"])["Pareto front"]["customdata"]


@pytest.mark.parametrize("odd", [float("inf"), -float("inf"), None])
def test_studies_with_nothing_to_draw_or_odd_values_have_no_plot_or_valid_json(odd: float | None) -> None:
    state = TrialState.FAIL if odd is None else TrialState.COMPLETE
    assert plots_of([], "val_loss", "minimize") == {}
    assert plots_of([trial(0, odd, state=state)], "val_loss", "minimize") == {}
    diverged = [trial(0, 0.5), trial(1, odd, state=state)]
    diverged[0].optuna.set_user_attr("loss", float("nan"))
    diverged[0].optuna.set_user_attr("val_loss", 0.5)
    json.dumps(plots_of(diverged, "val_loss", "minimize"), allow_nan=False)
