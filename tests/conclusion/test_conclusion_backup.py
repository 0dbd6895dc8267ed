"""A backup that is restored serves every command, when nothing is left of what it was taken from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conclusion_calls import Place, Story
from optuna.trial import TrialState

from storage import artifact_folder, open_artifacts
from storage.artifacts import write_artifact
from storage.backup import back_up

READING = (
    "list",
    "show one",
    "show one --trial 0",
    "show one --trial 4",
    "show one.finalize",
    "storage check",
    "export one --trial 0 -o model.keras",
    "report one -o report.html",
    "replay one --trial 0",
    "finalize one --top 2 --seeds 2 -o again.keras",
)


@pytest.fixture
def restored(story: Story, tmp_path: Path) -> Place:
    """A study with a model, a pruned trial with a history and a companion, of which the backup alone is left."""
    original = Place(tmp_path / "original")
    back_up(story.place.url, _made(original.folder) / "studies.db")
    study = original.study("one")
    trial = study.optuna.ask()
    study.space.suggest(trial)
    trial.report(0.5, 1)
    files = write_artifact(
        open_artifacts(artifact_folder(original.url)), "history.csv", b"epoch,val_accuracy\n1,0.5\n"
    )
    study.storage.set_trial_attributes(trial._trial_id, {"epochs": 1}, files)
    study.optuna.tell(trial, state=TrialState.PRUNED)
    study.storage._backend.engine.dispose()

    place = Place(_made(tmp_path / "restored"))
    made = back_up(original.url, place.folder / "studies.db")
    assert made.lost == ()
    shutil.rmtree(original.folder)
    return place


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_restored_backup_serves_every_command(restored: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(restored.folder)
    for line in READING:
        outcome = restored(line)
        assert outcome.code == 0, (line, outcome)
        assert " is gone" not in outcome.out + outcome.err, line
    assert (restored.folder / "model.keras").stat().st_size > 0
    assert restored("resume one --add 2").code == 0
    assert restored("storage check").code == 0
