"""Dates in text: which layout a column has, and days since 1970-01-01, in NumPy and inside a Keras graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.data.raw import Array

# Layouts of fixed width: Y, M, D, h, m, s stand for a digit of year, month, day, hour, minute, second.
# Of two that fit the same text, the earlier one is taken: day before month, as in most of the world.
TEMPLATES = (
    "YYYY-MM-DD",
    "YYYY-MM-DD hh:mm:ss",
    "YYYY-MM-DDThh:mm:ss",
    "YYYY-MM-DD hh:mm",
    "YYYY-MM-DDThh:mm",
    "YYYY-MM-DDThh:mm:ssZ",
    "YYYY/MM/DD",
    "DD/MM/YYYY",
    "MM/DD/YYYY",
    "DD.MM.YYYY",
)
LITERALS = "-/.: TZ"
DIGIT = 2  # index of "0" in TextVectorization's vocabulary: 0 is padding, 1 an unknown character
VOCABULARY = [*"0123456789", *LITERALS]
DAYS_PER_YEAR = 365.2425
SECONDS_PER_DAY = 86_400

_STRPTIME = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "hh": "%H", "mm": "%M", "ss": "%S"}


def recognise(values: Sequence[str]) -> tuple[str | None, bool]:
    """The template that every value fits, or None; and whether day and month could be the other way round.

    `values` are texts without missing ones. A date that does not exist (31 February) fits no template.
    """
    widths = {len(value) for value in values}
    if len(widths) != 1:
        return None, False
    width = widths.pop()
    fitting = [
        template
        for template in TEMPLATES
        if len(template) == width and bool(np.isfinite(days_since_1970(values, template)).all())
    ]
    if not fitting:
        return None, False
    return fitting[0], len(fitting) > 1


def days_since_1970(values: Sequence[str] | Array, template: str) -> NDArray[np.float64]:
    """Days, with the time as a fraction; NaN where a text does not fit. Shape (rows,)."""
    import pandas as pd

    text = pd.Series(np.asarray(values, dtype=object), dtype="str")
    pattern = "".join("[0-9]" if letter in "YMDhms" else f"[{letter}]" for letter in template)
    layout = template
    for letters, directive in _STRPTIME.items():
        layout = layout.replace(letters, directive, 1)
    fits = text.str.fullmatch(pattern).fillna(False).to_numpy(dtype=np.bool_)
    days = np.full(len(text), np.nan)
    parsed = pd.to_datetime(text[fits], format=layout, errors="coerce")
    if isinstance(parsed.dtype, pd.DatetimeTZDtype):
        parsed = parsed.dt.tz_localize(None)
    seconds = parsed.to_numpy(dtype="datetime64[s]")
    days[fits] = np.where(
        np.isnat(seconds), np.nan, seconds.astype(np.int64).astype(np.float64) / SECONDS_PER_DAY
    )
    return days


def has_time(template: str) -> bool:
    return "hh" in template


def periods(template: str) -> tuple[float, ...]:
    """Days of the cycles that a date's place in is a feature: year, week and, where there is a time, day."""
    return (DAYS_PER_YEAR, 7.0, *([1.0] if has_time(template) else []))


def days_in_graph(text: Any, template: str) -> tuple[Any, Any]:
    """Days since 1970-01-01 of a string tensor (rows, 1), and whether each text fits; both (rows, 1).

    Made of plain Keras, so that a saved model parses dates on its own. Days by Howard Hinnant's
    `days_from_civil` (chrono-compatible low-level date algorithms): the year starts in March, which puts the
    leap day last.
    """
    import keras
    from keras import ops

    width = len(template)
    # One character more than the template: a longer text must not pass for a date.
    characters = keras.layers.TextVectorization(
        standardize=None, split="character", output_sequence_length=width + 1, vocabulary=VOCABULARY
    )(text)
    codes = ops.cast(characters, "float64")
    lowest, highest = _allowed_codes(template)
    fits = ops.all(
        ops.logical_and(ops.greater_equal(codes, lowest), ops.less_equal(codes, highest)),
        axis=1,
        keepdims=True,
    )

    def field(letters: str) -> Any:
        start = template.index(letters)
        weights = np.zeros((width + 1, 1))
        weights[start : start + len(letters), 0] = 10.0 ** np.arange(len(letters) - 1, -1, -1)
        return ops.matmul(codes, weights) - DIGIT * weights.sum()

    year, month, day = field("YYYY"), field("MM"), field("DD")
    fits = ops.logical_and(fits, ops.logical_and(month >= 1, month <= 12))
    fits = ops.logical_and(fits, ops.logical_and(day >= 1, day <= 31))
    early = ops.cast(month <= 2, "float64")
    year = year - early
    era = ops.floor(year / 400)
    year_of_era = year - era * 400
    day_of_year = ops.floor((153 * (month - 3 + 12 * early) + 2) / 5) + day - 1
    leap_days = ops.floor(year_of_era / 4) - ops.floor(year_of_era / 100)
    days = era * 146_097 + year_of_era * 365 + leap_days + day_of_year - 719_468
    for letters, limit, seconds in (("hh", 24, 3600), ("mm", 60, 60), ("ss", 60, 1)):
        if letters in template:
            fits = ops.logical_and(fits, field(letters) < limit)
            days = days + field(letters) * (seconds / SECONDS_PER_DAY)
    return days, fits


def _allowed_codes(template: str) -> tuple[Array, Array]:
    lowest, highest = [], []
    for letter in template:
        if letter in "YMDhms":
            lowest.append(DIGIT)
            highest.append(DIGIT + 9)
        else:
            lowest.append(DIGIT + VOCABULARY.index(letter))
            highest.append(DIGIT + VOCABULARY.index(letter))
    return np.array([[*lowest, 0]], dtype=np.float64), np.array([[*highest, 0]], dtype=np.float64)
