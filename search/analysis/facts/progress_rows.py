"""Where a study stands while it runs, in words: what every live view shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from search.driving.remaining import left_forms
from search.references.words import TITLES, values_in_words
from search.text import formats
from spaces.wording import quantity

if TYPE_CHECKING:
    from search.driving.course import EndedTrial
    from search.driving.progress import Progress

_LEFT_OUT: tuple[tuple[str, ...], ...] = ((), ("complete",), ("complete", "pruned"))
Forms = tuple[str, ...]
"""The same in fewer and fewer words: a view takes the first that it has room for."""


@dataclass(frozen=True)
class TrialRow:
    """A trial of a live view: `how` it stands or ended, its metric, and the metric's course over its epochs."""

    number: str
    how: str
    value: str
    values: Sequence[float]
    seconds: str
    what: str


def states_forms(progress: Progress) -> Forms:
    """How trials ended since this command drives the study; in fewest words those that failed. Empty before one has."""
    states = [(state, f"{count:,} {state}") for state, count in sorted(progress.states.items())]
    told = [[words for state, words in states if state not in without] for without in _LEFT_OUT]
    return *(f"({', '.join(words)})" for words in told if words), ""


def best_forms(progress: Progress) -> Forms:
    """The best value, by name, and its trial."""
    if progress.best is None:
        return (f"no {progress.metric} yet",)
    value = f"{progress.metric} {formats.number(progress.best)}"
    return f"{value} (trial {progress.best_number})", value


def time_forms(progress: Progress, *, is_over: bool = False) -> Forms:
    """Time gone, time left unless the study `is_over`, and pace."""
    gone = f"{formats.clock(progress.seconds())} gone"
    left, *shorter = left_forms(progress.time_left(), len(progress.durations), progress.limit_left())
    pace = f", {quantity(progress.epochs_per_second(), 2)} epochs/s" if progress.epochs else ""
    if is_over:
        return f"{gone}{pace}", gone
    if not pace:
        # The start of workers is not in the time left.
        started = ", once workers have started" if left.startswith("about") else ""
        return f"{gone}, {left}{started}", *(f"{gone}, {form}" for form in (left, *shorter))
    return f"{gone}, {left}{pace}", *(f"{gone}, {form}" for form in (left, *shorter))


def beside_forms(progress: Progress) -> Forms:
    """What the best is to be compared with; empty where there is nothing and nothing is to come."""
    values = values_in_words(progress.references, progress.metric)
    if values:
        short = [part for part in values.split(", ") if not part.startswith(TITLES["constant"])]
        return values, ", ".join(short), short[-1]
    if progress.to_fit:
        return f"fitting {', '.join(TITLES[name] for name in progress.to_fit)}", "fitting reference models"
    return ("",)


def doing(progress: Progress) -> Forms:
    """What happens now, where no trial is seen to train; else empty."""
    begun = progress.epochs or progress.states or any(one.epoch for one in list(progress.running.values()))
    if progress.running and not begun:
        return (
            "starting: workers load TensorFlow and compile their first networks",
            "starting: TensorFlow, first networks",
        )
    if not progress.running and not begun:
        return f"starting {formats.plural(progress.workers, 'worker')}", "starting"
    missing = [TITLES[name] for name in progress.references.missing if name in progress.to_fit]
    if missing and progress.finished >= progress.budget:
        return f"trials are done; fitting {' and '.join(missing)}", "fitting reference models"
    return ("",)


def sections(progress: Progress) -> list[tuple[str, list[TrialRow]]]:
    """Trials that run, that ended last (the latest first), and the best ones; each under its name."""
    running = [
        TrialRow(
            str(number),
            f"{trial.epoch:,}/{progress.epochs_of_a_trial:,}",
            "" if trial.value is None else formats.number(trial.value),
            tuple(trial.values),
            formats.duration(progress.clock() - trial.begun),
            trial.what,
        )
        for number, trial in list(progress.running.items())
    ]
    course = progress.course
    return [
        ("running", running),
        ("last", [_ended(one) for one in reversed(course.latest)]),
        ("best", [_ended(one) for one in course.best]),
    ]


def _ended(trial: EndedTrial) -> TrialRow:
    """Of one that failed, why stands in place of what it was."""
    how = trial.state
    if trial.state == "pruned" and " at epoch " in trial.reason:
        how = f"pruned at {trial.reason.rpartition(' ')[2]}"
    failed = trial.value is None and trial.state != "pruned"
    return TrialRow(
        str(trial.number),
        how,
        "" if trial.value is None else formats.number(trial.value),
        trial.values,
        "" if trial.seconds is None else formats.duration(trial.seconds),
        trial.reason if failed and trial.reason else trial.what,
    )
