"""Dates in text: which template a column has, and days since 1970-01-01 of its texts, by NumPy.

`dates_in_graph` computes the same inside a Keras model.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.data.date_forms import (
    DAYS,
    LONGEST,
    TIMES,
    WHOLE,
    ZONES,
    has_day,
    has_time,
    has_year,
    month_named,
    pattern,
)
from search.data.raw import Array

DAYS_PER_YEAR = 365.2425
HOURS_PER_DAY = 24
MINUTES_PER_DAY = 1440
SECONDS_PER_DAY = 86_400
# Two digits of a year are of 1969 to 2068, as POSIX has it.
FIRST_SHORT_YEAR = 69

_SAMPLE = 50
# Texts at a time: each match takes a hundred times the memory of a day.
_BLOCK = 50_000
# Forms that need no word about how they were read.
_USUAL = ("YYYY-MM-DD", "YYYY/MM/DD", "DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY")
# Whole numbers that could be times: from 2000 to 2035, in seconds.
_EPOCH = (946_684_800, 2_051_222_400)


@dataclass(frozen=True)
class Recognised:
    """`ambiguous` where day and month could be the other way round; `strays` are texts that fit no date."""

    template: str
    dates: frozenset[str]
    strays: tuple[str, ...]
    ambiguous: bool

    @property
    def unusual(self) -> bool:
        """Whether a reader should be told how these were read."""
        return not self.template.startswith(_USUAL) or any(
            mark in self.template for mark in ("f", "AM", "±", "UTC", "GMT")
        )

    def example(self) -> str:
        """`'4/5/2016' is 2016-05-04`."""
        text = min(self.dates)
        days = float(days_since_1970([text], self.template)[0])
        if not has_year(self.template):
            return f"{text!r} is {days * HOURS_PER_DAY:.4g} hours"
        # By NumPy: in UTC, a date of the year 9999 may be one of 10000.
        unit = "m" if has_time(self.template) else "D"
        moment = np.datetime64(round(days * SECONDS_PER_DAY), "s").astype(f"datetime64[{unit}]")
        return f"{text!r} is {str(moment).replace('T', ' ')}"


def recognise(rows: Mapping[str, int]) -> Recognised | None:
    """The template that the most rows fit, or None where no text is a date.

    `rows` has the rows of each distinct text. A date that does not exist (31 February) fits no template.
    """
    possible = [text for text in rows if len(text) <= LONGEST and text.isascii()]
    sample = possible[:: max(1, len(possible) // _SAMPLE)][:_SAMPLE]
    votes = Counter(itertools.chain.from_iterable(map(_templates_of, sample)))
    if not votes:
        return None
    most_votes = max(votes.values())
    fitting: dict[str, frozenset[str]] = {}
    for template in sorted((one for one, count in votes.items() if 2 * count >= most_votes), key=_rank):
        known = np.isfinite(days_since_1970(possible, template))
        fitting[template] = frozenset(itertools.compress(possible, known))
    weights = {template: sum(rows[text] for text in texts) for template, texts in fitting.items()}
    most = max(weights.values())
    if most == 0:
        return None
    best = next(template for template, weight in weights.items() if weight == most)
    return Recognised(
        template=best,
        dates=fitting[best],
        strays=tuple(text for text in rows if text not in fitting[best]),
        ambiguous=weights.get(_month_and_day_exchanged(best)) == most,
    )


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


def looks_like_times(values: Array) -> str | None:
    """What a column of whole numbers could be times in, or None; `values` is float64 (rows,), NaN where missing."""
    known = values[np.isfinite(values)]
    if (
        len(known) < 10
        or known.min() < 190_001
        or (known != np.floor(known)).any()
        or (known == known[0]).all()
    ):
        return None
    for unit, name in ((1, "seconds since 1970"), (1000, "milliseconds since 1970")):
        if known.min() >= _EPOCH[0] * unit and known.max() < _EPOCH[1] * unit:
            return name
    for digits, template in ((6, "YYYYMM"), (8, "YYYYMMDD"), (14, "YYYYMMDDhhmmss")):
        if 10 ** (digits - 1) <= known.min() and known.max() < 10**digits:
            first = known // 10 ** (digits - 6)
            year, month = first // 100, first % 100
            day = known // 10 ** (digits - 8) % 100 if digits > 6 else np.ones(len(known))
            if (
                (year >= 1900) & (year < 2100) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
            ).all():
                return f"dates written as {template}"
    return None


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


def _is_afternoon(half: str) -> int:
    return int(half.casefold() == "pm")


def _sign(sign: str) -> int:
    return -1 if sign == "-" else 1


def _part(digits: str) -> float:
    return int(digits) / 10 ** len(digits)


# How the text of a field becomes a number, where it is none.
_NUMBER_OF: dict[str, Callable[[str], float]] = {
    "month_name": month_named,
    "half": _is_afternoon,
    "sign": _sign,
    "fraction": _part,
}


def _templates_of(text: str) -> list[str]:
    """All templates that a text fits."""
    if not any(map(str.isdigit, text)):
        return []
    found = [form for form in (*DAYS, *WHOLE) if pattern(form).fullmatch(text)]
    for zone in ZONES:
        ended = _without_end(text, zone)
        if ended is None:
            continue
        for time in TIMES:
            if zone == "" and time != "hhmmss" and pattern(time).fullmatch(ended):
                found.append(time)
            found += _before_time(ended, time, zone)
    return found


def _without_end(text: str, zone: str) -> str | None:
    """`text` before its zone; None where it has another one."""
    if not zone:
        return text
    length = len(zone)
    return text[:-length] if length < len(text) and pattern(zone).fullmatch(text[-length:]) else None


def _before_time(text: str, time: str, zone: str) -> list[str]:
    found = []
    for between in (" ", "T"):
        day, separator, rest = text.partition(between) if between == "T" else _cut(text, time)
        if separator and pattern(time).fullmatch(rest):
            found += [f"{one}{between}{time}{zone}" for one in DAYS if pattern(one).fullmatch(day)]
    return found


def _cut(text: str, time: str) -> tuple[str, str, str]:
    """At the blank before the time, which may hold one itself."""
    parts = text.rsplit(" ", 1 + time.count(" "))
    return (parts[0], " ", " ".join(parts[1:])) if len(parts) > 1 else (text, "", "")


def _rank(template: str) -> tuple[int, int]:
    """The order of the forms: padded before unpadded, day before month."""
    by_day = next((index for index, day in enumerate(DAYS) if _begins(template, day)), len(DAYS))
    by_time = next((index for index, time in enumerate(TIMES) if time in template), len(TIMES))
    return by_day, by_time


def _begins(template: str, day: str) -> bool:
    return template == day or template.startswith((f"{day} ", f"{day}T"))


def _month_and_day_exchanged(template: str) -> str:
    for day in ("DD", "D"):
        month = day.replace("D", "M")
        for mark in "/.-":
            if f"{day}{mark}{month}{mark}Y" in template:
                return template.replace(f"{day}{mark}{month}", f"{month}{mark}{day}", 1)
            if f"{month}{mark}{day}{mark}Y" in template:
                return template.replace(f"{month}{mark}{day}", f"{day}{mark}{month}", 1)
    return ""
