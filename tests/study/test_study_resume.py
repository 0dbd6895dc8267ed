"""Orphans of a dead driver, and trials that are run again: nothing twice, nothing lost, at whatever point it dies."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from optuna.artifacts import upload_artifact
from optuna.trial import TrialState
from study_fakes import SPACE, Killed, killed_before

from search.driving.recovery import recover, run_again
from search.study.study import Study
from search.study.trial_record import TrialRecord, trial_record
from storage import artifact_folder, open_artifacts
from storage.artifacts import trial_artifacts


def orphan(study: Study) -> TrialRecord:
    """A trial that was asked, has reported, and whose driver is gone."""
    trial = study.optuna.ask()
    SPACE.suggest(trial)
    for epoch in (1, 2, 3):
        trial.report(0.1 * epoch, epoch)
        trial.should_prune()
    trial.set_user_attr("epochs", 3)
    return study.trials()[trial.number]


def test_an_orphan_is_failed_and_its_hyperparameters_are_tried_again(study: Study) -> None:
    lost = orphan(study)
    study.optuna.set_user_attr("stop_requested", True)
    assert recover(study) == 1
    failed, waiting = study.optuna.trials
    assert (failed.state, failed.user_attrs["requeued"]) == (TrialState.FAIL, "its driver died")
    assert waiting.state is TrialState.WAITING
    assert study.optuna.user_attrs["stop_requested"] is False  # of an earlier run

    again = study.optuna.ask()
    assert SPACE.suggest(again) == SPACE.suggest(optuna.trial.FixedTrial(lost.params))
    assert again.params == lost.params
    assert again.user_attrs == {"original_number": lost.number}


def test_rungs_and_artifacts_of_the_lost_attempt_are_not_copied(study: Study, tmp_path: Path) -> None:
    lost = orphan(study)
    (tmp_path / "curve.png").touch()
    upload_artifact(
        artifact_store=open_artifacts(artifact_folder(study.url)),
        file_path=str(tmp_path / "curve.png"),
        study_or_trial=optuna.Trial(study.optuna, lost.optuna._trial_id),
    )
    recover(study)
    failed, waiting = study.optuna.trials
    assert any(key.startswith("completed_rung") for key in failed.system_attrs)
    assert len(trial_artifacts(failed)) == 1
    assert set(waiting.system_attrs) == {"fixed_params"}
    assert set(waiting.user_attrs) == {"original_number"}


@pytest.mark.parametrize("write", range(1, 6))
def test_a_kill_between_its_steps_neither_loses_nor_doubles_a_trial(
    study: Study, write: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = orphan(study)
    with monkeypatch.context() as patch:
        killed_before(write, patch)
        try:
            run_again(study, lost, "its driver died")
        except Killed:
            pass
        else:
            assert write > 3  # it came to its end
    recover(study)
    recover(study)
    assert [trial.state for trial in study.optuna.trials] == [TrialState.FAIL, TrialState.WAITING]
    again = study.optuna.ask()
    assert again.number == 1
    SPACE.suggest(again)
    assert again.params == lost.params


def test_a_trial_that_is_lost_again_keeps_its_first_number(study: Study) -> None:
    for _ in range(3):
        first = orphan(study)
        recover(study)
    *failed, waiting = study.optuna.trials
    assert [trial_record(trial).original for trial in failed] == [0, 0, 0]
    assert trial_record(waiting).original == 0
    assert waiting.system_attrs["fixed_params"] == first.params


def test_a_trial_that_died_before_it_was_asked_for_everything_keeps_what_it_had(study: Study) -> None:
    """A kill between `ask` and the last suggestion, of a trial that was itself a second attempt."""
    params = orphan(study).params
    recover(study)
    half = study.optuna.ask()
    half.suggest_int("width", 4, 64)
    recover(study)
    again = study.optuna.ask()
    SPACE.suggest(again)
    assert again.params == params


def test_several_orphans_are_tried_again_in_their_order(study: Study) -> None:
    lost = [orphan(study) for _ in range(4)]
    assert recover(study) == 4
    assert recover(study) == 0
    for one in lost:
        again = study.optuna.ask()
        SPACE.suggest(again)
        assert again.params == one.params
