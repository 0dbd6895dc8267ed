"""Read a database of studies without Optuna and without writing: counts, revision, artifacts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from storage.postgresql import connect_arguments
from storage.urls import StorageURL

_BUSY_SECONDS = 30.0
KNOWN_REVISION = "v3.2.0.a"
"""The revision of Optuna 5.0: `current_revision` says so too, after 0.1 s in which Alembic is imported."""
# Optuna's own prefix of the attributes that describe artifacts.
ARTIFACT_PREFIX = "artifacts:"

# Attribute of a study on a server: the folder of its artifacts, absolute.
ARTIFACT_FOLDER = "artifact_folder"

_NAMED = f"""
    select key, value_json, 'STUDY' from study_system_attributes where key like '{ARTIFACT_PREFIX}%'
    union all
    select a.key, a.value_json, cast(t.state as varchar(8))
    from trial_system_attributes a join trials t on t.trial_id = a.trial_id
    where a.key like '{ARTIFACT_PREFIX}%'
"""
# Optuna's own upload names an artifact before it writes the file: after a kill meanwhile a trial has failed without it.
_CERTAIN = {"STUDY", "COMPLETE", "PRUNED"}
_FOLDERS = """
    select distinct a.value_json from studies s
    left join study_user_attributes a on a.study_id = s.study_id and a.key = :key
    order by a.value_json
"""
_COUNTS = """
    select s.study_name, t.state, count(t.trial_id) from studies s left join trials t on t.study_id = s.study_id
    group by s.study_id, s.study_name, t.state order by s.study_id
"""


def connect_to_read(path: Path) -> sqlite3.Connection:
    """An SQLite connection that cannot write.

    A database file is opened through SQLite alone: to open and close it otherwise would drop every lock that
    this process has on it (POSIX), and the next process to leave would throw away a log that is still written.
    """
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)


@contextmanager
def reading(url: StorageURL) -> Iterator[Connection]:
    """A connection for queries, to SQLite one that cannot write."""
    path = url.sqlite_path
    engine = (
        create_engine("sqlite://", creator=lambda: connect_to_read(path), poolclass=NullPool)
        if path is not None
        else create_engine(url.full, poolclass=NullPool, connect_args=connect_arguments(url))
    )
    with engine.connect() as connection:
        yield connection


def study_counts(connection: Connection) -> dict[str, dict[str, int]]:
    """Of each study, in order of creation: how many trials are in which state."""
    counts: dict[str, dict[str, int]] = {}
    for name, state, count in connection.execute(text(_COUNTS)):
        of_study = counts.setdefault(name, {})
        if state is not None:
            of_study[state] = count
    return counts


@dataclass(frozen=True)
class NamedArtifacts:
    """Ids of the artifacts that a database names: all of them belong to somebody.

    `certain` are those of studies and of complete and pruned trials, whose files have to be there.
    """

    all: set[str]
    certain: set[str]


def named_artifacts(connection: Connection) -> NamedArtifacts:
    """The artifacts of all studies and of all of their trials, however these ended."""
    rows = connection.execute(text(_NAMED)).all()
    # null is how optuna-dashboard marks a deleted artifact.
    owners = [
        (key.removeprefix(ARTIFACT_PREFIX), owner)
        for key, value, owner in rows
        if json.loads(json.loads(value))
    ]
    return NamedArtifacts({key for key, _ in owners}, {key for key, owner in owners if owner in _CERTAIN})


def kept_folders(connection: Connection) -> list[str | None]:
    """The folder of artifacts that each study says it has; None of one that was made before studies said so."""
    found = connection.execute(text(_FOLDERS), {"key": ARTIFACT_FOLDER}).scalars()
    return [None if value is None else json.loads(value) for value in found]


def schema_revision(connection: Connection) -> str | None:
    """The revision of the tables, as Optuna's migrations call it."""
    return connection.execute(text("select version_num from alembic_version")).scalar()


def current_revision() -> str:
    """The revision that the installed Optuna makes and reads."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from optuna.storages import _rdb

    config = Config()
    config.set_main_option("script_location", str(Path(_rdb.__path__[0], "alembic")).replace("%", "%%"))
    head = ScriptDirectory.from_config(config).get_current_head()
    assert head is not None
    return head
