"""One training of all its epochs, as benchmarks of accuracy compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.training.precision import resolve_precision

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.training.loop import TrainingResult
    from spaces import Hyperparameters


def train_whole(
    hyperparameters: Hyperparameters, data: PreparedData, *, epochs: int, seed: int
) -> TrainingResult:
    """Without early stopping, at the precision that a study would choose; after `start_tensorflow`."""
    from search.training.loop import train

    return train(
        hyperparameters,
        data,
        epochs=epochs,
        patience=epochs,
        metric="val_accuracy",
        seed=seed,
        bfloat16=resolve_precision("auto", data.spec) == "bfloat16",
    )
