"""What is right and what is wrong with a database of studies and its artifacts."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from storage.artifacts import artifact_folders
from storage.database import check_connection, check_database
from storage.errors import DatabaseUnusable, translate
from storage.lock import study_lock
from storage.reading import (
    NamedArtifacts,
    current_revision,
    named_artifacts,
    reading,
    schema_revision,
    study_counts,
)
from storage.urls import StorageURL

_LITTLE_SPACE = 500 * 2**20
_SHOWN = 5
# The names that Optuna and `write_artifact` give to files.
_ARTIFACT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. A `note` needs no hurry; what is `wrong` says what to do."""

    state: Literal["right", "note", "wrong"]
    text: str


def examine(url: StorageURL) -> Iterator[Finding]:
    """Look at everything, and write nothing.

    Raises:
        DatabaseUnusable: there is no database to look at.
    """
    path = url.sqlite_path
    if path is not None:
        if not path.is_file():
            check_database(url, create=False)
        yield from _file(url, path)
        yield from _space(path.parent)
    else:
        check_connection(url)
    try:
        with reading(url) as connection:
            if path is not None:
                yield from _integrity(connection, path)
            yield from _schema(connection, url)
            counts = study_counts(connection)
            driven = [name for name in counts if study_lock(url, name).is_held()]
            yield from _studies(counts, url)
            folders = artifact_folders(url, connection)
            yield from _artifacts(named_artifacts(connection), url, folders, busy=bool(driven))
    except Exception as error:
        fault = translate(error)
        if fault is None:
            raise
        yield Finding("wrong", f"the database cannot be read: {fault}")


def _file(url: StorageURL, path: Path) -> Iterator[Finding]:
    try:
        check_database(url, create=False)
    except DatabaseUnusable as error:
        yield Finding("wrong", str(error))
        return
    blocked = [str(place) for place in (path, path.parent) if not os.access(place, os.W_OK)]
    if blocked:
        yield Finding("wrong", f"{' and '.join(blocked)}: read-only; make it writable")
    else:
        yield Finding("right", f"{path}: {path.stat().st_size / 2**20:.1f} MB, writable")


def _space(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    if free < _LITTLE_SPACE:
        yield Finding("wrong", f"{free / 2**20:,.0f} MB free in {folder}; free some disk space")
    else:
        yield Finding("right", f"{free / 2**30:,.1f} GB free in {folder}")


def _integrity(connection: Connection, path: Path) -> Iterator[Finding]:
    found = [row[0] for row in connection.exec_driver_sql(f"pragma integrity_check({_SHOWN})")]
    if found == ["ok"]:
        yield Finding("right", "SQLite's integrity check found nothing")
    else:
        yield Finding("wrong", f"{path} is damaged ({'; '.join(found)}); restore a copy of it")


def _schema(connection: Connection, url: StorageURL) -> Iterator[Finding]:
    found, expected = schema_revision(connection), current_revision()
    if found == expected:
        yield Finding("right", f"the tables are of Optuna's present revision, {found}")
    else:
        yield Finding(
            "wrong",
            f"the tables are of Optuna's revision {found}, not {expected}; "
            f"bring them up to date by `perceptuna storage upgrade{url.option}`",
        )


def _studies(counts: dict[str, dict[str, int]], url: StorageURL) -> Iterator[Finding]:
    for name, states in counts.items():
        total = sum(states.values())
        listed = ", ".join(f"{count} {state.lower()}" for state, count in sorted(states.items()))
        what = f"study '{name}': {total} trials" + (f" ({listed})" if listed else "")
        lock = study_lock(url, name)
        if lock.is_held():
            yield Finding("right", f"{what}; driven by {lock.holder() or 'another process'}")
        elif states.get("RUNNING"):
            yield Finding(
                "wrong",
                f"{what}; nobody drives it, so what is running is lost; "
                f"`perceptuna resume {name}{url.option}` runs it again",
            )
        else:
            yield Finding("right", f"{what}; nobody drives it")


def _artifacts(
    named: NamedArtifacts, url: StorageURL, folders: list[Path], *, busy: bool
) -> Iterator[Finding]:
    present: set[str] = set()
    for one in folders:
        files = {entry.name for entry in one.iterdir() if entry.is_file()} if one.is_dir() else set()
        present |= files
        if files and not os.access(one, os.W_OK):
            yield Finding("wrong", f"{one} is read-only; make it writable")
    folder = " and ".join(map(str, folders))
    lost = sorted(named.certain - present)
    if not lost:
        yield Finding(
            "right",
            f"all {len(named.certain)} artifacts of studies, complete and pruned trials are in {folder}",
        )
    else:
        yield Finding(
            "wrong",
            f"{len(lost)} of {len(named.certain)} artifacts are not in {folder}: {_few(lost)}; restore a copy",
        )
    # What has another name than artifacts have was put there by somebody.
    stray = sorted(name for name in present - named.all if _ARTIFACT.fullmatch(name))
    if stray and not busy:
        yield Finding(
            "note",
            f"{len(stray)} files in {folder} belong to no trial and no study of this database (a kill leaves such); "
            f"{_may_go(url)}: {_few(stray)}",
        )


def _may_go(url: StorageURL) -> str:
    if url.sqlite_path is not None:
        return "they can be removed"
    return "they can be removed where no other database keeps its artifacts in that folder"


def _few(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
