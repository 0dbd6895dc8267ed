"""Calls of compiled graphs, and values of variables, without what TensorFlow's Python does around them.

A `tf.function` compares its arguments with its signature at each call, and assigning or reading a variable converts and
checks what is known to fit. A trial of small data calls and sets often.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

Tensor = Any
Array = np.ndarray[Any, Any]


class CompiledGraph:
    """A `tf.function` of one signature, traced at its first call.

    Args:
        function: with an input signature.
    """

    def __init__(self, function: Any) -> None:
        self._function = function
        self._traced: Any = None
        self._captured: list[Tensor] = []

    def __call__(self, *tensors: Tensor) -> Any:
        """What it returns for `tensors`, which are of its signature: flat, in its order. Nobody compares."""
        if self._traced is None:
            self._traced = self._function.get_concrete_function()
            self._captured = self._traced.captured_inputs  # variables, which stay the same
        return self._traced._call_flat(list(tensors), self._captured)


def put(variable: Any, value: Array | Tensor) -> None:
    """Assign float32 or whatever the variable is, of a shape that it takes."""
    tf.raw_ops.AssignVariableOp(resource=variable.handle, value=value)


def tensor_of(variable: Any) -> Tensor:
    """Its value. While somebody holds it, the next update copies the variable first."""
    return tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=variable.dtype)
