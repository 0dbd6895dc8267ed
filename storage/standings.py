"""Where all studies of a database stand, by a few queries that count their trials in it: none is read.

Optuna is not imported, and reads nothing: with it, a list of one study of 1,000 trials takes three times as long
(benchmarks/startup.py).
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, DateTime, Integer, bindparam, text

_ATTRIBUTES = "select study_id, key, value_json from study_user_attributes"
_DIRECTIONS = (
    "select study_id, cast(direction as varchar(8)) from study_directions order by study_id, objective"
)
_ENDED = """
    select t.study_id, count(*) from trials t
    where t.state in ('COMPLETE', 'PRUNED', 'FAIL') and not exists (
        select 1 from trial_user_attributes a where a.trial_id = t.trial_id and a.key in :without
    )
    group by t.study_id
"""
_EXTREMES = """
    select t.study_id, cast(v.value_type as varchar(8)), min(v.value), max(v.value)
    from trials t join trial_values v on v.trial_id = t.trial_id
    where t.state = 'COMPLETE' and v.objective = 0 and not exists (
        select 1 from trial_user_attributes a where a.trial_id = t.trial_id and a.key = :apart
    )
    group by t.study_id, v.value_type
"""
_APART = """
    select t.study_id, cast(v.value_type as varchar(8)), v.value, a.value_json
    from trials t join trial_values v on v.trial_id = t.trial_id
    join trial_user_attributes a on a.trial_id = t.trial_id and a.key = :apart
    where t.state = 'COMPLETE' and v.objective = 0
"""
_SPANS = "select study_id, datetime_start, datetime_complete from trials where datetime_start is not null"
_TRIALS = """
    select s.study_name, s.study_id, count(t.trial_id) from studies s left join trials t on t.study_id = s.study_id
    group by s.study_id, s.study_name
"""
_TIMES: dict[str, Any] = {"study_id": Integer, "datetime_start": DateTime, "datetime_complete": DateTime}
# Optuna's names of values that no column of a database holds.
_INFINITE = {"INF_POS": math.inf, "INF_NEG": -math.inf}


@dataclass(frozen=True)
class CountedStudy:
    """One study.

    Attributes:
        directions: `MAXIMIZE` or `MINIMIZE`, one for each objective.
        attributes: its user attributes.
        ended: how many of its trials have ended, without those that have one of some attributes.
        values: the smallest and the largest value of its complete trials that are not set apart; empty without any.
        apart: of each complete trial that is, its value and the attribute that sets it apart.
        spans: when its trials began and ended, of those that have.
    """

    name: str
    directions: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    ended: int = 0
    values: list[float] = field(default_factory=list)
    apart: list[tuple[float, Any]] = field(default_factory=list)
    spans: list[tuple[datetime, datetime | None]] = field(default_factory=list)


def counted_studies(connection: Connection, without: Sequence[str], apart: str) -> list[CountedStudy]:
    """All studies, in order of creation.

    Args:
        without: trials that have one of these user attributes are not counted.
        apart: the user attribute that sets a trial apart.
    """
    names = connection.execute(text("select study_id, study_name from studies order by study_id")).all()
    ended = connection.execute(
        text(_ENDED).bindparams(bindparam("without", expanding=True)), {"without": list(without)}
    )
    counts = {row[0]: row[1] for row in ended}
    directions: dict[int, list[str]] = defaultdict(list)
    values: dict[int, list[float]] = defaultdict(list)
    others: dict[int, list[tuple[float, Any]]] = defaultdict(list)
    attributes: dict[int, dict[str, Any]] = defaultdict(dict)
    for study, direction in connection.execute(text(_DIRECTIONS)):
        directions[study].append(direction)
    for study, key, value in connection.execute(text(_ATTRIBUTES)):
        attributes[study][key] = json.loads(value)
    for study, kind, *ends in connection.execute(text(_EXTREMES), {"apart": apart}):
        values[study] += [_INFINITE.get(kind, value) for value in ends]
    for study, kind, value, why in connection.execute(text(_APART), {"apart": apart}):
        others[study].append((_INFINITE.get(kind, value), json.loads(why)))
    spans: dict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    for study, start, end in connection.execute(text(_SPANS).columns(**_TIMES)):
        spans[study].append((start, end))
    return [
        CountedStudy(
            name,
            directions[study],
            attributes[study],
            counts.get(study, 0),
            values[study],
            others[study],
            spans[study],
        )
        for study, name in names
    ]


def trial_counts(connection: Connection) -> dict[str, tuple[int, int]]:
    """Of each study by name its number in the database, and how many trials it has: other ones tell of a change."""
    return {name: (study, trials) for name, study, trials in connection.execute(text(_TRIALS))}
