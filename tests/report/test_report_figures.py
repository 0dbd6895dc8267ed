"""What is counted, estimated and drawn, against cases worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from io import StringIO

import numpy as np
import pytest
from made_studies import BEGIN, made_study, made_trial, mixed_trials
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState

from search.analysis.facts.busy import Clock, merged
from search.analysis.facts.cost import cost_of
from search.analysis.report import landscape
from search.analysis.report.drawing import ACCENT, GRID, INK, MUTED, ON_PAPER, PAPER, page_style
from search.analysis.report.pictures import picture
from search.analysis.report.pruning import pruning_of
from search.analysis.report.scales import ParameterScale, ValueScale, thinned
from search.analysis.report.snapshot import snapshot_of
from search.analysis.report.timeline import lanes
from search.study.trial_record import TrialRecord, trial_record
from search.text.formats import duration, number

NOW = BEGIN + timedelta(minutes=10)


def records(trials: Sequence[FrozenTrial]) -> list[TrialRecord]:
    return [*map(trial_record, trials)]


def test_what_pruning_saved_is_estimated_from_the_complete_trials() -> None:
    trials = [
        made_trial(0, 0.9, epochs=8, seconds=8.0),  # 1 s an epoch
        made_trial(1, 0.9, epochs=6, seconds=12.0),  # 2 s an epoch
        made_trial(2, 0.5, TrialState.PRUNED, epochs=1, seconds=9.0),  # slower than the median of 1.5 s
        made_trial(3, 0.5, TrialState.PRUNED, epochs=3, seconds=3.0),  # 1 s an epoch
        made_trial(4, 0.5, TrialState.PRUNED, epochs=2, stop_reason="loss not finite at epoch 2"),
    ]
    pruning = pruning_of(records(trials), budget=9)
    assert (pruning.pruned, pruning.otherwise) == (2, [("loss not finite", 1)])
    assert pruning.by_epoch == [(1, 1), (3, 1)]
    assert pruning.typical_epochs == 7
    assert pruning.epochs_saved == (7 - 1) + (7 - 3)
    assert pruning.seconds_saved == pytest.approx(6 * 1.5 + 4 * 1.0)
    assert pruning.most_epochs_saved == (9 - 1) + (9 - 3)


def test_without_a_complete_trial_nothing_is_estimated() -> None:
    pruning = pruning_of(records([made_trial(0, 0.5, TrialState.PRUNED, epochs=1)]), budget=9)
    assert (pruning.pruned, pruning.epochs_saved, pruning.seconds_saved) == (1, None, None)


def test_the_cost_counts_attempts_that_were_run_again_and_leaves_pauses_out() -> None:
    trials = [
        made_trial(0, 0.9, start=0, seconds=60, epochs=4),
        made_trial(1, None, TrialState.FAIL, start=30, seconds=60, requeued="its worker died"),
        made_trial(2, 0.9, start=300, seconds=60, epochs=5),
        made_trial(3, None, TrialState.RUNNING, start=570),
        made_trial(4, None, TrialState.WAITING),
    ]
    trials[4].datetime_start = None
    cost = cost_of(records(trials), NOW)
    assert cost.attempts == 4
    assert cost.epochs == 9
    assert cost.worker_seconds == 60 + 60 + 60 + 30
    assert cost.wall_seconds == 90 + 60 + 30
    assert (cost.begun, cost.ended) == (BEGIN, NOW)


def test_a_long_pause_is_cut_out_of_the_timeline_and_named() -> None:
    busy = merged((BEGIN + timedelta(seconds=s), BEGIN + timedelta(seconds=s + 50)) for s in (0, 51, 10_000))
    clock = Clock(busy, 0.08)
    assert clock.pauses == [(101.0, 9_899.0)]
    assert clock.at(BEGIN + timedelta(seconds=10_001)) == 102


def test_a_row_of_the_timeline_is_a_process_and_a_trial_without_one_goes_where_there_is_room() -> None:
    trials = [
        made_trial(0, 0.9, start=0, seconds=10, process=1),
        made_trial(1, 0.9, start=0, seconds=30, process=2),
        made_trial(2, None, TrialState.FAIL, start=10, seconds=5, process=None),
        made_trial(3, 0.9, start=16, seconds=10, process=1),
        made_trial(4, None, TrialState.FAIL, start=17, seconds=5, process=None),
    ]
    found = [(lane.worker, [trial.number for trial in lane.trials]) for lane in lanes(records(trials), NOW)]
    assert found == [("here, process 1", [0, 2, 3]), ("here, process 2", [1]), ("unknown worker 1", [4])]


def test_an_axis_keeps_its_best_value_and_cuts_off_diverged_ones() -> None:
    values = [*np.linspace(10, 14, 40), 1e6]
    worse_is_more = ValueScale.of(values, "minimize")
    assert worse_is_more.holds(10)
    assert not worse_is_more.holds(1e6)
    assert ValueScale.of(values, "maximize").holds(1e6)
    alike = ValueScale.of([3.0, 3.0], "maximize")
    assert alike.low < 3 < alike.high


def test_thinned_trials_are_spread_evenly_and_hold_those_to_keep() -> None:
    trials = [made_trial(number, 0.5) for number in range(1000)]
    numbers = [trial.number for trial in thinned(trials, 100, keep=(501,))]
    assert len(numbers) == 101
    assert 501 in numbers
    assert max(np.diff(numbers)) <= 11
    assert thinned(trials[:100], 100) == trials[:100]


def test_a_parameter_stands_where_its_scale_says() -> None:
    logarithmic = ParameterScale("rate", FloatDistribution(1e-4, 1e-2, log=True))
    assert logarithmic.share(1e-3) == pytest.approx(0.5)
    choices = ParameterScale("kind", CategoricalDistribution(("a", "b", True)))
    assert choices.labels() == [(0.0, "a"), (1.0, "b"), (2.0, "true")]
    assert ParameterScale.of("none of them", records([made_trial(0, 0.5)])) is None


@pytest.mark.parametrize("value", [0.5, 0.1])
def test_contours_are_drawn_only_where_values_differ(value: float) -> None:
    """Ties are common: accuracies of few rows."""
    equal = [made_trial(number, 0.5) for number in range(30)]
    facts = snapshot_of(made_study([*equal, made_trial(30, value)]), 5)
    with page_style():
        figure = landscape.contour(facts)
    assert figure is not None
    assert ("below" in figure) is False


def test_trials_on_one_line_have_no_contour_between_them() -> None:
    trials = [
        made_trial(n, 0.5 + n / 50, params={**made_trial(n, 0.5).params, "depth": 2}) for n in range(20)
    ]
    facts = snapshot_of(made_study(trials), 5)
    with page_style():
        figure = landscape.contour(facts)
    assert figure is not None
    assert "below" not in figure


@pytest.mark.parametrize("name", ["history", "importance", "parallel", "slice", "contour", "timeline", "gap"])
def test_a_picture_has_matplotlibs_figure_in_the_colours_of_paper(name: str) -> None:
    drawn = picture(made_study(mixed_trials(60)), name)
    written = StringIO()
    drawn.figure.set_size_inches(3, 2)  # with other ticks
    drawn.figure.savefig(written, format="svg")
    svg = written.getvalue()
    assert [stand_in for stand_in in (INK, MUTED, GRID, ACCENT, PAPER) if stand_in in svg] == []
    assert ON_PAPER["var(--ink)"] in svg


def test_every_mark_of_a_figure_names_its_trial() -> None:
    from search.analysis.report.figures import history

    facts = snapshot_of(made_study(mixed_trials(30)), 5)
    with page_style():
        figure = history(facts)
    assert figure is not None
    assert all(f"<title>trial {trial.number} (" in figure for trial in facts.scored)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.42, "0.4 s"), (9.96, "10 s"), (59.6, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (None, "–")],
)
def test_durations_are_short(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_numbers_are_short_and_never_wrong() -> None:
    shown = [number(value) for value in (0.97769, 12706.21, 1.3e-5, 0.0, float("inf"), None)]
    assert shown == ["0.9777", "12,706.2", "1.300e-5", "0.0000", "inf", "–"]
