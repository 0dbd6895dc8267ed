"""Values that a trial reports are written several at a time, as Optuna would have written them one by one."""

from __future__ import annotations

import math

import optuna
import pytest
from optuna.exceptions import UpdateFinishedTrialError

from storage import StorageURL, open_storage
from storage.study_storage import StudyStorage

VALUES = {1: 0.5, 2: -1e300, 3: math.inf, 4: -math.inf, 5: math.nan, 7: 1 / 3}


def read(url: StorageURL, number: int) -> dict[int, str]:
    """By step, as another process reads them."""
    trials = optuna.load_study(study_name="one", storage=open_storage(url)).trials
    return {step: repr(value) for step, value in trials[number].intermediate_values.items()}


def test_they_are_read_as_optunas_own(url: StorageURL, study: optuna.Study) -> None:
    storage = study._storage
    assert isinstance(storage, StudyStorage)
    together, one_by_one = study.ask(), study.ask()
    storage.set_trial_intermediate_values(together._trial_id, VALUES)
    for step, value in VALUES.items():
        one_by_one.report(value, step)
    assert read(url, 0) == read(url, 1) == {step: repr(value) for step, value in VALUES.items()}
    storage.set_trial_intermediate_values(together._trial_id, {2: 0.25, 9: 0.75})
    assert read(url, 0) == read(url, 1) | {2: "0.25", 9: "0.75"}


def test_a_trial_that_has_ended_takes_no_more(url: StorageURL, study: optuna.Study) -> None:
    trial = study.ask()
    study.tell(trial, 0.5)
    assert isinstance(study._storage, StudyStorage)
    with pytest.raises(UpdateFinishedTrialError):
        study._storage.set_trial_intermediate_values(trial._trial_id, {1: 0.5})
    assert read(url, 0) == {}
