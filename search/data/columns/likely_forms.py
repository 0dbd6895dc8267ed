"""What texts or whole numbers look like that are read as nothing but that: words for messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

import numpy as np

from search.data.columns.date_forms import LONGEST, month_spellings
from search.data.rows.raw import Array

_ODD_SHARE = 0.1
_WITH_UNIT = re.compile(r"[<>~≤≥]?\s*[+-]?\d+([.,]\d{3})*([.,]\d+)?\s*[^\d\s]{0,12}")
_DURATION = re.compile(r"\d+(:[0-5]\d){1,2}([.,]\d+)?", re.ASCII)
_MONTH_NAMES = "|".join(spelling for index in range(12) for spelling in month_spellings(index))
# With a year of four digits, or slashes: 978-0-505, 7-9-2 and 1.0.7 are codes.
_DATE_LIKE = re.compile(
    r"(?<![\d/.-])("
    r"(1[5-9]|2[01])\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](1[5-9]|2[01])\d\d|\d{1,2}/\d{1,2}/\d\d"
    rf")(?![\d/.-])|\b({_MONTH_NAMES})\b.*\d",
    re.ASCII | re.IGNORECASE,
)
# Whole numbers that could be times: from 2000 to 2035, in seconds.
_EPOCH = (946_684_800, 2_051_222_400)


def likely_form(texts: Collection[str]) -> str:
    """ "its values look like …" where nine in ten do, else ""."""
    if with_unit := _most(texts, lambda text: _WITH_UNIT.fullmatch(text) is not None):
        return f"its values look like numbers with a unit or a mark, such as {with_unit!r}"
    if date := _most(texts, looks_like_a_date):
        return f"its values look like dates, such as {date!r}, of no form that is read (write 2025-03-31)"
    return ""


def likely_durations(texts: Collection[str]) -> str:
    """ "its values look like durations …" where nine in ten do, else "". Those below a day are times, too."""
    duration = _most(texts, lambda text: _DURATION.fullmatch(text) is not None)
    return (
        f"its values look like durations, such as {duration!r} (write minutes, or seconds)"
        if duration
        else ""
    )


def looks_like_a_date(text: str) -> bool:
    """Whether a reader would take it for one, of whatever form."""
    return len(text) <= LONGEST and _DATE_LIKE.search(text) is not None


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


def _most(texts: Collection[str], looks_so: Callable[[str], bool]) -> str:
    """One that looks so, where most do."""
    alike = [text for text in texts if looks_so(text)]
    return alike[0] if len(alike) > (1 - _ODD_SHARE) * len(texts) else ""
