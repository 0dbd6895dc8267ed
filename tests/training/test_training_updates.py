"""Fused updates against Keras's own optimizers, step by step."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from search.training.updates import Scalars, adam_rates, update_of

STEPS = 60
RATES = {
    "constant": lambda step: 0.01,
    "cosine": lambda step: 0.005 * (1 + np.cos(np.pi * step / STEPS)),
    "plateau": lambda step: 0.01 * 0.5 ** (step // 20),
    "changed by hand": lambda step: 0.01 if step < 30 else 0.05,
}
KERAS = {
    ("adam", False): lambda: keras.optimizers.Adam(0.01),
    ("adamw", False): lambda: keras.optimizers.AdamW(0.01, weight_decay=0.02),
    ("sgd", False): lambda: keras.optimizers.SGD(0.01, momentum=0.8),
    ("sgd", True): lambda: keras.optimizers.SGD(0.01, momentum=0.8, nesterov=True),
    ("rmsprop", False): lambda: keras.optimizers.RMSprop(0.01),
    ("lion", False): lambda: keras.optimizers.Lion(0.01, weight_decay=0.02),
}


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize(("optimizer", "nesterov"), KERAS)
def test_sixty_steps_agree_with_keras(optimizer: str, nesterov: bool, rates: str) -> None:
    random = np.random.default_rng(0)
    start = random.normal(size=(7, 5)).astype(np.float32)
    theirs = keras.Variable(start)
    rival = KERAS[optimizer, nesterov]()
    update = update_of(optimizer, nesterov)
    ours = tf.Variable(start)
    slots = [tf.Variable(tf.zeros_like(ours)) for _ in range(update.slots)]

    # Traced as in a compiled epoch: the kernels get tensors, not Python numbers.
    @tf.function
    def step_ours(rate: tf.Tensor, adam_rate: tf.Tensor, gradient: tf.Tensor) -> None:
        scalars = Scalars(rate, adam_rate, tf.constant(0.8), tf.constant(0.02))
        update.apply(ours, slots, gradient, scalars)

    for step in range(STEPS):
        rate = float(RATES[rates](step))
        gradient = random.normal(size=start.shape).astype(np.float32)
        rival.learning_rate = rate
        rival.apply([tf.constant(gradient)], [theirs])
        (adam_rate,) = adam_rates(np.array([rate], np.float32), step)
        step_ours(tf.constant(rate), tf.constant(adam_rate), tf.constant(gradient))
    assert np.abs(ours.numpy() - theirs.numpy()).max() < 1e-5
    assert np.abs(ours.numpy() - start).max() > 0.05
