"""Which template the dates of a column have: the one that the most rows fit."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from search.data.columns.date_forms import (
    DAYS,
    LONGEST,
    TIMES,
    WHOLE,
    ZONES,
    has_short_year,
    has_time,
    has_year,
    pattern,
)
from search.data.columns.dates import HOURS_PER_DAY, SECONDS_PER_DAY, days_since_1970

_SAMPLE = 50
_MONTH_AND_DAY = re.compile(r"(MM?|DD?)([/.-])(MM?|DD?)(?=\2Y)")
# Forms that need no word about how they were read.
_USUAL = ("YYYY-MM-DD", "YYYY/MM/DD", "DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY")


@dataclass(frozen=True)
class Recognised:
    """`ambiguous` where day and month could be the other way round; `strays` are texts that fit no date."""

    template: str
    dates: frozenset[str]
    strays: tuple[str, ...]
    ambiguous: bool

    @property
    def what(self) -> str:
        """What these are: dates, or times of a day that nothing tells."""
        return "dates" if has_year(self.template) else "times of a day"

    @property
    def unusual(self) -> bool:
        """Whether a reader should be told how these were read."""
        return not self.template.startswith(_USUAL) or any(
            mark in self.template for mark in ("f", "AM", "±", "UTC", "GMT")
        )

    def example(self) -> str:
        """`'4/5/2016' is 2016-05-04`; where the century is a guess, the latest date: it is the first to be wrong."""
        text = min(self.dates)
        if has_short_year(self.template):
            ordered = sorted(self.dates)
            text = ordered[int(np.argmax(days_since_1970(ordered, self.template)))]
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
    candidates = sorted((one for one, count in votes.items() if 2 * count >= most_votes), key=_rank)
    best, dates, most = "", frozenset[str](), 0
    for template in candidates:
        fitting = _fitting(possible, template)
        weight = sum(rows[text] for text in fitting)
        if weight > most:
            best, dates, most = template, fitting, weight
        if len(dates) == len(possible):
            break  # none fits more rows, and each pass over a million dates takes seconds
    if not best:
        return None
    exchanged = _month_and_day_exchanged(best)
    return Recognised(
        template=best,
        dates=dates,
        strays=tuple(text for text in rows if text not in dates),
        ambiguous=exchanged in candidates
        and sum(rows[text] for text in _fitting(possible, exchanged)) == most,
    )


def _fitting(texts: Sequence[str], template: str) -> frozenset[str]:
    """Those that are dates of the template."""
    return frozenset(itertools.compress(texts, np.isfinite(days_since_1970(texts, template))))


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
    """MM/DD/YYYY for DD/MM/YYYY; "" where a template has no such form."""
    exchanged, times = _MONTH_AND_DAY.subn(r"\3\2\1", template)
    return exchanged if times else ""
