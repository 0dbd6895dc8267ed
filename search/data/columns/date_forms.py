"""How dates are written: templates such as `D/M/YYYY h:mm AM`, their tokens, and the pattern that they stand for."""

from __future__ import annotations

import functools
import re

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORT = 3

# Those without padding (D, M, h: one digit or two) come after those with it: of two that fit the same texts, the
# earlier one is taken. Day before month, as in most of the world.
_DAYS_BY_YEAR = ("YYYY-MM-DD", "YYYY/MM/DD", "YYYY.MM.DD", "YYYYMMDD", "YYYY-M-D", "YYYY/M/D")
_DAYS_BY_DAY = (
    "DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY", "DD-MM-YYYY", "MM-DD-YYYY",
    "D/M/YYYY", "M/D/YYYY", "D.M.YYYY", "D-M-YYYY", "M-D-YYYY",
    "DD/MM/YY", "MM/DD/YY", "DD.MM.YY", "DD-MM-YY", "MM-DD-YY", "D/M/YY", "M/D/YY", "D.M.YY",
    "D-Mon-YYYY", "D Mon YYYY", "D. Mon YYYY", "Mon D, YYYY", "Mon D YYYY", "D-Mon-YY", "D Mon YY", "YYYY-Mon-D",
    "D/Mon/YYYY", "DMonYYYY", "Mon. D, YYYY", "Day, D Mon YYYY", "Day, Mon D, YYYY", "Day Mon D YYYY",
)  # fmt: skip
_MONTHS = ("YYYY-MM", "YYYY/MM", "MM/YYYY", "MM-YYYY", "Mon-YYYY", "Mon YYYY", "Mon, YYYY")
DAYS = (*_DAYS_BY_YEAR, *_DAYS_BY_DAY, *_MONTHS)
TIMES = (
    "hh:mm", "hh:mm:ss", "hh:mm:ss.f", "h:mm", "h:mm:ss", "h:mm AM", "h:mm:ss AM", "h:mmAM", "hhmmss", "hh.mm.ss",
)  # fmt: skip
# As C, web servers and SAS write them.
WHOLE = (
    "Day Mon D hh:mm:ss YYYY", "Day Mon D hh:mm:ss ±hhmm YYYY", "D/Mon/YYYY:hh:mm:ss ±hhmm", "D/Mon/YYYY:hh:mm:ss",
    "DMonYYYY:hh:mm:ss",
)  # fmt: skip
ZONES = ("", "Z", " UTC", " GMT", "±hh:mm", "±hhmm", "±hh", " ±hh:mm", " ±hhmm")

# No date is longer.
LONGEST = 60
_TOKEN = re.compile(r"UTC|GMT|Mon|Day|AM|YYYY|YY|MM|M|DD|D|±hh:mm|±hhmm|±hh|hh|h|mm|ss|f|(?s:.)")
_ZONE = re.compile(r"±hh:?(mm)?")


def tokens(template: str) -> list[str]:
    """`D/M/YYYY` as D, /, M, /, YYYY; anything else than a field stands for itself."""
    return _TOKEN.findall(template)


def without_zone(template: str) -> str:
    return _ZONE.sub("", template)


def has_year(template: str) -> bool:
    return "YY" in template


def has_short_year(template: str) -> bool:
    return "YY" in template.replace("YYYY", "")


def has_day(template: str) -> bool:
    return "D" in template.replace("Day", "")


def has_time(template: str) -> bool:
    return "mm" in without_zone(template)


@functools.lru_cache(maxsize=512)
def pattern(template: str) -> re.Pattern[str]:
    """With a group for each field, named as `FIELDS` has it: year, month, day, hour, minute, second, …"""
    return re.compile("".join(map(_pattern_of, tokens(template))), re.ASCII | re.IGNORECASE)


def month_named(name: str) -> int:
    """1 for Jan or January, in any case of letters."""
    return 1 + next(index for index, month in enumerate(MONTHS) if month[:SHORT] == name[:SHORT].casefold())


def month_spellings(index: int) -> tuple[str, ...]:
    """Of the month `index`, counted from 0: short, in full, and Sept."""
    month = MONTHS[index]
    return tuple(dict.fromkeys((month[:SHORT], month, *(["sept"] if month == "september" else []))))


def weekday_spellings() -> tuple[str, ...]:
    return tuple(spelling for day in WEEKDAYS for spelling in (day[:SHORT], day))


def strftime_of(template: str) -> str:
    """The template as `strftime` has it, which writes points in time that are in UTC so, where it has an offset."""
    fields = tokens(template)
    half = {"hh": "%I", "h": "%I"} if "AM" in fields else {}
    return "".join({**_STRFTIME, **half}.get(field, field.replace("%", "%%")) for field in fields)


def _pattern_of(token: str) -> str:
    return _PATTERNS.get(token) or re.escape(token)


def _any_of(spellings: list[str]) -> str:
    return "|".join(sorted(spellings, key=len, reverse=True))


_PATTERNS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<short_year>\d\d)",
    "MM": r"(?P<month>\d\d)",
    "M": r"(?P<month>\d\d?)",
    "Mon": f"(?P<month_name>{_any_of([text for index in range(12) for text in month_spellings(index)])})",
    "DD": r"(?P<day>\d\d)",
    "D": r"(?P<day>\d\d?)",
    "Day": f"(?:{_any_of(list(weekday_spellings()))})",
    "hh": r"(?P<hour>\d\d)",
    "h": r"(?P<hour>\d\d?)",
    "mm": r"(?P<minute>\d\d)",
    "ss": r"(?P<second>\d\d)",
    "f": r"(?P<fraction>\d{1,9})",
    "AM": "(?P<half>[ap]m)",
    "±hh:mm": r"(?P<sign>[+-])(?P<zone_hour>\d\d):(?P<zone_minute>\d\d)",
    "±hhmm": r"(?P<sign>[+-])(?P<zone_hour>\d\d)(?P<zone_minute>\d\d)",
    "±hh": r"(?P<sign>[+-])(?P<zone_hour>\d\d)",
}
# Two digits where one would do are read alike.
_STRFTIME = {
    "YYYY": "%Y",
    "YY": "%y",
    "MM": "%m",
    "M": "%m",
    "Mon": "%b",
    "DD": "%d",
    "D": "%d",
    "Day": "%a",
    "hh": "%H",
    "h": "%H",
    "mm": "%M",
    "ss": "%S",
    "f": "%f",
    "AM": "%p",
    "±hh:mm": "+00:00",
    "±hhmm": "+0000",
    "±hh": "+00",
}
