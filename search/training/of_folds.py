"""The networks of the folds of one configuration as one model, each with the preprocessing of its own fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from search.data import attach_preprocessing
from search.training.keras_form.ensemble import mean_of_whole

if TYPE_CHECKING:
    import keras

    from search.training.loop import TrainingResult


def mean_of_folds(results: Sequence[TrainingResult]) -> keras.Model:
    """From raw rows to the mean of what the networks answer; inputs and outputs as `attach_preprocessing` says."""
    members = [
        attach_preprocessing(result.model, result.spec, f"fold_{number}")
        for number, result in enumerate(results, 1)
    ]
    return mean_of_whole(members)
