"""A target of text that holds numbers: in other forms, or with words for missing among them."""

from __future__ import annotations

from search.data.columns.date_recognition import recognise
from search.data.columns.likely_forms import likely_form
from search.data.columns.missing import (
    counted,
    few_rows,
    few_strays,
    is_certainly_missing,
    is_missing_word,
    stand_in,
)
from search.data.columns.numbers import Numbers, read_numbers
from search.data.columns.targets import few_enough
from search.data.columns.texts import Texts
from search.data.rows.raw import Array
from search.errors import DataError


def plain_numbers(texts: Texts, *, task: str | None, name: str) -> tuple[Array, list[str], str]:
    """A target's texts, object (rows,), with its numbers as Python writes them, and notes on how they were read.

    Last comes how the numbers are written, as `numbers_written` takes it; "" where plainly, and of other texts.
    "" stands for missing. Words that are certainly for missing (NULL, N/A) become "" where all else is numbers. What
    can be classes stays as it is.

    Raises:
        DataError: most values are numbers, or all are dates, and others stand in the way.
    """
    text = texts.each(str)
    rows = texts.rows
    values = {value: count for value, count in rows.items() if not is_certainly_missing(value)}
    numbers = read_numbers(values)
    words = [value for value in rows if value not in values]
    if task == "classification" or (task is None and _can_be_classes(values, numbers)):
        return (
            text,
            [f"{name} has classes that may mean missing: {counted(rows, words)}"] if words else [],
            "",
        )
    if numbers.strays:
        if numbers.plain and (task == "regression" or few_strays(numbers.plain, numbers.strays, values)):
            _refuse_strays(text, values, numbers, name, task)
        _refuse_other_forms(values, task, name)
        return text, [], ""
    notes = []
    if words:
        notes.append(f"{name}: {counted(rows, words)} taken as missing")
    if numbers.form:
        notes.append(f"{name} is read as numbers {numbers.form} ({numbers.example()})")
        text = texts.each(lambda value: numbers.plain.get(value, ""))
    elif words:
        text = texts.each(lambda value: value if value in values else "")
    if found := stand_in(texts.each(lambda value: float(numbers.plain.get(value, "nan")), float)):
        notes.append(f"{name} {found}")
    return text, notes, numbers.written


def _can_be_classes(values: dict[str, int], numbers: Numbers) -> bool:
    """By the rule for whole numbers; text without numbers in it can be nothing else."""
    few = few_enough(len(values), sum(values.values()))
    whole = all(float(plain).is_integer() for plain in numbers.plain.values())
    return few and (whole or bool(numbers.strays) or bool(numbers.form))


def _refuse_strays(text: Array, rows: dict[str, int], numbers: Numbers, name: str, task: str | None) -> None:
    strays = set(numbers.strays)
    if not few_rows(numbers.strays, rows):
        return
    first = next(index for index, value in enumerate(text) if value in strays)
    question = " (do they stand for missing values?)" if all(map(is_missing_word, strays)) else ""
    advice = "correct them, or leave these fields empty to leave the rows out"
    if task is None:
        advice += "; or say --task classification"
    raise DataError(
        f"{name} should hold numbers, as most of its rows do, but holds {counted(rows, numbers.strays)}{question}, "
        f"the first in row {first + 1}; {advice}"
    )


def _refuse_other_forms(rows: dict[str, int], task: str | None, name: str) -> None:
    """Dates, and numbers of a form that is not read: as many classes as that would be no use."""
    read = recognise(rows)
    if read is not None and not read.strays:
        raise DataError(
            f"{name} holds {read.what} ({read.template}, for instance {min(read.dates)!r}), which are no quantities; "
            "write what you mean as numbers, such as days or minutes, choose another target, "
            "or say --task classification"
        )
    what = likely_form(rows)
    if what and (task == "regression" or 2 * len(rows) > sum(rows.values())):
        raise DataError(f"{name} holds text; {what}; write plain numbers, or choose another target")
