"""A search as a program asks for it, as settings: objects become files, and their names the settings."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

from search.data.rows.request import DataRequest
from search.errors import DataError, InputError
from search.given.arrays import given_arrays
from search.given.files import Given, Staged, staged
from search.given.frames import given_frame, is_frame, with_target, with_weights
from search.machine.importing import name_of
from search.machine.temporary import temporary_folder
from spaces import Space
from storage import StorageURL, check_database
from storage.kept_rows import rows_folder

Rows = Any
"""A DataFrame, an array, or the path of a source."""

_WEIGHTS = "weight"

SIDES = {"validation": "val", "test": "test"}


@contextmanager
def asked_settings(
    data: Any, y: Any, settings: Mapping[str, Any], url: StorageURL
) -> Iterator[tuple[dict[str, Any], list[Staged]]]:
    """Settings by name, as the command line takes them, and what is to be kept for them: not before it is asked for.

    Args:
        data: a source by name or path, a table, or an array of features; `y` its target, where `data` has none. None
            where something else names it.
        settings: `validation` and `test` may be of the kind of `data`, `space` a Space, `model` a function, `weight`
            a number for each row of `data`.

    Raises:
        InputError: rows are none, or do not go together.
        DatabaseUnusable: there can be no database at `url`.
    """
    check_database(url, create=True)
    with staged_settings(data, y, settings, rows_folder(url)) as (told, files):
        places = {name: str(one.place) for name, one in files.items()}
        yield told | places, list(files.values())


@contextmanager
def staged_settings(
    data: Any, y: Any, settings: Mapping[str, Any], folder: Path
) -> Iterator[tuple[dict[str, Any], dict[str, Staged]]]:
    """Settings that are named, and by setting the files of those that are objects, whose place is in `folder`.

    Raises:
        InputError: rows are none, or do not go together.
    """
    told = {name: value for name, value in settings.items() if value is not None}
    if callable(model := told.get("model")):
        told["model"] = name_of(model, "model")
    if (callbacks := told.get("callbacks")) is not None:
        told["callbacks"] = [
            *map(_callback, callbacks if isinstance(callbacks, list | tuple) else [callbacks])
        ]
    for name in ("sampler", "pruner"):
        if name in told:
            told[name] = _policy(told[name], name)
    given: dict[str, Given] = {}
    if isinstance(data, str | os.PathLike):
        told["data"] = os.fspath(data)
        if y is not None:
            raise InputError(
                "y: rows of a file have their target in it, named by target; leave y out, or give data as an array "
                "or a DataFrame"
            )
    elif is_frame(data):
        given |= _tables(data, y, told)
    elif data is not None or y is not None:  # else a settings file, or an earlier study, says what they are
        given["data"] = _arrays(data, y, told)
    if isinstance(space := told.get("space"), Space):
        given["space"] = _space_file(space)
    with temporary_folder() as temporary:
        files = {name: staged(one, temporary, folder) for name, one in given.items()}
        named = {name: _text(value) for name, value in told.items() if name not in files}
        yield named, files


def _tables(data: Any, y: Any, told: dict[str, Any]) -> dict[str, Given]:
    """Of `data`, and of validation and test rows where these are tables too; puts the target into `told`."""
    if y is not None:
        if told.get("target") is not None:
            raise InputError(
                f"target {told['target']!r} and y: the target is one of them; leave the other out"
            )
        data, told["target"] = with_target(data, y)
    if not isinstance(told.get("weight"), str | None):
        _refuse_sides(told)
        data, told["weight"] = with_weights(data, told["weight"])
    found = {"data": given_frame(data, told.get("target"))}
    for side in SIDES:
        rows = told.get(side)
        what = f"the DataFrame of {side} rows"
        if isinstance(rows, tuple) and len(rows) == 2 and is_frame(rows[0]):
            rows, name = with_target(*rows, what)
            if name != told.get("target"):
                raise InputError(f"{side}: its y is named '{name}', and that of data '{told.get('target')}'")
        if is_frame(rows):
            found[side] = given_frame(rows, told.get("target"), what)
    return found


def _arrays(data: Any, y: Any, told: dict[str, Any]) -> Given:
    if y is None:
        raise DataError(
            "expected a DataFrame with target=, arrays x and y, a file or a folder, but got "
            f"{type(data).__name__} without y"
        )
    weights = None
    if not isinstance(told.get("weight"), str | None):
        _refuse_sides(told)
        weights, told["weight"] = (_WEIGHTS, told["weight"]), _WEIGHTS
    parts = {}
    for side, part in SIDES.items():
        rows = told.pop(side, None)
        if rows is not None and not (isinstance(rows, tuple) and len(rows) == 2):
            raise DataError(
                f"{side}: expected arrays (x, y) as of the training rows, but got {type(rows).__name__}"
            )
        if rows is not None:
            parts[part] = rows
    return given_arrays(data, y, weights, **parts)


def _refuse_sides(told: Mapping[str, Any]) -> None:
    for side in SIDES:
        if told.get(side) is not None:
            raise InputError(
                f"weight and {side}: rows in two pieces have their weights in a column, or an array of a file; name it"
            )


def _space_file(space: Space) -> Given:
    def write(path: Path) -> None:
        path.write_text(space.to_toml(), encoding="utf-8")

    return Given("the space", "space", ".toml", write)


def _policy(given: Any, name: str) -> str:
    """Its name, or the text by which it is made again."""
    if isinstance(given, str):
        return given
    if isinstance(given, FunctionType):
        return name_of(given, name, f"policies:{name}")
    from search.settings.written_policies import written, written_class

    return written_class(given, name) if isinstance(given, type) else written(given, name)


def _callback(given: Any) -> str:
    """Its name; an object is of this process alone."""
    if isinstance(given, str):
        return given
    if callable(given):
        return name_of(given, "callbacks", "tracking:Tracker")
    raise InputError(
        f"callbacks: expected a class, a function that returns a callback, or its name, but got "
        f"{type(given).__name__} {given!r}; each training makes its own, so put a function into a file, tracking.py, "
        "and give callbacks=['tracking:callback']"
    )


def _text(value: Any) -> Any:
    """Paths as text, and what is a list to the command line as one."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return list(value) if isinstance(value, tuple) else value


