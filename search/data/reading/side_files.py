"""Validation and test rows in files of their own: they have the columns of the source."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from search.data.rows.notes import listed
from search.data.rows.raw import Array
from search.data.rows.request import SIDE_FILES, DataRequest
from search.errors import DataError


def refuse_side_files(request: DataRequest, suffixes: Collection[str]) -> None:
    """Each has to be a file, another than the source and the other, and of its kind: one of `suffixes`."""
    taken = {os.path.realpath(request.source): request.source}
    for option in SIDE_FILES:
        file = getattr(request, option)
        if file is None:
            continue
        if not os.path.isfile(file):
            raise DataError(
                f"--{option}: there is no file {file!r}; check the path; of a study that is there, put it "
                "beside the study's data, and name that by --data"
            )
        if Path(file).suffix.lower() not in suffixes:
            raise DataError(
                f"--{option}: {file} is another kind of file than {request.source}; expected one that ends in "
                f"{', '.join(suffixes)}"
            )
        if (same := taken.get(os.path.realpath(file))) is not None:
            raise DataError(f"--{option}: {file} has the rows of {same} itself; name a file of other rows")
        taken[os.path.realpath(file)] = f"--{option} {file}"


def refuse_lacking(
    request: DataRequest, names: Sequence[Sequence[str]], said: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """The columns that all files have to have, and notes on those that are not used; `names` has a file's each.

    Raises:
        DataError: a file lacks some.
    """
    roles = (request.group, request.time, request.weight)
    needed = [name for name in names[0] if said.get(name) != "drop" or name in roles]
    notes: list[str] = []
    for file, held in zip(request.files[1:], names[1:], strict=True):
        if lacking := [name for name in needed if name not in held]:
            raise DataError(
                f"{file} lacks columns that {request.source} has: {listed(lacking)}; add them, or leave them out "
                "by --drop"
            )
        if more := [name for name in held if name not in names[0]]:
            notes.append(
                f"columns of {file} that {request.source} does not have are not used: {listed(more)}"
            )
    return needed, notes


def sides_of(request: DataRequest, rows: Sequence[int]) -> Array | None:
    """Which side each row is on, where `rows` has how many each file has; None where there is one file."""
    if len(rows) == 1:
        return None
    sides = [0, *(side for side, option in enumerate(SIDE_FILES, 1) if getattr(request, option) is not None)]
    return np.repeat(np.array(sides, dtype=np.int8), rows)
