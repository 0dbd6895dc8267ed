"""Rows of rare classes count more in training, by a power, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils import compute_class_weight

from search.data import PreparedData
from search.training.loop import train
from search.training.network.class_weights import class_weights
from search.training.scoring import measure_rows, score_rows
from spaces import Hyperparameters


@given(st.lists(st.integers(0, 4), min_size=1, max_size=50), st.floats(0, 1))
def test_they_are_balanced_to_a_power_and_1_on_average(labels: list[int], power: float) -> None:
    y = np.array(labels)
    weights = class_weights(power, y, 6)
    there = np.unique(y)
    balanced = compute_class_weight("balanced", classes=there, y=y) ** power
    assert weights[y].mean() == pytest.approx(1.0, rel=1e-5)
    assert weights[there] == pytest.approx(balanced / (balanced[np.searchsorted(there, y)].mean()), rel=1e-5)
    assert (weights[5], weights.dtype) == (1.0, np.float32)


def test_a_training_minimises_the_weighed_loss_and_measures_validation_without(binary: PreparedData) -> None:
    """At a rate that moves nothing, so that the first weights are those of every row."""
    one = Hyperparameters(
        depth=1, width=4, class_weight=1.0, optimizer="sgd", momentum=0.0, learning_rate=1e-12
    )
    result = train(one, binary, epochs=1, patience=1, metric="val_accuracy", seed=0)
    x, y = (np.asarray(part) for part in binary.training())
    losses = score_rows(one, binary.spec, result.weights, x, y, "crossentropy")
    assert losses is not None
    weighed = (losses * class_weights(1.0, y, 2)[y]).mean()
    assert abs(weighed - losses.mean()) > 1e-4
    assert result.history["loss"] == pytest.approx([weighed], rel=1e-5)
    assert result.history["crossentropy"] == pytest.approx([losses.mean()], rel=1e-5)
    there = measure_rows(one, binary.spec, result.weights, *map(np.asarray, binary.validation()))
    assert result.history["val_loss"] == pytest.approx([there["loss"]], rel=1e-6)
