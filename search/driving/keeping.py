"""What is kept of a trial that has ended, before it is told: attributes, files, and the best one's model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.study.planned import keeps_model
from storage import ARTIFACT_FOLDER, open_artifacts
from storage.artifacts import model_file_name, remove_study_artifact, study_artifacts, write_artifact

if TYPE_CHECKING:
    import optuna

    from search.study.study import Study
    from search.workers.messages import TrialOutcome


class Keeping:
    """Keeps what the trials of one study bring; nobody else does meanwhile."""

    def __init__(self, study: Study) -> None:
        self._study = study
        folder = study.artifact_folder
        self._store = open_artifacts(folder)
        if study.url.sqlite_path is None and ARTIFACT_FOLDER not in study.optuna.user_attrs:
            # Started before studies said so.
            study.optuna.set_user_attr(ARTIFACT_FOLDER, str(folder))

    def keep(self, trial: optuna.Trial, outcome: TrialOutcome) -> None:
        """Before the trial is told, after which nothing can be added to it."""
        attributes = dict(outcome.attributes)
        if outcome.state in ("failed", "stopped"):
            attributes["reason"] = outcome.reason
            if outcome.traceback:
                attributes["traceback"] = outcome.traceback
        artifacts: dict[str, str] = {}
        for name, content in outcome.files.items():
            artifacts |= write_artifact(self._store, name, content)
        self._study.storage.set_trial_attributes(trial._trial_id, attributes, artifacts)

    def publish_model(self, number: int, model: bytes) -> None:
        """Before the trial is told: a kill in between leaves a model too many, never one too few."""
        study = self._study.optuna
        for key, entry in write_artifact(self._store, model_file_name(number), model).items():
            study._storage.set_study_system_attr(study._study_id, key, entry)

    def remove_stale_models(self) -> None:
        """Keep the model of the best trial, and those of planned trials that say so."""
        best = self._study.best_trial()
        keep = set() if best is None else {model_file_name(best.number)}
        keep |= {model_file_name(trial.number) for trial in self._study.finished() if keeps_model(trial)}
        for artifact, file_name in study_artifacts(self._study.optuna).items():
            if file_name.endswith(".keras") and file_name not in keep:
                remove_study_artifact(self._study.optuna, self._store, artifact)
