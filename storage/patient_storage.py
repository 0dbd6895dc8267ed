"""Optuna's storage, each call of which can be waited for and repeated (`storage.patience`).

A connection can break after the server committed and before it said so. Then the same call comes a second time
and must find its work done. What Optuna's calls are worth in this:

- reading, setting an attribute, reporting a value: the second time writes the same over it;
- setting a parameter: the second time is refused by a unique key, which Optuna takes for success;
- ending a trial: refused, as a finished trial cannot be changed; here it is success when the end is the same;
- taking a waiting trial: refused, as it is no longer waiting; here it is success, for one driver alone asks;
- creating a trial: made twice; here the second call takes what the first one has made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from optuna.distributions import BaseDistribution, check_distribution_compatibility, distribution_to_json
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.all_trials import ids_of_trials, read_all_trials, read_trials
from storage.patience import keep_trying
from storage.revision import keep_revisions_without_alembic

keep_revisions_without_alembic()

Method = TypeVar("Method", bound=Callable[..., Any])

# Databases bound how many values a query names; SQLite of old to 999.
_MOST_IDS = 500

# Of the call that creates a trial right now: the id that an earlier try of it was given.
_tried_id: ContextVar[int | None] = ContextVar("tried_id", default=None)


def _repeated(method: Method) -> Method:
    def call(self: PatientStorage, *args: Any, **kwargs: Any) -> Any:
        return keep_trying(lambda: method(self, *args, **kwargs))

    return call  # type: ignore[return-value]


@dataclass(frozen=True)
class TrialParameter:
    """One parameter of a trial, its value in Optuna's internal form.

    `known` is its distribution in earlier trials, None where it is not known whether it has one.
    """

    trial_id: int
    name: str
    value: float
    distribution: BaseDistribution
    known: BaseDistribution | None


class PatientStorage(RDBStorage):
    """An RDBStorage that survives what passes. In a thread that is not `patient`, it is an RDBStorage."""

    get_study_id_from_name = _repeated(RDBStorage.get_study_id_from_name)
    get_study_name_from_id = _repeated(RDBStorage.get_study_name_from_id)
    get_study_directions = _repeated(RDBStorage.get_study_directions)
    get_study_user_attrs = _repeated(RDBStorage.get_study_user_attrs)
    get_study_system_attrs = _repeated(RDBStorage.get_study_system_attrs)
    get_all_studies = _repeated(RDBStorage.get_all_studies)
    get_trial_id_from_study_id_trial_number = _repeated(RDBStorage.get_trial_id_from_study_id_trial_number)
    _get_best_trial_id = _repeated(RDBStorage._get_best_trial_id)

    set_study_user_attr = _repeated(RDBStorage.set_study_user_attr)
    set_study_system_attr = _repeated(RDBStorage.set_study_system_attr)
    set_trial_user_attr = _repeated(RDBStorage.set_trial_user_attr)
    set_trial_system_attr = _repeated(RDBStorage.set_trial_system_attr)
    set_trial_intermediate_value = _repeated(RDBStorage.set_trial_intermediate_value)
    _set_trial_param = _repeated(RDBStorage._set_trial_param)

    @_repeated
    def _get_trials(
        self,
        study_id: int,
        states: Container[TrialState] | None,
        included_trial_ids: set[int],
        trial_id_greater_than: int,
    ) -> list[FrozenTrial]:
        if states is not None or len(included_trial_ids) > _MOST_IDS:
            return super()._get_trials(study_id, states, included_trial_ids, trial_id_greater_than)
        with _create_scoped_session(self.scoped_session) as session:
            models.StudyModel.find_or_raise_by_id(study_id, session)
            if trial_id_greater_than < 0:
                return read_all_trials(session, study_id)
            ids = ids_of_trials(session, study_id, included_trial_ids, trial_id_greater_than)
            if len(ids) <= _MOST_IDS:
                return read_trials(session, ids)
        return super()._get_trials(study_id, states, included_trial_ids, trial_id_greater_than)

    @_repeated
    def get_trial(self, trial_id: int) -> FrozenTrial:
        with _create_scoped_session(self.scoped_session) as session:
            if read := read_trials(session, [trial_id]):
                return read[0]
            models.TrialModel.find_or_raise_by_id(trial_id, session)  # raises KeyError as Optuna does
        return super().get_trial(trial_id)

    @_repeated
    def set_trial_params(self, parameters: Sequence[TrialParameter]) -> None:
        """Parameters of one trial, in one transaction."""
        with _create_scoped_session(self.scoped_session, ignore_integrity_error=True) as session:
            trial: Any = models.TrialModel.find_or_raise_by_id(parameters[0].trial_id, session)
            self.check_trial_is_updatable(trial.trial_id, trial.state)
            for one in parameters:
                if one.known is None:
                    self._set_trial_param_without_commit(
                        session, one.trial_id, one.name, one.value, one.distribution
                    )
                    continue
                check_distribution_compatibility(one.known, one.distribution)
                row = {
                    "trial_id": trial.trial_id,
                    "param_name": one.name,
                    "param_value": one.value,
                    "distribution_json": distribution_to_json(one.distribution),
                }
                session.add(models.TrialParamModel(**row))

    @_repeated
    def set_trial_attributes(self, trial_id: int, user: dict[str, Any], system: dict[str, Any]) -> None:
        """Many at once, in one transaction: each of Optuna's own calls is one of its own."""
        tables = (models.TrialUserAttributeModel, user), (models.TrialSystemAttributeModel, system)
        insert = sqlite.insert if self.engine.name == "sqlite" else postgresql.insert
        with _create_scoped_session(self.scoped_session) as session:
            trial: Any = models.TrialModel.find_or_raise_by_id(trial_id, session)
            self.check_trial_is_updatable(trial_id, trial.state)
            for table, attributes in tables:
                rows = [
                    {"trial_id": trial_id, "key": key, "value_json": json.dumps(value)}
                    for key, value in attributes.items()
                ]
                if rows:
                    written: Any = insert(table).values(rows)
                    again = {"value_json": written.excluded.value_json}
                    session.execute(
                        written.on_conflict_do_update(index_elements=["trial_id", "key"], set_=again)
                    )

    @_repeated
    def set_trial_intermediate_values(self, trial_id: int, values: Mapping[int, float]) -> None:
        """What a trial reported, by step, in one transaction; of a step that is there already, in place of it."""
        table = models.TrialIntermediateValueModel
        insert = sqlite.insert if self.engine.name == "sqlite" else postgresql.insert
        rows = [
            {
                "trial_id": trial_id,
                "step": step,
                "intermediate_value": stored,
                "intermediate_value_type": kind,
            }
            for step, value in values.items()
            for stored, kind in [table.intermediate_value_to_stored_repr(float(value))]
        ]
        written: Any = insert(table)
        again = {name: written.excluded[name] for name in ("intermediate_value", "intermediate_value_type")}
        written = written.on_conflict_do_update(index_elements=["trial_id", "step"], set_=again)
        of_trial = select(models.TrialModel.state).where(models.TrialModel.trial_id == trial_id)
        with _create_scoped_session(self.scoped_session) as session:
            state = session.execute(of_trial).scalar()
            if state is None:
                raise KeyError(f"no trial has the id {trial_id}")
            self.check_trial_is_updatable(trial_id, state)
            # One statement whatever the number of rows: it is compiled once in a process.
            session.connection().execute(written, rows)

    @_repeated
    def rename_studies(
        self,
        names: dict[int, str],
        attributes: dict[int, dict[str, Any]],
        along: Callable[[Connection], None],
    ) -> None:
        """New names and changed user attributes of studies, by id, in one transaction, of which `along` is a part.

        Done twice it is done once, as far as `along` is.
        """
        with _create_scoped_session(self.scoped_session) as session:
            for study_id, name in names.items():
                models.StudyModel.find_or_raise_by_id(study_id, session).study_name = name
            for study_id, changed in attributes.items():
                for key, value in changed.items():
                    of_study = session.query(models.StudyUserAttributeModel).filter_by(
                        study_id=study_id, key=key
                    )
                    of_study.update({"value_json": json.dumps(value)})
            along(session.connection())

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        tries = 0

        def attempt() -> bool:
            nonlocal tries
            tries += 1
            if tries > 1 and self._has_ended(trial_id, state, values):
                return True
            return RDBStorage.set_trial_state_values(self, trial_id, state, values)

        return keep_trying(attempt)

    def _has_ended(self, trial_id: int, state: TrialState, values: Sequence[float] | None) -> bool:
        trial = RDBStorage.get_trial(self, trial_id)
        if trial.state is TrialState.RUNNING and state is TrialState.RUNNING:
            return True
        if not trial.state.is_finished():
            return False
        if trial.state is state and (values is None or trial.values == list(values)):
            return True
        raise UpdateFinishedTrialError(f"trial {trial.number} ended as {trial.state.name} meanwhile")

    def _create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> FrozenTrial:
        """As Optuna's, without its own five tries, each of which would make one more trial."""

        def attempt() -> FrozenTrial:
            with _create_scoped_session(self.scoped_session) as session:
                # Without this lock, two trials could get one number (PostgreSQL; SQLite has one writer).
                models.StudyModel.find_or_raise_by_id(study_id, session, for_update=True)
                trial = self._made_before(study_id, template_trial, session)
                if trial is None:
                    trial = self._get_prepared_new_trial(study_id, template_trial, session)
                    _tried_id.set(int(trial.trial_id))
                    session.flush()
                return self._build_frozen_trial_from_trial_model(trial)

        token = _tried_id.set(None)
        try:
            return keep_trying(attempt)
        finally:
            _tried_id.reset(token)

    def _made_before(
        self, study_id: int, template_trial: FrozenTrial | None, session: Any
    ) -> models.TrialModel | None:
        """The trial of an earlier try, if it was committed after all.

        Ids that were given in vain are given again by SQLite, so that it has to be like the template as well.
        """
        trial_id = _tried_id.get()
        trial = None if trial_id is None else session.get(models.TrialModel, trial_id)
        if trial is None or trial.study_id != study_id:
            return None
        found = self._build_frozen_trial_from_trial_model(trial)
        if template_trial is None:
            alike = found.state is TrialState.RUNNING and not found.params and not found.system_attrs
        else:
            alike = (found.state, found.params, found.user_attrs, found.system_attrs) == (
                template_trial.state,
                template_trial.params,
                template_trial.user_attrs,
                template_trial.system_attrs,
            )
        return trial if alike else None
