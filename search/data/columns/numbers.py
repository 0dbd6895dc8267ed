"""Numbers as people write them: 1,234.5 and 1.234,5 and 1 234, $1,244.59 and 45 %, (12) for -12.

The separators are those of a whole column: one value alone, such as 1,234, can mean two numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from search.data.columns.missing import MISSING

_FLAGS = re.ASCII
# What float() takes beyond this, such as 1_000 and digits of other scripts, is text.
PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,9})?|[+-]?(inf|infinity)", _FLAGS | re.IGNORECASE)
_CURRENCY = "[A-Z]{0,3}[$€£¥₹₽₩₺]|USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|BRL|ZAR"
_WRITTEN = re.compile(
    rf"(?P<open>\()?(?P<sign>[+-])?[ ]?(?P<before>{_CURRENCY})?[ ]?(?P<inner>[+-])?"
    r"(?P<body>\d[\d.,'’ ]*|\.\d+)(?P<exponent>[eE][+-]?\d{1,3})?"
    rf"[ ]?(?P<after>%|{_CURRENCY})?(?P<close>\))?",
    _FLAGS,
)
# Blanks that do not break, and the minus sign of typesetting.
_PLAINER = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-"})
_DIGITS = r"(\d+|\d{1,2}(,\d{2})+,\d{3}|[1-9]\d{0,2}(,\d{3})+)"


@dataclass(frozen=True)
class _Style:
    """What the body of a number may look like, which of its characters only group, and which is the point."""

    example: str
    body: re.Pattern[str]
    grouping: str
    point: str = "."


# The first that reads the most rows is taken.
_STYLES = (
    _Style("1234.5", re.compile(r"\d+(\.\d*)?|\.\d+", _FLAGS), ""),
    _Style("1,234.5", re.compile(rf"{_DIGITS}(\.\d*)?|\.\d+", _FLAGS), ","),
    _Style("1.234,5", re.compile(r"(\d+|[1-9]\d{0,2}([. ]\d{3})+)(,\d*)?", _FLAGS), ". ", ","),
    _Style("1 234.5", re.compile(r"(\d+|[1-9]\d{0,2}( \d{3})+)(\.\d*)?", _FLAGS), " "),
    _Style("1'234.5", re.compile(r"(\d+|[1-9]\d{0,2}(['’]\d{3})+)(\.\d*)?", _FLAGS), "'’"),
)
_MARKS = {",": "commas", ".": "points", " ": "blanks", "'": "apostrophes", "’": "apostrophes"}
_ONE_GROUP = re.compile(r"[1-9]\d{0,2},\d{3}", _FLAGS)


@dataclass(frozen=True)
class Numbers:
    """`plain` maps each text that is a number to how Python writes it; `form` says how they were written, if oddly.

    `written` says the same for `numbers_written`: the unit, if there is one, and 1234.5 as these write it.
    """

    plain: Mapping[str, str]
    strays: tuple[str, ...]
    form: str = ""
    written: str = ""

    def example(self) -> str:
        """How one was read, where that is no matter of course: `'1,234' is 1234`."""
        text, plain = next(
            ((text, plain) for text, plain in self.plain.items() if text != plain),
            next(iter(self.plain.items())),
        )
        return f"{text!r} is {plain}"


@dataclass(frozen=True)
class _Parts:
    sign: str
    body: str
    exponent: str
    unit: str


def is_number(field: str) -> bool:
    """Whether a field is one as programs write them, and no word for missing."""
    try:
        float(field)
    except ValueError:
        return False
    return field not in MISSING


def read_numbers(rows: Mapping[str, int]) -> Numbers:
    """Which of a column's texts are numbers, by the one way of writing that reads the most rows.

    `rows` has the rows of each distinct text, of which none is a word for missing.
    """
    plain = {text: text for text in rows if PLAIN.fullmatch(text)}
    if len(plain) == len(rows):
        return Numbers(plain, ())
    of_unit: dict[str, dict[str, _Parts]] = {}
    for text in rows:
        if (found := _parts(text)) is not None:
            of_unit.setdefault(found.unit, {})[text] = found
    most = _total(rows, plain)
    best: tuple[_Style, dict[str, _Parts]] | None = None
    for style in _ordered([part.body for parts in of_unit.values() for part in parts.values()]):
        for parts in of_unit.values():
            read = {text: part for text, part in parts.items() if style.body.fullmatch(part.body)}
            if (total := _total(rows, read)) > most:
                best, most = (style, read), total
    form = written = ""
    if best is not None:
        style, read = best
        plain, form = {text: _plainly(part, style) for text, part in read.items()}, _form(style, read)
        written = f"{next(iter(read.values())).unit} {style.example}".strip()
    return Numbers(plain, tuple(text for text in rows if text not in plain), form, written)


def numbers_written(texts: Iterable[str], written: str) -> dict[str, str]:
    """Those of the texts that are numbers of one way of writing, `Numbers.written`, by how Python writes them."""
    if not written:
        return {text: text for text in texts if PLAIN.fullmatch(text)}
    style = next((style for style in _STYLES if written.endswith(style.example)), _STYLES[0])
    unit = written.removesuffix(style.example).strip()
    parts = {text: part for text in texts if (part := _parts(text)) is not None and part.unit == unit}
    return {text: _plainly(part, style) for text, part in parts.items() if style.body.fullmatch(part.body)}


def _parts(text: str) -> _Parts | None:
    found = _WRITTEN.fullmatch(text.translate(_PLAINER).strip())
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    if (found["before"] and found["after"]) or (found["sign"] and found["inner"]):
        return None
    negative = "-" in (found["sign"], found["inner"])
    if found["open"] and (found["sign"] or found["inner"]):
        return None
    unit = found["before"] or found["after"] or ""
    return _Parts(
        "-" * (negative or bool(found["open"])), found["body"].strip(), found["exponent"] or "", unit
    )


def _ordered(bodies: list[str]) -> list[_Style]:
    """The styles, decimal commas before those between thousands where a larger number stands there without one."""
    one_group = [body for body in bodies if "," in body]
    styles = list(_STYLES)
    two_meanings = bool(one_group) and all(map(_ONE_GROUP.fullmatch, one_group))
    # Of more digits than the smallest with a comma: many write 9999 beside 10,500.
    grouped_digits = min((len(body) - 1 for body in one_group), default=0)
    if two_meanings and any(body.isdigit() and len(body) >= grouped_digits for body in bodies):
        styles[1], styles[2] = styles[2], styles[1]
    return styles


def _plainly(part: _Parts, style: _Style) -> str:
    body = "".join(letter for letter in part.body if letter not in style.grouping)
    return f"{part.sign}{body.replace(style.point, '.')}{part.exponent}"


def _form(style: _Style, read: Mapping[str, _Parts]) -> str:
    """How these were written, all in one unit, by what stands in them: `in € with decimal commas`."""
    unit = next(iter(read.values())).unit
    marks = {mark for part in read.values() for mark in part.body if not mark.isdigit()}
    between = sorted({_MARKS[mark] for mark in marks if mark in style.grouping})
    told = [f"{' and '.join(between)} between thousands"] if between else []
    told += ["decimal commas"] if style.point in marks - {"."} else []
    words = [
        *(["in percent" if unit == "%" else f"in {unit}"] if unit else []),
        *([f"with {' and '.join(told)}"] if told else []),
        *(["in brackets where negative"] if any("(" in text for text in read) else []),
    ]
    return " ".join(words) or "in another form"


def _total(rows: Mapping[str, int], texts: Iterable[str]) -> int:
    return sum(rows[text] for text in texts)
