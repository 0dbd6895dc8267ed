"""Where a study stands while it runs, in words: what every live view shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.driving.remaining import span
from search.references.words import values_in_words
from search.text import formats
from spaces.wording import quantity

if TYPE_CHECKING:
    from search.driving.progress import Progress

Row = tuple[str, ...]


def standing_rows(progress: Progress) -> list[tuple[str, str, str]]:
    """What, how it is, and what there is to say beside it: trials, how they ended, the best, pace."""
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(progress.states.items())) or "none yet"
    best = (
        "none yet"
        if progress.best is None
        else f"{formats.number(progress.best)} (trial {progress.best_number})"
    )
    # Until an epoch has ended, workers start: neither is there a pace, nor is their start in the time left.
    pace = f"{quantity(progress.epochs_per_second(), 2)} epochs/s" if progress.epochs else "no epoch yet"
    left = f", about {span(progress.time_left())} left" if progress.epochs else ""
    return [
        ("trials", f"{progress.finished:,}/{progress.budget:,}", ""),
        ("ended", states, ""),
        (f"best {progress.metric}", best, ""),
        ("pace", pace, f"{formats.clock(progress.seconds())} gone{left}"),
    ]


def compared_with(progress: Progress) -> str:
    """What the best is to be compared with; empty before something is known."""
    values = values_in_words(progress.references, progress.metric)
    return f"to compare with: {values}" if values else ""


def running_columns(progress: Progress) -> Row:
    return "trial", "epoch", progress.metric, "what it is"


def running_rows(progress: Progress) -> list[Row]:
    """A row for each trial that is trained now."""
    return [
        (
            str(number),
            f"{trial.epoch:,}/{progress.epochs_of_a_trial:,}",
            "" if trial.value is None else formats.number(trial.value),
            trial.what,
        )
        for number, trial in list(progress.running.items())
    ]
