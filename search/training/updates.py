"""Optimizer updates by fused kernels, equal to the updates of Keras's optimizers.

Every function changes `variable` and its slots in place, given the gradient and `Scalars`. Kernels read and
write each weight once, where Keras's updates make a pass per operation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

Tensor = Any

# Keras's defaults.
ADAM_BETA_1, ADAM_BETA_2 = 0.9, 0.999
LION_BETA_1, LION_BETA_2 = 0.9, 0.99
RMSPROP_RHO = 0.9
EPSILON = 1e-7


@dataclass(frozen=True)
class Scalars:
    """What all variables share in one step; float32 scalars."""

    learning_rate: Tensor
    momentum: Tensor
    weight_decay: Tensor
    beta_1_power: Tensor
    beta_2_power: Tensor

    @classmethod
    def at(cls, step: Tensor, learning_rate: Tensor, momentum: Tensor, weight_decay: Tensor) -> Scalars:
        """`step` counts from 1. The powers are Adam's, made once a step and not once a variable."""
        powers = tf.pow(ADAM_BETA_1, step), tf.pow(ADAM_BETA_2, step)
        return cls(learning_rate, momentum, weight_decay, *powers)


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
    """Kingma & Ba 2015, algorithm 1, with the bias corrections in the step size (end of section 2)."""
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=slots[0].handle,
        v=slots[1].handle,
        beta1_power=scalars.beta_1_power,
        beta2_power=scalars.beta_2_power,
        lr=scalars.learning_rate,
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
