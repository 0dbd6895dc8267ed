"""A project as perceptuna leaves it: one study with trials of every state, models' facts, curves and tables."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import optuna
from digits_spec import digits_spec
from optuna.artifacts import FileSystemArtifactStore, upload_artifact
from optuna.trial import TrialState

from search.driving.note import NoteKeeper
from search.settings.settings import StudySettings
from search.study.history import history_csv
from search.study.learning_curve import learning_curve_svg
from search.study.study import Study
from spaces import load_space
from storage import StorageURL, artifact_folder, open_artifacts, open_storage

STATES = [TrialState.COMPLETE, TrialState.PRUNED, TrialState.COMPLETE, TrialState.FAIL] * 3
COMPLETE_TRIAL = 6


@dataclass(frozen=True)
class Project:
    url: StorageURL
    study_id: int
    trial_id: int
    curve_id: str
    running_id: int


def make_project(folder: Path) -> Project:
    url = StorageURL.parse(f"sqlite:///{folder}/studies.db")
    store = open_artifacts(artifact_folder(url))
    storage = open_storage(url, create=True)
    study = optuna.create_study(study_name="digits-mlp", storage=storage, direction="maximize")
    study.set_user_attr("metric", "val_accuracy")
    study.set_user_attr("settings", StudySettings(data="digits").model_dump_json())
    study.set_user_attr("space", load_space("small").to_json())
    study.set_user_attr("data", digits_spec().model_dump_json())
    curve, table = folder / "learning_curve.svg", folder / "history.csv"
    history = {name: [0.5, 0.6, 0.7] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
    curve.write_bytes(learning_curve_svg(history, "val_accuracy", 3, "trial"))
    table.write_bytes(history_csv(history))
    curves = [_finish(study, state, store, (curve, table)) for state in STATES]
    running = study.ask()
    made = Study("digits-mlp", url, study)
    NoteKeeper(made).write()
    trial = study.get_trials()[COMPLETE_TRIAL]
    storage._backend.engine.dispose()
    return Project(url, study._study_id, trial._trial_id, curves[COMPLETE_TRIAL], running._trial_id)


def copy_of(project: Project, folder: Path) -> Project:
    """The same in another folder; nobody has `project` open."""
    assert project.url.sqlite_path is not None
    shutil.copytree(project.url.sqlite_path.parent, folder, dirs_exist_ok=True)
    return replace(project, url=StorageURL.parse(f"sqlite:///{folder}/studies.db"))


def _finish(
    study: optuna.Study, state: TrialState, store: FileSystemArtifactStore, files: tuple[Path, Path]
) -> str:
    """One more trial of three epochs; the artifact id of its learning curve."""
    trial = study.ask()
    chosen = load_space("small").suggest(trial)
    rate, width = chosen.learning_rate, chosen.width
    accuracies = [0.5 + rate + width / 1000 + epoch / 50 for epoch in range(3)]
    for epoch, accuracy in enumerate(accuracies, start=1):
        trial.report(accuracy, epoch)
    if state == TrialState.FAIL:
        trial.set_user_attr("reason", "the loss is not finite after epoch 2")
        study.tell(trial, state=state)
        return ""
    curve_id, _ = (
        upload_artifact(artifact_store=store, file_path=str(f), study_or_trial=trial) for f in files
    )
    trained = {"best_epoch": 3, "parameters": 100 * width, "accuracy": accuracies[-1] + 0.02}
    for name, value in {**trained, "val_accuracy": accuracies[-1]}.items():
        trial.set_user_attr(name, value)
    study.tell(trial, accuracies[-1] if state == TrialState.COMPLETE else None, state=state)
    return curve_id
