"""A temperature in plain sentences."""

from __future__ import annotations

from search.conclusion.calibration.fitting import Calibration
from search.conclusion.statistics.intervals import half_of
from search.conclusion.statistics.words import amount, level
from search.text.formats import number


def sentences(found: Calibration, *, of_folds: bool = False, tested: bool = False) -> list[str]:
    """What the temperature is, what it gains, and whether it is in the file, or was `tested`.

    `of_folds`: it was fitted by all their rows.
    """
    rows = f"{found.rows:,} validation rows" if not of_folds else f"{found.rows:,} rows of the folds"
    told = [
        f"logits divided by {number(found.temperature)} suit the {rows} best: cross-entropy "
        f"{level(found.crossentropy, None, 'crossentropy')} for {level(found.before, None, 'crossentropy')} there"
    ]
    if found.gain:
        which = "better" if found.gain > 0 else "worse"
        by = amount(abs(found.gain), half_of(found.gain_interval), "crossentropy")
        told.append(f"each half of the rows by the number of the other half is {by} {which}")
    if found.kept:
        return [
            *told,
            f"so the logits {'were divided by it for the test' if tested else 'are divided by it in the file'}",
        ]
    return [*told, "that is not better, so nothing is divided: the probabilities are as they were"]
