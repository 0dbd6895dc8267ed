"""The cache of a process that alone asks and tells: it sees what it must, and writes together what belongs together."""

from __future__ import annotations

import optuna
import pytest
from optuna.trial import TrialState

from storage import StorageURL, open_storage
from storage.sqlite import WALConnection
from storage.study_storage import StudyStorage


@pytest.fixture
def storage(sqlite_url: StorageURL) -> StudyStorage:
    return open_storage(sqlite_url, create=True)


@pytest.fixture
def study(storage: StudyStorage) -> optuna.Study:
    created = optuna.create_study(
        study_name="one", storage=storage, sampler=optuna.samplers.TPESampler(seed=0)
    )
    storage.drive_alone(created._study_id, "one")
    return created


@pytest.fixture
def others(study: optuna.Study, sqlite_url: StorageURL) -> optuna.Study:
    """The same study as another process has it."""
    return optuna.load_study(study_name="one", storage=open_storage(sqlite_url))


def ask(study: optuna.Study, storage: StudyStorage) -> optuna.Trial:
    with storage.parameters_together():
        trial = study.ask()
        for name in "abc":
            trial.suggest_float(name, 0, 1)
    return trial


def test_others_see_what_is_asked_and_this_process_what_they_reported_once_it_tells(
    study: optuna.Study, storage: StudyStorage, others: optuna.Study
) -> None:
    for _ in range(3):
        trial = ask(study, storage)
        assert others.trials[trial.number].params == trial.params == study.trials[trial.number].params
        optuna.Trial(others, trial._trial_id).report(0.5, 1)
        study.tell(trial, 0.75)
        found = study.trials[trial.number]
        assert (found.state, found.value) == (TrialState.COMPLETE, 0.75)
        assert found.intermediate_values == {1: 0.5}
    assert [trial.state for trial in others.trials] == [TrialState.COMPLETE] * 3


def test_what_others_enqueue_is_asked_next(
    study: optuna.Study, storage: StudyStorage, others: optuna.Study
) -> None:
    study.tell(ask(study, storage), 0.5)
    others.enqueue_trial({"a": 0.125})
    trial = ask(study, storage)
    assert (trial.number, trial.params["a"]) == (1, 0.125)
    study.tell(trial, 0.5)
    assert [one.state for one in study.trials] == [TrialState.COMPLETE] * 2


def test_a_trial_is_asked_in_two_commits(
    study: optuna.Study, storage: StudyStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.tell(ask(study, storage), 0.5)
    commits = []
    commit = WALConnection.commit
    monkeypatch.setattr(
        WALConnection,
        "commit",
        lambda self: (commits.append(1) if self.in_transaction else None, commit(self))[1],
    )
    ask(study, storage)
    assert len(commits) == 2


def test_an_error_in_between_leaves_no_half_of_the_parameters(
    study: optuna.Study, storage: StudyStorage, others: optuna.Study
) -> None:
    study.tell(ask(study, storage), 0.5)
    with pytest.raises(ZeroDivisionError), storage.parameters_together():
        study.ask().suggest_float("a", 0, 1 / 0)
    assert others.trials[1].params == {}


def test_another_study_is_read_as_ever(
    study: optuna.Study, storage: StudyStorage, sqlite_url: StorageURL
) -> None:
    two = optuna.create_study(study_name="two", storage=storage)
    abroad = optuna.load_study(study_name="two", storage=open_storage(sqlite_url))
    trial = two.ask()
    study.tell(ask(study, storage), 0.5)
    abroad.tell(trial.number, 0.25)
    assert two.trials[0].value == 0.25
