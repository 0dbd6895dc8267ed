"""The score of each validation row of a trial, as a file beside its learning curve."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from storage.artifacts import read_trial_artifact

if TYPE_CHECKING:
    from search.study.study import Study
    from search.study.trial_record import TrialRecord

Array = np.ndarray[Any, Any]

FILE_NAME = "validation_scores.npy"


def scores_file(scores: Array) -> bytes:
    """Scores (rows,) as the bytes of an .npy file, float32."""
    file = io.BytesIO()
    np.save(file, scores.astype(np.float32), allow_pickle=False)
    return file.getvalue()


def read_scores(study: Study, trial: TrialRecord) -> Array | None:
    """Float64 (rows,); None where none were kept, or their file is gone."""
    content = read_trial_artifact(study.artifact_folder, trial.optuna, FILE_NAME)
    return None if content is None else np.load(io.BytesIO(content), allow_pickle=False).astype(np.float64)
