"""How long a study still takes."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest

from search.analysis.terminal.lines import PlainLines
from search.analysis.terminal.live_table import LiveTable
from search.driving.dispatcher import Dispatcher
from search.driving.progress import Progress
from search.driving.remaining import Interval, left_forms, left_words, remaining_time, span, sums_to_come
from search.text.printable import open_console
from search.workers.messages import EpochEvent, TrialOutcome
from spaces import Hyperparameters


def test_equal_trials_take_their_sum_divided_by_the_workers() -> None:
    one = remaining_time([10.0] * 9, trials=6, workers=1)
    assert one is not None
    assert (one.low, one.middle, one.high) == (60, 60, 60)
    two = remaining_time([10.0] * 9, trials=6, workers=2)
    assert two is not None
    assert two.middle == 30 + 2.5  # and half a trial's wait at the end, for half of the workers


def test_what_running_trials_have_run_already_is_taken_off() -> None:
    left = remaining_time([10.0] * 9, trials=2, workers=2, elapsed=[9, 1])
    assert left is not None
    assert left.middle == 5 + 2.5


def test_nothing_is_said_of_one_trial_and_nothing_is_left_at_the_end() -> None:
    assert remaining_time([9.0], trials=5, workers=1) is None
    assert left_forms(None, 0) == ("time left is known after 2 trials", "time left after 2 trials")
    assert left_words(None, 1) == "time left after one more trial"
    assert left_forms(None, 0, limit=90.0) == ("at most 1:30 left",)
    end = remaining_time([9.0, 1.0, 2.0, 3.0], trials=0, workers=1)
    assert end is not None
    assert end.high == 0


def test_a_workers_first_trial_does_not_count() -> None:
    left = remaining_time([100.0, 100.0, *[1.0] * 8], trials=10, workers=2)
    assert left is not None
    assert left.high < 10


def test_two_trials_tell_how_long_the_others_take_at_most() -> None:
    two = remaining_time([9.0, 7.0], trials=4, workers=2, elapsed=[1.0, 1.0])
    assert two is not None
    assert (two.low, two.middle, two.high) == (0, (8 * 4 - 2) / 2 + 2, (3 * 9 * 4 - 2) / 2 + 2)
    three = remaining_time([9.0, 7.0, 1.0], trials=4, workers=2)
    assert three is not None
    assert three.middle == 2 + 0.25, "a start-up is in the first of each worker"


@pytest.mark.parametrize("trials", [1, 3, 20])
def test_nine_in_ten_bounds_from_two_trials_hold_the_truth(trials: int) -> None:
    random = np.random.default_rng(trials)
    hits = 0
    for _ in range(2000):
        durations = random.exponential(1, 2 + trials)
        left = remaining_time(durations[:2].tolist(), trials, workers=1)
        assert left is not None
        hits += durations[2:].sum() <= left.high
    assert 0.88 <= hits / 2000 <= 0.95


def test_nine_in_ten_intervals_hold_the_truth() -> None:
    """Skewed durations, as pruning makes them: the true sum of 40 further trials lies inside."""
    random = np.random.default_rng(5)
    hits = 0
    for _ in range(200):
        durations = random.exponential(1, 80)
        left = remaining_time([9.0, *durations[:40]], trials=40, workers=1)
        assert left is not None
        hits += left.low <= durations[40:].sum() <= left.high
    assert 0.8 <= hits / 200 <= 0.97


@pytest.mark.parametrize("ended", [20, 40])
def test_nine_in_ten_intervals_hold_epochs_and_pruned_trials_to_come(ended: int) -> None:
    """Of a study whose trials end at a rung two times in three; the mean's own interval held a third of them."""
    random = np.random.default_rng(ended)
    hits = {"epochs": 0, "pruned": 0}
    for study in range(300):
        pruned = random.random(2 * ended) < 2 / 3
        epochs = np.where(pruned, 10, random.integers(10, 31, 2 * ended))
        for name, of in (("epochs", epochs), ("pruned", pruned)):
            told = Interval.of(sums_to_come(of[:ended], ended, study))
            hits[name] += told.low <= of[ended:].sum() <= told.high
    assert all(0.85 <= held / 300 <= 0.97 for held in hits.values()), hits


def test_many_trials_are_no_slower_and_agree_with_few() -> None:
    durations = [*np.random.default_rng(1).uniform(1, 3, 100)]
    few, many = (remaining_time(durations, trials, workers=1) for trials in (1000, 1_000_000))
    assert few is not None
    assert many is not None
    assert abs(many.middle / few.middle - 1000) < 20


def test_an_interval_in_words() -> None:
    left = remaining_time([10.0] * 4, trials=360, workers=1)
    assert left is not None
    assert span(left) == "1:00:00"
    assert span(Interval(65.0, 80.0, 110.0)) == "1:20 (1:05 to 1:50)"
    assert span(Interval(0.0, 0.0, 0.0)) == "0:00"


def standing(**changes: Any) -> Progress:
    return Progress("one", "val_accuracy", "maximize", epochs_of_a_trial=9, **changes)


def test_a_running_study_tells_its_time_left_with_an_interval() -> None:
    lines: list[str] = []
    progress = standing(budget=10, durations=[60.0] * 4, finished=4)
    told = Dispatcher(progress, PlainLines(lines.append))
    told.trial_started(4, Hyperparameters(), "32 relu")
    told.trial_ended(4, TrialOutcome("complete", 3, 0.5))
    assert re.search(r"left \d:\d\d(:\d\d)? \(.* to .*\)$", lines[0])
    assert progress.durations[:4] == [60.0] * 4
    assert progress.running == {}


def test_the_time_left_ends_with_the_time_limit() -> None:
    left = standing(budget=10_000, durations=[60.0] * 4, timeout=600.0).time_left()
    assert left is not None
    assert left.low == left.high == pytest.approx(600.0, abs=5.0)


def test_an_attempt_that_is_run_again_is_no_duration() -> None:
    told = Dispatcher(standing(budget=10))
    told.trial_started(0, Hyperparameters(), "32 relu")
    told.trial_requeued(0, "its worker died")
    assert told.progress.durations == [] == [*told.progress.running]


def test_before_an_epoch_has_ended_the_table_tells_no_pace() -> None:
    """As after a resume: the time left is that of the trials that are there, without the start of the workers."""
    screen = io.StringIO()
    progress = standing(budget=9, finished=4, durations=[3.0] * 4)
    console = open_console(file=screen, width=100)
    table = LiveTable(console, print)
    console.print(table.drawn(progress))
    assert "about 0:15 left" in screen.getvalue()
    assert "once workers have started" in screen.getvalue()
    assert "epochs/s" not in screen.getvalue()
    Dispatcher(progress, table).epoch_ended(EpochEvent(4, 1, 0.5, {}))
    progress.started -= 100
    console.print(table.drawn(progress))
    assert "0.01 epochs/s" in screen.getvalue()
