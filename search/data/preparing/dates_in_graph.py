"""Days of dates inside a Keras graph, so that a saved model reads the dates of its training file on its own.

A text is cut where digits, letters and other characters meet: `4/5/2016 9:30 PM` is the eleven segments 4, /, 5, /,
2016, blank, 9, :, 30, blank, PM. Each has a value: digits their number, letters a number to the base of 27, which tells
words apart exactly. So fields may have one digit or two, and months names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from search.data.columns.date_forms import month_spellings, tokens, weekday_spellings
from search.data.columns.dates import days_of

# TextVectorization counts 0 for padding and 1 for characters that it does not know.
_FIRST = 2
_DIGITS, _LETTERS, _MARKS = "0123456789", "abcdefghijklmnopqrstuvwxyz", "-/.:, +"
VOCABULARY = [*_DIGITS, *_LETTERS, *_MARKS]
_DIGIT, _LETTER, _MARK = 1.0, 2.0, 3.0
_LETTER_BASE = 27.0
_LONGEST_WORD = 9
_WIDTHS = {
    "YYYY": (4, 4), "YY": (2, 2), "MM": (2, 2), "M": (1, 2), "DD": (2, 2), "D": (1, 2), "hh": (2, 2), "h": (1, 2),
    "mm": (2, 2), "ss": (2, 2), "f": (1, 9),
}  # fmt: skip
_FIELD_OF = {
    "YYYY": "year", "YY": "short_year", "MM": "month", "M": "month", "DD": "day", "D": "day", "hh": "hour", "h": "hour",
    "mm": "minute", "ss": "second",
}  # fmt: skip


@dataclass(frozen=True)
class _Segment:
    """What stands between two cuts: `fields` in it have (name, digits after it in the segment, digits of its own)."""

    kind: float
    lengths: tuple[int, int]
    token: str = ""
    fields: tuple[tuple[str, int, int], ...] = ()


def days_in_graph(text: Any, template: str) -> tuple[Any, Any]:
    """Days since 1970-01-01 of a string tensor (rows, 1), and whether each text fits; both (rows, 1).

    Made of plain Keras, so that a saved model needs nothing else. As `dates.days_since_1970`.
    """
    import keras
    from keras import ops

    segments = _segments(template)
    # One character more than the longest text that fits: what is longer must not pass for a date.
    width = 1 + sum(segment.lengths[1] for segment in segments)
    characters = keras.layers.TextVectorization(
        standardize="lower", split="character", output_sequence_length=width, vocabulary=VOCABULARY
    )(text)
    kinds, lengths, values, whole = _cut(ops.cast(characters, "float64"), width, len(segments))
    fits = whole
    fields: dict[str, Any] = {}
    for place, segment in enumerate(segments):
        here = slice(place, place + 1)
        length, value = lengths[:, here], values[:, here]
        fits = ops.logical_and(fits, ops.equal(kinds[:, here], segment.kind))
        fits = ops.logical_and(
            fits, ops.logical_and(length >= segment.lengths[0], length <= segment.lengths[1])
        )
        told, right = _read(segment, value, length)
        fields |= told
        if right is not None:
            fits = ops.logical_and(fits, right)
    days, exists = days_of(fields, ops)
    return days, ops.logical_and(fits, exists)


def _cut(codes: Any, width: int, count: int) -> tuple[Any, Any, Any, Any]:
    """Kind, length and value of the first `count` segments, and whether there are no more.

    Three times (rows, count), and (rows, 1). `codes` is float64 (rows, width), 0 behind the end of a text.
    """
    from keras import ops

    letters, marks = _FIRST + len(_DIGITS), _FIRST + len(_DIGITS) + len(_LETTERS)
    present = codes > 0
    digit = ops.logical_and(codes >= _FIRST, codes < letters)
    letter = ops.logical_and(codes >= letters, codes < marks)
    kind = ops.where(digit, _DIGIT, ops.where(letter, _LETTER, ops.where(present, _MARK, 0.0)))
    kind = ops.cast(kind, "float64")
    before = ops.concatenate([ops.zeros_like(kind[:, :1]), kind[:, :-1]], axis=1)
    starts = ops.logical_and(present, ops.logical_or(ops.not_equal(kind, before), ops.equal(kind, _MARK)))
    number = ops.cumsum(ops.cast(starts, "float64"), axis=1)
    member = ops.logical_and(
        ops.expand_dims(present, 2),
        ops.equal(ops.expand_dims(number, 2), np.arange(1.0, count + 1)[None, None]),
    )
    member = ops.cast(member, "float64")
    lengths = ops.sum(member, axis=1)
    # How many characters of its segment stand behind each one.
    ends = ops.expand_dims(ops.cumsum(lengths, axis=1), 1)
    behind = ops.sum(member * ends, axis=2) - np.arange(1.0, width + 1)[None]
    base = ops.where(letter, _LETTER_BASE, 10.0)
    power = ops.power(ops.cast(base, "float64"), ops.clip(behind, 0.0, 14.0))
    worth = ops.where(letter, codes - (letters - 1), codes - _FIRST)
    values = ops.sum(member * ops.expand_dims(worth * power, 2), axis=1)
    kinds = ops.max(member * ops.expand_dims(kind, 2), axis=1)
    characters = ops.sum(ops.cast(present, "float64"), axis=1, keepdims=True)
    whole = ops.equal(ops.sum(lengths, axis=1, keepdims=True), characters)
    return kinds, lengths, values, whole


def _read(segment: _Segment, value: Any, length: Any) -> tuple[dict[str, Any], Any]:
    """The fields that a segment tells, and whether its value is one that may stand there (None: any)."""
    from keras import ops

    if segment.kind == _DIGIT:
        fields = {}
        for name, after, digits in segment.fields:
            shifted = ops.floor(value / 10.0**after)
            fields[name] = shifted - ops.floor(shifted / 10.0**digits) * 10.0**digits
        if segment.token == "f":
            fields["fraction"] = value / 10.0**length
        return fields, None
    if segment.token == "±":
        minus = _is(value, "-")
        return {"sign": 1.0 - 2.0 * _number(minus)}, ops.logical_or(minus, _is(value, "+"))
    if segment.token == "AM":
        afternoon = _is(value, "pm")
        return {"half": _number(afternoon)}, ops.logical_or(afternoon, _is(value, "am"))
    if segment.token == "Mon":
        month = ops.zeros_like(value)
        for index in range(12):
            for spelling in month_spellings(index):
                month = month + (index + 1) * _number(_is(value, spelling))
        return {"month_name": month}, None
    if segment.token == "Day":
        known = ops.zeros_like(value)
        for spelling in weekday_spellings():
            known = known + _number(_is(value, spelling))
        return {}, known > 0
    return {}, _is(value, segment.token)


def _segments(template: str) -> list[_Segment]:
    segments: list[_Segment] = []
    digits: list[str] = []

    def end_digits() -> None:
        if digits:
            segments.append(_digits(digits))
            digits.clear()

    for token in tokens(template):
        if token.startswith("±"):
            end_digits()
            hour, colon, minute = token[1:].partition(":")
            segments += [_mark("±"), _zone(hour)]
            if colon:
                segments += [_mark(colon), _zone(minute)]
        elif token in _WIDTHS:
            digits.append(token)
        else:
            end_digits()
            if token in ("Mon", "Day"):
                segments.append(_Segment(_LETTER, (3, _LONGEST_WORD), token))
            elif token.isalpha():
                segments.append(_Segment(_LETTER, (len(token), len(token)), token))
            else:
                segments.append(_mark(token))
    end_digits()
    return segments


def _digits(parts: list[str]) -> _Segment:
    """Fields side by side, all of them of fixed width but a single one."""
    fields = []
    after = 0
    for token in reversed(parts):
        if token in _FIELD_OF:
            fields.append((_FIELD_OF[token], after, _WIDTHS[token][1]))
        after += _WIDTHS[token][1]
    shortest = sum(_WIDTHS[token][0] for token in parts)
    return _Segment(_DIGIT, (shortest, after), parts[0] if parts == ["f"] else "", tuple(fields))


def _mark(mark: str) -> _Segment:
    return _Segment(_MARK, (1, 1), mark)


def _zone(part: str) -> _Segment:
    fields = {
        "hh": (("zone_hour", 0, 2),),
        "mm": (("zone_minute", 0, 2),),
        "hhmm": (("zone_hour", 2, 2), ("zone_minute", 0, 2)),
    }
    return _Segment(_DIGIT, (len(part), len(part)), "", fields[part])


def _is(value: Any, token: str) -> Any:
    from keras import ops

    # An array: Keras makes float32 of a number before it compares, which cannot tell long words apart.
    return ops.equal(value, np.array([[_value(token)]]))


def _value(token: str) -> float:
    """What `_cut` makes of a word or a mark."""
    token = token.lower()
    if token in _MARKS:
        return float(len(_DIGITS) + len(_LETTERS) + _MARKS.index(token))
    value = 0.0
    for letter in token:
        value = value * _LETTER_BASE + 1 + _LETTERS.index(letter)
    return value


def _number(condition: Any) -> Any:
    from keras import ops

    return ops.cast(condition, "float64")
