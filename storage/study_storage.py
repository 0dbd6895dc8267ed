"""Optuna's cache of trials, for a process that may be the only one to ask and tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.storages._cached_storage import _CachedStorage, _StudyInfo
from optuna.trial import TrialState
from sqlalchemy import Connection

from storage.patient_storage import PatientStorage, TrialParameter


class StudyStorage(_CachedStorage):
    """As Optuna's, with writes that belong together in one transaction.

    Optuna reads every unfinished trial anew for each question, several times a trial: with hundreds of workers that
    is what a driver does most. After `drive_alone`, trials are read anew when this process has changed them. Values
    that workers report are not seen before their trial is told; samplers do not look at them earlier.
    """

    _backend: PatientStorage

    def __init__(self, backend: PatientStorage) -> None:
        super().__init__(backend)
        self._alone: int | None = None
        self._name = ""
        self._changed: set[int] = set()
        self._newest = -1
        self._together: list[TrialParameter] | None = None
        self._read = False

    def drive_alone(self, study_id: int, name: str) -> None:
        """From now on nobody else tells trials of this study: the process holds its lock."""
        self._alone, self._name = study_id, name

    def known_trials(self) -> int:
        """How many are in memory, of all studies that were read."""
        return sum(len(study.trials) for study in [*self._studies.values()])

    def get_study_id_from_name(self, study_name: str) -> int:
        """Asked for with each parameter, as hyperband's brackets pass for studies."""
        if self._alone is not None and study_name == self._name:
            return self._alone
        return super().get_study_id_from_name(study_name)

    def rename_studies(
        self,
        names: dict[int, str],
        attributes: dict[int, dict[str, Any]],
        along: Callable[[Connection], None],
    ) -> None:
        """New names and changed user attributes of studies, by id, in one transaction, of which `along` is a part."""
        self._backend.rename_studies(names, attributes, along)
        with self._lock:
            for study_id, name in names.items():
                if study_id in self._studies:
                    self._studies[study_id].name = name

    def set_trial_attributes(self, trial_id: int, user: dict[str, Any], system: dict[str, Any]) -> None:
        """User and system attributes of a running trial, in one transaction."""
        self._changed.add(trial_id)
        self._backend.set_trial_attributes(trial_id, user, system)

    def set_trial_intermediate_values(self, trial_id: int, values: Mapping[int, float]) -> None:
        """What a running trial reported, by step, in one transaction."""
        self._backend.set_trial_intermediate_values(trial_id, values)

    @contextmanager
    def parameters_together(self) -> Iterator[list[TrialParameter]]:
        """What is suggested within it is written at its end, in one transaction: a trial has all of it or nothing.

        It gathers in the list that is given: what is taken out of that was never suggested. Who drives alone reads
        what others have enqueued at its begin, and not again within it.
        """
        self._together, self._read = [], False
        try:
            yield self._together
            if self._together:
                self._changed |= {parameter.trial_id for parameter in self._together}
                self._backend.set_trial_params(self._together)
                for one in self._together:
                    study_id, _ = self._trial_id_to_study_id_and_number[one.trial_id]
                    self._studies[study_id].param_distribution.setdefault(one.name, one.distribution)
        finally:
            self._together = None

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        study_id, _ = self._trial_id_to_study_id_and_number[trial_id]
        known = self._studies[study_id].param_distribution
        if self._together is None:
            self._changed.add(trial_id)
            super().set_trial_param(trial_id, param_name, param_value_internal, distribution)
        else:
            parameter = TrialParameter(
                trial_id, param_name, param_value_internal, distribution, known.get(param_name)
            )
            self._together.append(parameter)

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        self._changed.add(trial_id)
        return super().set_trial_state_values(trial_id, state, values)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._changed.add(trial_id)
        super().set_trial_user_attr(trial_id, key, value)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._changed.add(trial_id)
        super().set_trial_system_attr(trial_id, key, value)

    def _read_trials_from_remote_storage(self, study_id: int) -> None:
        if study_id != self._alone:
            super()._read_trials_from_remote_storage(study_id)
            return
        if self._together is not None and self._read and not self._changed:
            return
        self._read = True
        with self._lock:
            self._studies.setdefault(study_id, _StudyInfo())
            trials = self._backend._get_trials(
                study_id,
                states=None,
                included_trial_ids=set(self._changed),
                trial_id_greater_than=self._newest,
            )
            self._add_trials_to_cache(study_id, trials)
            self._changed.clear()
            self._newest = max((self._newest, *(trial._trial_id for trial in trials)))