@contextmanager
def new_rows(rows: Rows, y: Any = None, *, header: bool) -> Iterator[DataRequest]:
    """Rows for a model, as a source that is there meanwhile; `y` are the targets of arrays.

    Raises:
        InputError: they are no rows; or what is said inside of their file, in words that name what they were.
    """
    if y is not None and (isinstance(rows, str | os.PathLike) or is_frame(rows)):
        raise InputError(
            "y: a DataFrame or a file has its target in the column of that name; put it there, and leave y out"
        )
    if isinstance(rows, str | os.PathLike):
        yield DataRequest(os.fspath(rows), header=header)
        return
    given = given_frame(rows, None) if is_frame(rows) else given_arrays(rows, y)
    with temporary_folder() as folder:
        file = staged(given, folder, folder)
        with named([file]):
            yield DataRequest(str(file.file))


def warned(remarks: Iterable[str]) -> None:
    """Have Python warn of each, at the line of the program that called into this one."""
    for remark in remarks:
        warnings.warn(remark, RowsWarning, stacklevel=4)


class RowsWarning(UserWarning):
    """Something in new rows is not as it was in those of training."""


@contextmanager
def named(files: list[Staged]) -> Iterator[None]:
    """What is said of a file that was handed over names what it was, and not where it lies."""
    try:
        yield
    except InputError as error:
        raise type(error)(spoken(str(error), files)) from None


def spoken(text: str, files: list[Staged]) -> str:
    """`text` with what was handed over in place of the paths of its files."""
    for one in files:
        for path in (one.place, one.file):
            text = text.replace(str(path), one.given.what)
    return text
