"""Trials by one plain query for each table: all of a study at once, or those with some ids.

Optuna has SQLAlchemy make an object of each row, and makes two distributions for each parameter: that was most of what
`show`, `list` and the dashboard's first page took of a study of thousands of trials (benchmarks/dashboard.py), and much
of what a worker does around a small network.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.storages._rdb.models import (
    TrialIntermediateValueModel,
    TrialModel,
    TrialParamModel,
    TrialSystemAttributeModel,
    TrialUserAttributeModel,
    TrialValueModel,
)
from optuna.trial import FrozenTrial
from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session

_Values = dict[int, dict[Any, Any]]
_Which = dict[str, Any]
# Of which trials rows are, by the name of the query's parameter.
_STUDY, _IDS = "study", "ids"
_TRIALS = ("number", "state", "_datetime_start_utc", "_datetime_complete_utc")


def read_all_trials(session: Session, study_id: int) -> list[FrozenTrial]:
    """What Optuna's own reading gives, in order of ids; trials share distributions, which nobody changes in place.

    The trials themselves are read before what belongs to them: of one that has ended by then, all is there.
    """
    which = {_STUDY: study_id}
    return _with_all_of_them(
        session, session.execute(_query(TrialModel, _TRIALS, _STUDY), which).all(), which
    )


def read_trials(session: Session, ids: Collection[int]) -> list[FrozenTrial]:
    """As `read_all_trials`, of those with these `ids` that are there."""
    which = {_IDS: list(ids)}
    return _with_all_of_them(session, session.execute(_query(TrialModel, _TRIALS, _IDS), which).all(), which)


def ids_of_trials(session: Session, study_id: int, among: Collection[int], after: int) -> list[int]:
    """Ids of the trials of a study that are `among` some, or larger than `after`."""
    which = {_STUDY: study_id, _IDS: list(among), "after": after}
    return [*session.execute(_changed(), which).scalars()]


def _with_all_of_them(session: Session, trials: Sequence[Any], which: _Which) -> list[FrozenTrial]:
    if not trials:
        return []
    params, distributions = _parameters(session, which)
    user = _attributes(session, which, TrialUserAttributeModel)
    system = _attributes(session, which, TrialSystemAttributeModel)
    reports: _Values = defaultdict(dict)
    columns = "step", "intermediate_value", "intermediate_value_type"
    for trial, step, value, kind in _rows(session, which, TrialIntermediateValueModel, *columns):
        reports[trial][step] = TrialIntermediateValueModel.stored_repr_to_intermediate_value(value, kind)
    values: _Values = defaultdict(dict)
    for trial, objective, value, kind in _rows(
        session, which, TrialValueModel, "objective", "value", "value_type"
    ):
        values[trial][objective] = TrialValueModel.stored_repr_to_value(value, kind)
    return [
        FrozenTrial(
            number=number,
            state=state,
            value=None,
            values=[value for _, value in sorted(values[trial].items())] or None,
            datetime_start=_local(start),
            datetime_complete=_local(complete),
            params=params[trial],
            distributions=distributions[trial],
            user_attrs=user[trial],
            system_attrs=system[trial],
            intermediate_values=reports[trial],
            trial_id=trial,
        )
        for trial, number, state, start, complete in trials
    ]


def _rows(session: Session, which: _Which, table: Any, *columns: str) -> Sequence[Any]:
    """Id of the trial and `columns` of each row, in the order in which they were written."""
    (by,) = which
    return session.execute(_query(table, columns, by), which).all()


@cache
def _query(table: Any, columns: tuple[str, ...], by: str) -> Select[Any]:
    """Made once: to put a query together takes longer than to have it answered."""
    query = select(table.trial_id, *(getattr(table, column) for column in columns))
    (key,) = table.__table__.primary_key
    if by == _IDS:
        return query.where(table.trial_id.in_(bindparam(_IDS, expanding=True))).order_by(key)
    if table is not TrialModel:
        query = query.join(TrialModel, TrialModel.trial_id == table.trial_id)
    return query.where(TrialModel.study_id == bindparam(_STUDY)).order_by(key)


@cache
def _changed() -> Select[Any]:
    chosen = or_(
        TrialModel.trial_id.in_(bindparam(_IDS, expanding=True)), TrialModel.trial_id > bindparam("after")
    )
    return (
        select(TrialModel.trial_id)
        .where(TrialModel.study_id == bindparam(_STUDY), chosen)
        .order_by(TrialModel.trial_id)
    )


def _parameters(session: Session, which: _Which) -> tuple[_Values, _Values]:
    distribution_of = cache(json_to_distribution)
    params: _Values = defaultdict(dict)
    distributions: _Values = defaultdict(dict)
    columns = "param_name", "param_value", "distribution_json"
    for trial, name, value, text in _rows(session, which, TrialParamModel, *columns):
        distribution: BaseDistribution = distribution_of(text)
        distributions[trial][name] = distribution
        params[trial][name] = distribution.to_external_repr(value)
    return params, distributions


def _attributes(session: Session, which: _Which, table: Any) -> _Values:
    found: _Values = defaultdict(dict)
    for trial, key, text in _rows(session, which, table, "key", "value_json"):
        found[trial][key] = json.loads(text)
    return found


def _local(utc: datetime | None) -> datetime | None:
    """Stored in UTC, seen in local time, without a zone both times."""
    return None if utc is None else utc.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
