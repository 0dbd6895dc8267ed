"""The hidden layers in the graph, in training and outside of it; as `keras_form/body.py`."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from search.training.graph.arithmetic import dense, matmul
from search.training.graph.draws import Draw
from search.training.graph.dropout import DropoutMasks, Steps, masked
from search.training.graph.normalization import batch_norm, moving_batch_norm
from search.training.graph.numbers import Numbers
from search.training.graph.variables import Parts
from search.training.network.structure import Structure

Tensor = Any


class Body:
    """Hidden layers in training. Made before the loop over steps.

    Args:
        lengths: units of each layer, int32 scalars by the path of its kernel.
        steps: of the epoch; its rows are those of all members.
    """

    def __init__(self, structure: Structure, numbers: Numbers, lengths: Parts, steps: Steps) -> None:
        self._structure = structure
        self._activate = keras.activations.get(structure.activation)
        widths = [lengths[f"dense_{layer}/kernel"] for layer in range(1, structure.depth + 1)]
        first, last = numbers.dropout, numbers.last_dropout
        rates = [last if structure.even_dropout else first] * (structure.depth - 1) + [last]
        self._masks = DropoutMasks(rates, widths, steps, Draw.DROPOUT) if structure.dropout else None

    def masks(self, index: Tensor, rows: Tensor) -> list[Tensor]:
        """Of each layer, for one step of the epoch; none without dropout."""
        return self._masks.of_step(index, rows) if self._masks else []

    def __call__(
        self, x: Tensor, rows: Tensor, weights: Parts, masks: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """What the head is given, and the batch's mean and variance of each normalised layer.

        Args:
            rows: rows of x, float32.
        """
        statistics: list[Tensor] = []
        bfloat16 = self._structure.bfloat16
        for layer, skip in enumerate(self._structure.skips, start=1):
            given, kernel = x, weights[f"dense_{layer}/kernel"]
            if self._structure.batch_norm:
                gamma, beta = (weights[f"batch_norm_{layer}/{name}"] for name in ("gamma", "beta"))
                x, mean, variance = batch_norm(matmul(x, kernel, bfloat16), gamma, beta, rows)
                statistics += [mean, variance]
            else:
                x = dense(x, kernel, weights[f"dense_{layer}/bias"], bfloat16)
            x = self._activate(x)
            if self._structure.dropout:
                x = masked(x, masks[layer - 1])
            x = given + x if skip else x
        return x, statistics


def infer_body(
    x: Tensor, weights: Parts, skips: tuple[bool, ...], activation: str, *, normalised: bool
) -> Tensor:
    """What the head is given outside of training: by the moving statistics, in float32, nothing dropped."""
    activate = keras.activations.get(activation)
    parts = ("gamma", "beta", "moving_mean", "moving_variance")
    for layer, skip in enumerate(skips, start=1):
        given, kernel = x, weights[f"dense_{layer}/kernel"]
        if normalised:
            of_norm = [weights[f"batch_norm_{layer}/{part}"] for part in parts]
            x = moving_batch_norm(tf.matmul(x, kernel), *of_norm)
        else:
            x = dense(x, kernel, weights[f"dense_{layer}/bias"], bfloat16=False)
        x = given + activate(x) if skip else activate(x)
    return x
