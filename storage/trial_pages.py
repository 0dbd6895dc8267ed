"""Some trials of a study by number, with the little that a list shows of them: nothing else is read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from optuna.distributions import json_to_distribution
from optuna.storages._rdb.models import TrialModel, TrialParamModel, TrialUserAttributeModel, TrialValueModel
from optuna.trial import TrialState
from sqlalchemy import Connection, Select, bindparam, func, select

_ByTrial = dict[int, dict[str, Any]]
_Which = dict[str, Any]


@dataclass(frozen=True)
class TrialRow:
    """One trial: `value` is that of its first objective, `attributes` are those user attributes that were asked for."""

    number: int
    state: TrialState
    value: float | None
    params: dict[str, Any]
    attributes: dict[str, Any]


def trial_page(
    connection: Connection,
    study_id: int,
    state: TrialState | None,
    limit: int,
    offset: int,
    attributes: Sequence[str],
) -> tuple[int, list[TrialRow]]:
    """How many trials the study has in `state`, or at all, and `limit` of them by number behind the first `offset`.

    The trials themselves are read before what belongs to them: of one that has ended by then, all is there.
    """
    chosen = select(TrialModel.trial_id, TrialModel.number, TrialModel.state).where(
        TrialModel.study_id == study_id
    )
    if state is not None:
        chosen = chosen.where(TrialModel.state == state)
    total = connection.execute(select(func.count()).select_from(chosen.subquery())).scalar_one()
    trials = connection.execute(chosen.order_by(TrialModel.number).limit(limit).offset(offset)).all()
    if not trials:
        return total, []
    ids = [trial for trial, _, _ in trials]
    which: _Which = {"study": study_id, "first": min(ids), "last": max(ids)}
    if state is not None and state.is_finished():  # one in another state may leave it meanwhile
        which["state"] = state
    values, params = _values(connection, which), _parameters(connection, which)
    kept = _attributes(connection, which, attributes)
    return total, [
        TrialRow(number, of, values.get(trial), params[trial], kept[trial]) for trial, number, of in trials
    ]


@cache
def _query(table: Any, columns: tuple[str, ...], of_one_state: bool) -> Select[Any]:
    """Id of the trial and `columns` of the rows of those trials, in the order in which they were written.

    Trials are named by the first and the last of them: hundreds of ids take longer to put into a query than the query.
    """
    within = TrialModel.trial_id.between(bindparam("first"), bindparam("last"))
    trials = select(TrialModel.trial_id).where(TrialModel.study_id == bindparam("study"), within)
    if of_one_state:
        trials = trials.where(TrialModel.state == bindparam("state"))
    (key,) = table.__table__.primary_key
    wanted = select(table.trial_id, *(getattr(table, column) for column in columns))
    return wanted.where(table.trial_id.in_(trials)).order_by(key)


def _values(connection: Connection, which: _Which) -> dict[int, float]:
    """Of the first objective."""
    query = _query(TrialValueModel, ("value", "value_type"), "state" in which)
    return {
        trial: TrialValueModel.stored_repr_to_value(value, kind)
        for trial, value, kind in connection.execute(query.where(TrialValueModel.objective == 0), which).all()
    }


def _parameters(connection: Connection, which: _Which) -> _ByTrial:
    query = _query(TrialParamModel, ("param_name", "param_value", "distribution_json"), "state" in which)
    read_as: dict[str, Any] = {}
    found: _ByTrial = defaultdict(dict)
    for trial, name, value, text in connection.execute(query, which).all():
        read = read_as.get(text)
        if read is None:
            read = read_as[text] = json_to_distribution(text).to_external_repr
        found[trial][name] = read(value)
    return found


def _attributes(connection: Connection, which: _Which, names: Sequence[str]) -> _ByTrial:
    query = _query(TrialUserAttributeModel, ("key", "value_json"), "state" in which)
    rows = connection.execute(query.where(TrialUserAttributeModel.key.in_(names)), which).all()
    # All at once: a call for each takes longer than the reading.
    values = json.loads(f"[{','.join(text for _, _, text in rows)}]")
    found: _ByTrial = defaultdict(dict)
    for (trial, key, _), value in zip(rows, values, strict=True):
        found[trial][key] = value
    return found
