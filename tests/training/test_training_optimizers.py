"""Each optimizer's row against Keras's own optimizer: fused updates step by step, names, default learning rates."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from search.training.network.optimizers import OPTIMIZERS, Scalars
from search.training.schedules import build_optimizer
from spaces import Hyperparameters
from spaces.hyperparameters import words_of
from spaces.optimizers import OPTIMIZERS as HYPERPARAMETERS_OF
from spaces.optimizers import Optimizer

STEPS = 60
RATES = {
    "constant": lambda step: 0.01,
    "cosine": lambda step: 0.005 * (1 + np.cos(np.pi * step / STEPS)),
    "plateau": lambda step: 0.01 * 0.5 ** (step // 20),
    "changed by hand": lambda step: 0.01 if step < 30 else 0.05,
}
VARIANTS = [
    (name, nesterov)
    for name, taken in HYPERPARAMETERS_OF.items()
    for nesterov in ((False, True) if "nesterov" in taken else (False,))
]


def test_the_vocabulary_and_the_rows_name_the_same_optimizers() -> None:
    assert tuple(HYPERPARAMETERS_OF) == words_of("optimizer")
    assert set(OPTIMIZERS) == set(HYPERPARAMETERS_OF)
    assert {name for taken in HYPERPARAMETERS_OF.values() for name in taken} <= set(
        Hyperparameters.model_fields
    )


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize(("optimizer", "nesterov"), VARIANTS)
def test_sixty_steps_agree_with_keras(optimizer: Optimizer, nesterov: bool, rates: str) -> None:
    random = np.random.default_rng(0)
    start = random.normal(size=(7, 5)).astype(np.float32)
    theirs = keras.Variable(start)
    one = Hyperparameters(optimizer=optimizer, momentum=0.8, nesterov=nesterov, weight_decay=0.02)
    rival = build_optimizer(one, total_steps=STEPS)
    row = OPTIMIZERS[optimizer]
    ours = tf.Variable(start)
    slots = [tf.Variable(tf.zeros_like(ours)) for _ in range(row.slots)]

    # Traced as in a compiled epoch: the kernels get tensors, not Python numbers.
    @tf.function
    def step_ours(rate: tf.Tensor, corrected: tf.Tensor, gradient: tf.Tensor) -> None:
        scalars = Scalars(rate, corrected, tf.constant(0.8), tf.constant(0.02), nesterov)
        row.update(ours, slots, gradient, scalars)

    for step in range(STEPS):
        rate = float(RATES[rates](step))
        gradient = random.normal(size=start.shape).astype(np.float32)
        rival.learning_rate = rate
        rival.apply([tf.constant(gradient)], [theirs])
        (corrected,) = row.corrected(np.array([rate], np.float32), step)
        step_ours(tf.constant(rate), tf.constant(corrected), tf.constant(gradient))
    assert np.abs(ours.numpy() - theirs.numpy()).max() < 1e-5
    assert np.abs(ours.numpy() - start).max() > 0.05


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_keras_has_these_default_learning_rates(name: Optimizer) -> None:
    optimizer = keras.optimizers.get({"class_name": name, "config": {}})
    assert float(optimizer.learning_rate) == pytest.approx(OPTIMIZERS[name].learning_rate)
    assert type(optimizer).__name__ == OPTIMIZERS[name].keras
