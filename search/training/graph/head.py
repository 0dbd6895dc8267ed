"""The head in the graph: outputs before their activation, the loss by task, and what is recorded of each row.

As `keras_form/head.py`, whose outputs have the activation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import tensorflow as tf

from search.training.graph.arithmetic import dense, matmul
from search.training.graph.variables import Parts
from search.training.network.recorded import COLUMNS, WITH_OUTPUTS

Tensor = Any


def head_outputs(x: Tensor, weights: Parts, bfloat16: bool = False) -> Tensor:
    """Logits, or the standardised prediction, (batch, units) float32; of members (members, batch, units)."""
    kernel, bias = weights["head/kernel"], weights["head/bias"]
    if kernel.shape.rank == 2:
        return dense(x, kernel, bias, bfloat16)
    of_each = tf.reshape(x, [tf.shape(kernel)[0], -1, tf.shape(kernel)[1]])
    return matmul(of_each, kernel, bfloat16) + bias[:, None, :]


class Head(ABC):
    """What one task minimises and records. `outputs` are those of `head_outputs`.

    A graph records a table, a line for each row, with `columns`; `measures` makes metrics of it.
    """

    columns: tuple[str, ...]
    also_outputs = False
    several = False
    y_type: Any = tf.int32

    @property
    def y_spec(self) -> tf.TensorSpec:
        """Of the targets of rows, which several have in columns."""
        return tf.TensorSpec([None, None] if self.several else [None], self.y_type)

    @abstractmethod
    def losses(self, outputs: Tensor, y: Tensor, smoothing: Tensor | None) -> tuple[Tensor, Tensor]:
        """The loss of each row (batch,), without L2, and its gradient by the outputs (batch, units).

        With label smoothing (Szegedy et al. 2016, sec. 7) where `smoothing` is given. Written out, because
        the automatic gradient of a mean takes a dozen small kernels.
        """

    @abstractmethod
    def merged(self, outputs: Tensor) -> Tensor:
        """One answer of members: outputs (members, batch, units) as (batch, units) whose activation is their mean's."""

    def losses_of_members(
        self, outputs: Tensor, y: Tensor, smoothing: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """As `losses`, of outputs (members, batch, units): each member is trained by a loss of its own.

        Returns:
            The mean of the members' losses (batch,), and its gradient by the outputs.
        """
        members = tf.shape(outputs)[0]
        flat = tf.reshape(outputs, [-1, tf.shape(outputs)[2]])
        losses, slopes = self.losses(flat, tf.tile(y, [members, 1] if self.several else [members]), smoothing)
        slopes = tf.reshape(slopes, tf.shape(outputs)) * (1.0 / tf.cast(members, tf.float32))
        return tf.reduce_mean(tf.reshape(losses, [members, -1]), 0), slopes

    @abstractmethod
    def record(self, losses: Tensor, plain: Tensor, outputs: Tensor, y: Tensor) -> Tensor:
        """The table's lines of one batch, float32 (batch, columns), where `also_outputs` (batch, columns + units).

        Args:
            losses: of each row, L2 included.
            plain: the loss of each row without L2 and smoothing.
        """

    def empty_table(self, batches: Tensor) -> tf.TensorArray:
        """Of as many batches; each `write` of a graph adds one."""
        shape = [None, None if self.also_outputs or self.several else len(self.columns)]
        return tf.TensorArray(tf.float32, batches, element_shape=shape, infer_shape=False)


class _OfOneTarget(Head):
    """Whose columns are known."""

    @abstractmethod
    def _record(self, losses: Tensor, plain: Tensor, outputs: Tensor, y: Tensor) -> list[Tensor]:
        """The columns of one batch."""

    def record(self, losses: Tensor, plain: Tensor, outputs: Tensor, y: Tensor) -> Tensor:
        lines = tf.stack(self._record(losses, plain, outputs, y), axis=1)
        return tf.concat([lines, outputs], axis=1) if self.also_outputs else lines


class _Regression(_OfOneTarget):
    columns = COLUMNS["regression"]
    y_type = tf.float32

    def losses(self, outputs: Tensor, y: Tensor, smoothing: Tensor | None) -> tuple[Tensor, Tensor]:
        error = outputs[:, 0] - y
        return tf.square(error), (2.0 * error)[:, None]

    def _record(self, losses: Tensor, plain: Tensor, outputs: Tensor, y: Tensor) -> list[Tensor]:
        return [losses, outputs[:, 0], y]

    def merged(self, outputs: Tensor) -> Tensor:
        return tf.reduce_mean(outputs, 0)


class _Quantile(_Regression):
    """By the pinball loss, which the quantile of the targets at `level` makes least (Koenker & Bassett 1978)."""

    def __init__(self, level: float) -> None:
        self._level = level

    def losses(self, outputs: Tensor, y: Tensor, smoothing: Tensor | None) -> tuple[Tensor, Tensor]:
        missed = y - outputs[:, 0]
        slope = tf.where(missed > 0, self._level, self._level - 1.0)
        return slope * missed, -slope[:, None]


class _Binary(_OfOneTarget):
    columns = COLUMNS["binary"]

    def losses(self, outputs: Tensor, y: Tensor, smoothing: Tensor | None) -> tuple[Tensor, Tensor]:
        labels, logits = tf.cast(y, tf.float32), outputs[:, 0]
        if smoothing is not None:
            labels = labels * (1.0 - smoothing) + 0.5 * smoothing
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
        return losses, (tf.sigmoid(logits) - labels)[:, None]

    def _record(self, losses: Tensor, plain: Tensor, outputs: Tensor, y: Tensor) -> list[Tensor]:
        return [losses, plain, outputs[:, 0], tf.cast(y, tf.float32)]

    def merged(self, outputs: Tensor) -> Tensor:
        # The members' number cancels.
        of_one = tf.reduce_logsumexp(tf.math.log_sigmoid(outputs), 0)
        return of_one - tf.reduce_logsumexp(tf.math.log_sigmoid(-outputs), 0)


class _Quantities(Head):
    """Several targets: the loss is the mean of what each one's would be."""

    columns = COLUMNS["multioutput"]
    several = True
    y_type = tf.float32

    def losses(self, outputs: Tensor, y: Tensor, smoothing: Tensor | None) -> tuple[Tensor, Tensor]:
        error = outputs - y
        return tf.reduce_mean(tf.square(error), 1), error * (2.0 / tf.cast(tf.shape(y)[1], tf.float32))

    def record(self, losses: Tensor, plain: Tensor, outputs: Tensor, y: Tensor) -> Tensor:
        return tf.concat([losses[:, None], outputs, y], axis=1)

    def merged(self, outputs: Tensor) -> Tensor:
        return tf.reduce_mean(outputs, 0)


class _Labels(_Binary):
    """Several labels of two classes: the loss is the mean of what each one's would be."""

    columns = COLUMNS["multilabel"]
    several = True

    def losses(self, outputs: Tensor, y: Tensor, smoothing: Tensor | None) -> tuple[Tensor, Tensor]:
        losses, slopes = super().losses(tf.reshape(outputs, [-1, 1]), tf.reshape(y, [-1]), smoothing)
        count = 1.0 / tf.cast(tf.shape(y)[1], tf.float32)
        return tf.reduce_mean(tf.reshape(losses, tf.shape(y)), 1), tf.reshape(slopes, tf.shape(y)) * count

    def record(self, losses: Tensor, plain: Tensor, outputs: Tensor, y: Tensor) -> Tensor:
        return tf.concat([losses[:, None], plain[:, None], outputs, tf.cast(y, tf.float32)], axis=1)


class _Multiclass(_OfOneTarget):
    columns = COLUMNS["multiclass"]

    def losses(self, outputs: Tensor, y: Tensor, smoothing: Tensor | None) -> tuple[Tensor, Tensor]:
        if smoothing is None:
            losses, gradient = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=outputs, labels=y)
            return losses, gradient
        classes = tf.shape(outputs)[1]
        other = smoothing / tf.cast(classes, tf.float32)
        labels = tf.one_hot(y, classes, 1.0 - smoothing + other, other)
        losses, gradient = tf.raw_ops.SoftmaxCrossEntropyWithLogits(features=outputs, labels=labels)
        return losses, gradient

    def _record(self, losses: Tensor, plain: Tensor, outputs: Tensor, y: Tensor) -> list[Tensor]:
        right = tf.equal(tf.argmax(outputs, 1, output_type=tf.int32), y)
        return [losses, plain, tf.cast(right, tf.float32)]

    def merged(self, outputs: Tensor) -> Tensor:
        # Softmax does not see the members' number, which is the same for all classes.
        return tf.reduce_logsumexp(tf.nn.log_softmax(outputs), 0)


class _MulticlassWithOutputs(_Multiclass):
    columns = WITH_OUTPUTS
    also_outputs = True

    def _record(self, losses: Tensor, plain: Tensor, outputs: Tensor, y: Tensor) -> list[Tensor]:
        return [*super()._record(losses, plain, outputs, y), tf.cast(y, tf.float32)]


HEADS: dict[str, Head] = {
    "regression": _Regression(),
    "binary": _Binary(),
    "multiclass": _Multiclass(),
    "multioutput": _Quantities(),
    "multilabel": _Labels(),
}
"""By task, as most studies record their rows."""

_WITH_OUTPUTS = _MulticlassWithOutputs()


def head_of(task: str, all_outputs: bool, quantile: float | None = None) -> Head:
    """That of `task`; the one of several classes records `all_outputs` where a metric needs them.

    A regression learns the `quantile`, where there is one, in place of the mean.
    """
    if quantile is not None:
        return _Quantile(quantile)
    return _WITH_OUTPUTS if all_outputs else HEADS[task]
