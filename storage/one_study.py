"""What studies are and how far they are, by a plain query each: asked often by who shows them to many."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

_STUDY = """
    select s.study_id, a.key, a.value_json from studies s
    left join study_user_attributes a on a.study_id = s.study_id
    where s.study_name = :name order by a.study_user_attribute_id
"""
_TRIALS = """
    select count(*), max(trial_id), count(case when state in ('RUNNING', 'WAITING') then 1 end)
    from trials where study_id = :study
"""


_WITH = """
    select s.study_name, a.value_json from studies s
    left join study_user_attributes a on a.study_id = s.study_id and a.key = :key order by s.study_id
"""
_ANY = "select count(*) from study_user_attributes where key like :keys"


@dataclass(frozen=True)
class StoredStudy:
    """Its number in the database, and its user attributes."""

    study_id: int
    attributes: dict[str, Any]


def stored_study(connection: Connection, name: str) -> StoredStudy | None:
    """The study of that name; None where there is none."""
    rows = connection.execute(text(_STUDY), {"name": name}).all()
    if not rows:
        return None
    return StoredStudy(rows[0][0], {key: json.loads(value) for _, key, value in rows if key is not None})


@dataclass(frozen=True)
class TrialsThere:
    """How many trials a study has, the largest id among them (None without any), and how many have not ended.

    As one that has ended changes no more, the same figures without an `unfinished` one are of the same trials.
    """

    count: int
    newest: int | None
    unfinished: int


def trials_there(connection: Connection, study_id: int) -> TrialsThere:
    """Those of a study now."""
    return TrialsThere(*connection.execute(text(_TRIALS), {"study": study_id}).one())


def study_ids(connection: Connection) -> list[int]:
    """Numbers of all studies."""
    return [*connection.execute(text("select study_id from studies")).scalars()]


def studies_with(connection: Connection, key: str) -> list[tuple[str, Any]]:
    """The name of each study, in order of creation, and its user attribute `key`; None where it has none."""
    rows = connection.execute(text(_WITH), {"key": key})
    return [(name, None if value is None else json.loads(value)) for name, value in rows]


def is_any_with(connection: Connection, prefix: str) -> bool:
    """Whether a study has a user attribute whose name begins with `prefix`."""
    return bool(connection.execute(text(_ANY), {"keys": f"{prefix}%"}).scalar())
