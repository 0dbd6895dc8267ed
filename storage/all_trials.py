"""All trials of a study at once, by one plain query for each table.

Optuna has SQLAlchemy make an object of each row, and makes two distributions for each parameter: that was most of what
`show`, `list` and the dashboard's first page took of a study of thousands of trials (benchmarks/dashboard.py).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
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
from sqlalchemy import select
from sqlalchemy.orm import Session

_Values = dict[int, dict[Any, Any]]


def read_all_trials(session: Session, study_id: int) -> list[FrozenTrial]:
    """What Optuna's own reading gives, in order of ids; trials share distributions, which nobody changes in place.

    The trials themselves are read before what belongs to them: of one that has ended by then, all is there.
    """
    trials = _rows(
        session,
        study_id,
        TrialModel,
        "number",
        "state",
        "_datetime_start_utc",
        "_datetime_complete_utc",
    )
    params, distributions = _parameters(session, study_id)
    user = _attributes(session, study_id, TrialUserAttributeModel)
    system = _attributes(session, study_id, TrialSystemAttributeModel)
    reports: _Values = defaultdict(dict)
    columns = "step", "intermediate_value", "intermediate_value_type"
    for trial, step, value, kind in _rows(session, study_id, TrialIntermediateValueModel, *columns):
        reports[trial][step] = TrialIntermediateValueModel.stored_repr_to_intermediate_value(value, kind)
    values: _Values = defaultdict(dict)
    for trial, objective, value, kind in _rows(
        session, study_id, TrialValueModel, "objective", "value", "value_type"
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


def _rows(session: Session, study_id: int, table: Any, *columns: str) -> Iterable[Any]:
    """Id of the trial and `columns` of each row of the study, in the order in which they were written."""
    query = select(table.trial_id, *(getattr(table, column) for column in columns))
    if table is not TrialModel:
        query = query.join(TrialModel, TrialModel.trial_id == table.trial_id)
    (key,) = table.__table__.primary_key
    return session.execute(query.where(TrialModel.study_id == study_id).order_by(key)).all()


def _parameters(session: Session, study_id: int) -> tuple[_Values, _Values]:
    distribution_of = cache(json_to_distribution)
    params: _Values = defaultdict(dict)
    distributions: _Values = defaultdict(dict)
    columns = "param_name", "param_value", "distribution_json"
    for trial, name, value, text in _rows(session, study_id, TrialParamModel, *columns):
        distribution: BaseDistribution = distribution_of(text)
        distributions[trial][name] = distribution
        params[trial][name] = distribution.to_external_repr(value)
    return params, distributions


def _attributes(session: Session, study_id: int, table: Any) -> _Values:
    found: _Values = defaultdict(dict)
    for trial, key, text in _rows(session, study_id, table, "key", "value_json"):
        found[trial][key] = json.loads(text)
    return found


def _local(utc: datetime | None) -> datetime | None:
    """Stored in UTC, seen in local time, without a zone both times."""
    return None if utc is None else utc.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
