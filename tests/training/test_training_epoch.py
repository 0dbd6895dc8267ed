"""A compiled epoch serves trials of one structure one after the other, and remembers nothing of them."""

from __future__ import annotations

import dataclasses

import numpy as np

from search.data import PreparedData
from search.training.graph.epoch import CompiledEpoch, compiled_epoch
from search.training.loop import train
from search.training.network.structure import Structure
from spaces import Hyperparameters


def test_one_graph_serves_every_width_rate_and_batch_size(digits: PreparedData) -> None:
    one = Hyperparameters(depth=2, batch_norm=True, dropout=0.1, l2=1e-4)
    epoch = compiled_epoch(Structure.of(one, digits.spec, bfloat16=False))
    for width, batch, dropout in ((8, 16, 0.5), (300, 256, 0.05), (17, 7, 0.3)):
        changed = one.model_copy(update={"width": width, "batch_size": batch, "dropout": dropout, "l2": 1e-6})
        assert compiled_epoch(Structure.of(changed, digits.spec, bfloat16=False)) is epoch
        train(changed, digits, epochs=1, patience=5, metric="val_accuracy", seed=0)
    assert epoch._train._function.experimental_get_tracing_count() == 1


def test_a_reused_graph_remembers_nothing(digits: PreparedData) -> None:
    """Bit-equal to a fresh one, whatever was trained in between."""
    values = {"depth": 2, "width": 32, "batch_norm": True, "dropout": 0.3, "augment": "shift"}
    one = Hyperparameters.from_values(values)

    def run(hyperparameters: Hyperparameters) -> list[np.ndarray]:
        return train(hyperparameters, digits, epochs=2, patience=5, metric="val_accuracy", seed=7).weights

    compiled_epoch.cache_clear()
    fresh = run(one)
    run(Hyperparameters.from_values({**values, "width": 200, "learning_rate": 0.1, "dropout": 0.6}))
    again = run(one)
    assert all(np.array_equal(a, b) for a, b in zip(fresh, again, strict=True))


def test_bfloat16_products_keep_float32_weights_and_stay_close(digits: PreparedData) -> None:
    one = Hyperparameters(depth=2, width=64, optimizer="sgd", learning_rate=0.005)
    weights = {}
    for bfloat16 in (False, True):
        result = train(one, digits, epochs=2, patience=5, metric="val_accuracy", seed=1, bfloat16=bfloat16)
        weights[bfloat16] = result.weights
        assert {weight.dtype for weight in result.weights} == {np.dtype(np.float32)}
    apart = max(np.abs(a - b).max() for a, b in zip(weights[False], weights[True], strict=True))
    assert 0 < apart < 0.02


def test_compiled_epochs_are_kept_in_a_bounded_number(digits: PreparedData) -> None:
    structure = Structure.of(Hyperparameters(), digits.spec, bfloat16=False)
    limit = compiled_epoch.cache_info().maxsize
    assert limit is not None
    compiled_epoch.cache_clear()
    for depth in range(1, limit + 5):
        compiled_epoch(dataclasses.replace(structure, skips=(False,) * depth))
    assert compiled_epoch.cache_info().currsize == limit
    assert isinstance(compiled_epoch(structure), CompiledEpoch)
    compiled_epoch.cache_clear()
