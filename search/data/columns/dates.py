"""Days since 1970-01-01 of dates in text whose template is known, by NumPy.

`dates_in_graph` computes the same inside a Keras model, `date_recognition` finds the template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.data.columns.date_forms import has_day, has_time, has_year, month_named, pattern
from search.data.rows.raw import Array

DAYS_PER_YEAR = 365.2425
HOURS_PER_DAY = 24
MINUTES_PER_DAY = 1440
SECONDS_PER_DAY = 86_400
# Two digits of a year are of 1969 to 2068, as POSIX has it.
FIRST_SHORT_YEAR = 69

# Texts at a time: each match takes a hundred times the memory of a day.
_BLOCK = 50_000


def days_since_1970(values: Iterable[str] | Array, template: str) -> NDArray[np.float64]:
    """Days, with the time as a fraction, in UTC where there is an offset; NaN where a text does not fit. (rows,).

    Of a time alone, the fraction; of a month, its first day.
    """
    texts = list(values)
    distinct = list(dict.fromkeys(texts))
    day_of: dict[str, float] = {}
    for start in range(0, len(distinct), _BLOCK):
        day_of |= _days_of_texts(distinct[start : start + _BLOCK], template)
    return np.array([day_of.get(text, np.nan) for text in texts])


def days_of(fields: Mapping[str, Any], xp: Any) -> tuple[Any, Any]:
    """Days since 1970-01-01 from the fields of dates, and whether such a date exists; by NumPy or `keras.ops` (`xp`).

    Days by Howard Hinnant's `days_from_civil` (chrono-compatible low-level date algorithms): the year starts in
    March, which puts the leap day last.
    """
    days: Any = 0.0
    exists: Any = True
    if "year" in fields or "short_year" in fields:
        days, exists = _days_of_date(fields, xp)
    hour = fields.get("hour")
    if hour is not None:
        if "half" in fields:
            exists = _all(xp, exists, hour >= 1, hour <= 12)
            hour = hour - 12.0 * _number(xp, hour >= 12) + 12.0 * fields["half"]
        exists = _all(xp, exists, hour < HOURS_PER_DAY, fields["minute"] < 60)
        days = days + hour / HOURS_PER_DAY + fields["minute"] / MINUTES_PER_DAY
    if "second" in fields:
        exists = _all(xp, exists, fields["second"] < 60)
        days = days + (fields["second"] + fields.get("fraction", 0.0)) / SECONDS_PER_DAY
    if "sign" in fields:
        minutes = fields["zone_hour"] * 60 + fields.get("zone_minute", 0.0)
        exists = _all(xp, exists, fields["zone_hour"] < HOURS_PER_DAY, minutes < MINUTES_PER_DAY)
        days = days - fields["sign"] * minutes / MINUTES_PER_DAY
    return days, exists


def periods(template: str) -> tuple[float, ...]:
    """Days of the cycles that a date's place in is a feature: year, week, and day, where it is known that exactly."""
    known = ((DAYS_PER_YEAR, has_year(template)), (7.0, has_day(template)), (1.0, has_time(template)))
    return tuple(period for period, told in known if told)


def _days_of_texts(texts: Sequence[str], template: str) -> dict[str, float]:
    """Days of the texts that are dates of the template."""
    matches = {text: match for text in texts if (match := pattern(template).fullmatch(text)) is not None}
    if not matches:
        return {}
    fields = {
        name: np.array(
            [_NUMBER_OF.get(name, float)(match[name]) for match in matches.values()], dtype=np.float64
        )
        for name in pattern(template).groupindex
    }
    days, exists = days_of(fields, np)
    known = np.broadcast_to(np.where(exists, days, np.nan), len(matches))
    return {text: day for text, day in zip(matches, known.tolist(), strict=True) if day == day}


def _days_of_date(fields: Mapping[str, Any], xp: Any) -> tuple[Any, Any]:
    if "short_year" in fields:
        short = fields["short_year"]
        year = short + 2000.0 - 100.0 * _number(xp, short >= FIRST_SHORT_YEAR)
    else:
        year = fields["year"]
    month = fields["month"] if "month" in fields else fields["month_name"]
    day = fields.get("day", xp.ones_like(month))
    # By functions, since == of two tensors of a graph asks whether they are one object.
    in_thirty = sum(_number(xp, xp.equal(month, number)) for number in (4, 6, 9, 11))
    fourth, hundredth, four_hundredth = (
        _number(xp, xp.equal(xp.floor(year / years) * years, year)) for years in (4, 100, 400)
    )
    leap = fourth - hundredth + four_hundredth
    longest = 31.0 - in_thirty - _number(xp, xp.equal(month, 2)) * (3.0 - leap)
    exists = _all(xp, year >= 1, month >= 1, month <= 12, day >= 1, day <= longest)
    early = _number(xp, month <= 2)
    year = year - early
    era = xp.floor(year / 400)
    year_of_era = year - era * 400
    day_of_year = xp.floor((153 * (month - 3 + 12 * early) + 2) / 5) + day - 1
    leap_days = xp.floor(year_of_era / 4) - xp.floor(year_of_era / 100)
    return era * 146_097 + year_of_era * 365 + leap_days + day_of_year - 719_468, exists


def _all(xp: Any, *conditions: Any) -> Any:
    result = conditions[0]
    for condition in conditions[1:]:
        result = xp.logical_and(result, condition)
    return result


def _number(xp: Any, condition: Any) -> Any:
    return condition.astype(np.float64) if xp is np else xp.cast(condition, "float64")


# How the text of a field becomes a number, where it is none.
_NUMBER_OF: dict[str, Callable[[str], float]] = {
    "month_name": month_named,
    "half": lambda half: int(half.casefold() == "pm"),
    "sign": lambda sign: -1 if sign == "-" else 1,
    "fraction": lambda digits: int(digits) / 10 ** len(digits),
}
