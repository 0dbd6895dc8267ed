"""Optimizer updates by fused kernels, equal to the updates of Keras's optimizers.

Every function changes `variable` and its slots in place, given the gradient and `Scalars`. Kernels read and
write each weight once, where Keras's updates make a pass per operation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

Tensor = Any
Array = np.ndarray[Any, Any]

# Keras's defaults.
ADAM_BETA_1, ADAM_BETA_2 = 0.9, 0.999
LION_BETA_1, LION_BETA_2 = 0.9, 0.99
RMSPROP_RHO = 0.9
EPSILON = 1e-7


@dataclass(frozen=True)
class Scalars:
    """What all variables share in one step; float32 scalars. `adam_rate` is from `adam_rates`."""

    learning_rate: Tensor
    adam_rate: Tensor
    momentum: Tensor
    weight_decay: Tensor


def adam_rates(rates: Array, first: int) -> Array:
    """Learning rates with Adam's bias corrections (Kingma & Ba 2015, end of section 2), float32 (steps,).

    Args:
        rates: learning rate of each step.
        first: updates before the first of them.
    """
    step = np.arange(first + 1, first + len(rates) + 1, dtype=np.float64)
    corrected = rates * np.sqrt(1.0 - ADAM_BETA_2**step) / (1.0 - ADAM_BETA_1**step)
    return np.asarray(corrected, np.float32)


@dataclass(frozen=True)
class Update:
    """How one optimizer updates a variable, and how many slots of the variable's shape it keeps."""

    slots: int
    apply: Callable[[Any, list[Any], Tensor, Scalars], None]


def update_of(optimizer: str, nesterov: bool) -> Update:
    """The update of an optimizer by its name in the search space."""
    return {
        "adam": Update(2, _adam),
        "adamw": Update(2, _adamw),
        "sgd": Update(1, _nesterov if nesterov else _momentum),
        "rmsprop": Update(2, _rmsprop),
        "lion": Update(1, _lion),
    }[optimizer]


def _adam(variable: Any, slots: list[Any], gradient: Tensor, scalars: Scalars) -> None:
    """Kingma & Ba 2015, algorithm 1. The bias corrections are in the rate, so the kernel's own are switched off."""
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=slots[0].handle,
        v=slots[1].handle,
        beta1_power=0.0,
        beta2_power=0.0,
        lr=scalars.adam_rate,
        beta1=ADAM_BETA_1,
        beta2=ADAM_BETA_2,
        epsilon=EPSILON,
        grad=gradient,
    )


def _adamw(variable: Any, slots: list[Any], gradient: Tensor, scalars: Scalars) -> None:
    """Loshchilov & Hutter 2019, algorithm 2, scaled by the learning rate as in Keras."""
    _decay(variable, scalars)
    _adam(variable, slots, gradient, scalars)


def _momentum(variable: Any, slots: list[Any], gradient: Tensor, scalars: Scalars) -> None:
    _keras_momentum(variable, slots, gradient, scalars, nesterov=False)


def _nesterov(variable: Any, slots: list[Any], gradient: Tensor, scalars: Scalars) -> None:
    _keras_momentum(variable, slots, gradient, scalars, nesterov=True)


def _keras_momentum(
    variable: Any, slots: list[Any], gradient: Tensor, scalars: Scalars, *, nesterov: bool
) -> None:
    """velocity = momentum * velocity - rate * gradient; added to the variable, with Nesterov's look-ahead."""
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle,
        accum=slots[0].handle,
        lr=scalars.learning_rate,
        grad=gradient,
        momentum=scalars.momentum,
        use_nesterov=nesterov,
    )


def _rmsprop(variable: Any, slots: list[Any], gradient: Tensor, scalars: Scalars) -> None:
    tf.raw_ops.ResourceApplyRMSProp(
        var=variable.handle,
        ms=slots[0].handle,
        mom=slots[1].handle,
        lr=scalars.learning_rate,
        rho=RMSPROP_RHO,
        momentum=0.0,
        epsilon=EPSILON,
        grad=gradient,
    )


def _lion(variable: Any, slots: list[Any], gradient: Tensor, scalars: Scalars) -> None:
    """Chen et al. 2023, algorithm 2. TensorFlow has no fused kernel for it."""
    _decay(variable, scalars)
    momentum = slots[0]
    blend = momentum * LION_BETA_1 + gradient * (1.0 - LION_BETA_1)
    variable.assign_sub(scalars.learning_rate * tf.sign(blend))
    momentum.assign(momentum * LION_BETA_2 + gradient * (1.0 - LION_BETA_2))


def _decay(variable: Any, scalars: Scalars) -> None:
    variable.assign_sub(variable * (scalars.weight_decay * scalars.learning_rate))
