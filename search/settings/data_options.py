"""Options that say how a table is read and split: how they are written, and which holds where several are said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

# What a column is, in the user's word.
COLUMN_OPTIONS = ("drop", "category", "number", "date", "text")
# How rows are split, and which others each of them rules out.
_RULES_OUT = {
    "group": ("time", "split_column"),
    "time": ("group", "split_column"),
    "split_column": ("group", "time", "validation", "test"),
    "validation": ("split_column",),
    "test": ("split_column",),
}
SPLIT_OPTIONS = tuple(_RULES_OUT)
# Of settings that are not called as they are said, once for each value.
_OPTIONS = {"callbacks": "--callback", "aims": "--aim"}


def _column_names(value: object) -> tuple[str, ...]:
    """One text, or several; in each a column's name, or names with commas between them."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(one, str) and one.strip() for one in texts):
        raise ValueError(f"expected names of columns, but got {value!r}")
    return tuple(texts)


def target_names(value: object) -> object:
    """Several targets as the one text that names them, "a,b"; one as it is, whatever is in its name."""
    if not isinstance(value, list | tuple):
        return value
    if not value or not all(isinstance(one, str) and one.strip() for one in value):
        raise ValueError(f"expected names of columns, but got {value!r}")
    if len(value) > 1 and (holding := next((one for one in value if "," in one), None)):
        raise ValueError(f"expected names without a comma where there are several, but got {holding!r}")
    return ",".join(value)


ColumnNames = Annotated[tuple[str, ...], BeforeValidator(_column_names)]


def over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` over `below`: settings by name, where a column is what was said of it last, as is how rows are split."""
    said = {name for option in COLUMN_OPTIONS for text in _texts(above.get(option)) for name in _names(text)}
    kept = {
        option: [one for text in _texts(below.get(option)) for one in _without(text, said)]
        for option in COLUMN_OPTIONS
        if option in below and said
    }
    ruled_out = {
        name for option in _RULES_OUT if above.get(option) is not None for name in _RULES_OUT[option]
    }
    below = {name: value for name, value in below.items() if name not in ruled_out}
    return {**below, **kept, **above}


def option_of(name: str) -> str:
    """The option of a setting."""
    return _OPTIONS.get(name, f"--{name.replace('_', '-')}")


def option_words(name: str, value: object) -> list[str]:
    """A setting as one says it on the command line, once for each of several values."""
    values = value if isinstance(value, tuple) else (value,)
    return [word for one in values for word in (option_of(name), str(one))]


def _texts(value: object) -> list[str]:
    """The texts of an option; none where it holds something else, which is refused later."""
    texts = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    return [text for text in texts if isinstance(text, str)]


def _names(text: str) -> set[str]:
    """What can be a name in it: all of it, or what stands between its commas."""
    return {text, *(part.strip() for part in text.split(","))}


def _without(text: str, said: set[str]) -> list[str]:
    """What is left of a text where some of its columns were said to be something else."""
    if said.isdisjoint(_names(text)):
        return [text]
    return [] if text in said else [part for part in text.split(",") if part.strip() not in said]
