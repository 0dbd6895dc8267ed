"""The optimizers, a row each: how it updates weights, the room it takes, and what Keras calls it.

A further one is a row here and a name in `spaces/optimizers.py`; tests hold every row against Keras's optimizer.

An update changes a variable and its slots in place, by a fused kernel where there is one: it reads and writes each
weight once, where Keras's updates make a pass per operation. TensorFlow is imported when an update is traced, as a
driver reads the rows without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from spaces.optimizers import Optimizer

Tensor = Any
Array = np.ndarray[Any, Any]

# Keras's defaults.
_ADAM_BETA_1, _ADAM_BETA_2 = 0.9, 0.999
_LION_BETA_1, _LION_BETA_2 = 0.9, 0.99
_RMSPROP_RHO = 0.9
_EPSILON = 1e-7


@dataclass(frozen=True)
class Scalars:
    """What all variables share in one step, float32 scalars; `corrected_rate` is from the row's `corrected`."""

    learning_rate: Tensor
    corrected_rate: Tensor
    momentum: Tensor
    weight_decay: Tensor
    nesterov: bool


def _as_they_are(rates: Array, steps: Array) -> Array:
    return rates


def _adam_rates(rates: Array, steps: Array) -> Array:
    """With Adam's bias corrections (Kingma & Ba 2015, end of section 2)."""
    return rates * np.sqrt(1.0 - _ADAM_BETA_2**steps) / (1.0 - _ADAM_BETA_1**steps)


@dataclass(frozen=True)
class Row:
    """One optimizer.

    `update` is given a variable, its slots, its gradient and the step's scalars. `slots` of the variable's shape are
    kept from step to step, `passing` further copies live for a moment in each. `learning_rate` is Keras's default;
    between optimizers whose `steps` are alike, and not of another size with other gradients, one learning rate will do.
    `correct` makes of learning rates and their steps, float64 and counted from 1, rates with the bias corrections.
    """

    keras: str
    update: Callable[[Any, list[Any], Tensor, Scalars], None]
    slots: int
    learning_rate: float
    steps: Literal["scaled", "as the gradient", "signs"]
    passing: int = 0
    correct: Callable[[Array, Array], Array] = _as_they_are

    def corrected(self, rates: Array, first: int) -> Array:
        """Learning rates with what this optimizer corrects in each step, float32 (steps,).

        Args:
            rates: learning rate of each step.
            first: updates before the first of them.
        """
        steps = np.arange(first + 1, first + len(rates) + 1, dtype=np.float64)
        return np.asarray(self.correct(rates, steps), np.float32)


def _adam(variable: Any, slots: list[Any], gradient: Tensor, scalars: Scalars) -> None:
    """Kingma & Ba 2015, algorithm 1. The bias corrections are in the rate, so the kernel's own are switched off."""
    import tensorflow as tf

    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=slots[0].handle,
        v=slots[1].handle,
        beta1_power=0.0,
        beta2_power=0.0,
        lr=scalars.corrected_rate,
        beta1=_ADAM_BETA_1,
        beta2=_ADAM_BETA_2,
        epsilon=_EPSILON,
        grad=gradient,
    )


def _adamw(variable: Any, slots: list[Any], gradient: Tensor, scalars: Scalars) -> None:
    """Loshchilov & Hutter 2019, algorithm 2, scaled by the learning rate as in Keras."""
    _decay(variable, scalars)
    _adam(variable, slots, gradient, scalars)


def _sgd(variable: Any, slots: list[Any], gradient: Tensor, scalars: Scalars) -> None:
    """velocity = momentum * velocity - rate * gradient; added to the variable, or with Nesterov's look-ahead."""
    import tensorflow as tf

    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle,
        accum=slots[0].handle,
        lr=scalars.learning_rate,
        grad=gradient,
        momentum=scalars.momentum,
        use_nesterov=scalars.nesterov,
    )


def _rmsprop(variable: Any, slots: list[Any], gradient: Tensor, scalars: Scalars) -> None:
    import tensorflow as tf

    tf.raw_ops.ResourceApplyRMSProp(
        var=variable.handle,
        ms=slots[0].handle,
        mom=slots[1].handle,
        lr=scalars.learning_rate,
        rho=_RMSPROP_RHO,
        momentum=0.0,
        epsilon=_EPSILON,
        grad=gradient,
    )


def _lion(variable: Any, slots: list[Any], gradient: Tensor, scalars: Scalars) -> None:
    """Chen et al. 2023, algorithm 2. TensorFlow has no fused kernel for it."""
    import tensorflow as tf

    _decay(variable, scalars)
    momentum = slots[0]
    blend = momentum * _LION_BETA_1 + gradient * (1.0 - _LION_BETA_1)
    variable.assign_sub(scalars.learning_rate * tf.sign(blend))
    momentum.assign(momentum * _LION_BETA_2 + gradient * (1.0 - _LION_BETA_2))


def _decay(variable: Any, scalars: Scalars) -> None:
    variable.assign_sub(variable * (scalars.weight_decay * scalars.learning_rate))


OPTIMIZERS: dict[Optimizer, Row] = {
    "adam": Row("Adam", _adam, slots=2, learning_rate=1e-3, steps="scaled", correct=_adam_rates),
    "adamw": Row("AdamW", _adamw, slots=2, learning_rate=1e-3, steps="scaled", correct=_adam_rates),
    "sgd": Row("SGD", _sgd, slots=1, learning_rate=0.01, steps="as the gradient"),
    "rmsprop": Row("RMSprop", _rmsprop, slots=2, learning_rate=1e-3, steps="scaled"),
    "lion": Row("Lion", _lion, slots=1, learning_rate=1e-3, steps="signs", passing=4),
}
