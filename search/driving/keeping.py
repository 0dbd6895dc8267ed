"""What is kept of a trial that has ended, before it is told: attributes, files, and the best one's model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.study.study_record import keep_study_facts
from search.study.trial_facts import TrialFacts, keep_facts
from storage import open_artifacts
from storage.artifacts import (
    add_study_artifact,
    model_file_name,
    remove_study_artifact,
    study_artifacts,
    write_artifact,
)

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
        if study.url.sqlite_path is None and study.record.artifact_folder is None:
            # Started before studies said so.
            keep_study_facts(study.optuna, {"artifact_folder": str(folder)})

    def keep(self, trial: optuna.Trial, outcome: TrialOutcome) -> None:
        """Before the trial is told, after which nothing can be added to it."""
        facts: TrialFacts = {**outcome.facts}
        if outcome.state in ("failed", "stopped"):
            facts["reason"] = outcome.reason
            if outcome.traceback:
                facts["traceback"] = outcome.traceback
        artifacts: dict[str, str] = {}
        for name, content in outcome.files.items():
            artifacts |= write_artifact(self._store, name, content)
        keep_facts(self._study.storage, trial._trial_id, facts, artifacts)

    def publish_model(self, number: int, model: bytes) -> None:
        """Before the trial is told: a kill in between leaves a model too many, never one too few."""
        add_study_artifact(self._study.optuna, self._store, model_file_name(number), model)

    def remove_stale_models(self) -> None:
        """Keep the model of the best trial, and those of planned trials that say so."""
        best = self._study.best_trial()
        keep = set() if best is None else {model_file_name(best.number)}
        keep |= {
            model_file_name(trial.number)
            for trial in self._study.finished()
            if trial.planned is not None and trial.planned.keep_model
        }
        for artifact, file_name in study_artifacts(self._study.optuna).items():
            if file_name.endswith(".keras") and file_name not in keep:
                remove_study_artifact(self._study.optuna, self._store, artifact)
