"""Checkpoints of trials that were interrupted: kept until an attempt that goes on from there has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from search.study.left_off import LeftOff
from search.study.trial_facts import keep_facts
from search.study.trial_record import TrialRecord
from storage import open_artifacts
from storage.artifacts import (
    add_study_artifact,
    artifact_path,
    checkpoint_file_name,
    is_checkpoint,
    remove_study_artifact,
    study_artifacts,
)
from storage.errors import ArtifactsUnusable

if TYPE_CHECKING:
    from search.study.study import Study
    from search.workers.messages import TrialOutcome


class Checkpoints:
    """Those of one study, as artifacts of it; nobody else keeps or removes any meanwhile."""

    def __init__(self, study: Study, say: Callable[[str], None]) -> None:
        self._study, self._say = study, say
        self._store = open_artifacts(study.artifact_folder)

    def keep(self, trial: TrialRecord, outcome: TrialOutcome, seconds: float) -> LeftOff | None:
        """Before `trial` is run again: a kill in between leaves a checkpoint too many.

        None where it brought no checkpoint, or its file cannot be written, which a line says.

        Args:
            seconds: that `trial` ran, the attempts before not counted.
        """
        if outcome.checkpoint is None:
            return None
        try:
            artifact = add_study_artifact(
                self._study.optuna, self._store, checkpoint_file_name(trial.number), outcome.checkpoint
            )
        except ArtifactsUnusable as error:
            self._say(f"trial {trial.number}: its checkpoint cannot be kept: {error}")
            return None
        return LeftOff(
            trial=trial.number,
            epoch=outcome.epochs,
            seconds=round(seconds + trial.seconds_before, 3),
            artifact=artifact,
            rungs=dict(trial.rungs),
        )

    def of(self, trial: TrialRecord) -> bytes | None:
        """From where `trial`, which begins now, goes on; None where that is from nothing."""
        if trial.left_off is None:
            return None
        try:
            return artifact_path(self._study.artifact_folder, trial.left_off.artifact).read_bytes()
        except OSError as error:
            reason = f"its checkpoint cannot be read: {error.strerror or error}"
            self.unfit(trial, reason)
            return None

    def unfit(self, trial: TrialRecord, why: str) -> None:
        """`trial` did not go on from where it was left off: keep that, and say it."""
        keep_facts(self._study.storage, trial.optuna._trial_id, {"began_anew": why})
        after = "" if trial.left_off is None else f", not after {trial.left_off.words()}"
        self._say(f"trial {trial.number} began anew{after}: {why}")

    def remove_stale(self) -> None:
        """Keep those that a trial goes on from which waits or runs."""
        from optuna.trial import TrialState

        unended = self._study.trials(states=(TrialState.WAITING, TrialState.RUNNING))
        needed = {trial.left_off.artifact for trial in unended if trial.left_off is not None}
        for artifact, file_name in study_artifacts(self._study.optuna).items():
            if is_checkpoint(file_name) and artifact not in needed:
                remove_study_artifact(self._study.optuna, self._store, artifact)
