"""One step of training in the graph: rows through inputs, body and head, gradients back, weights updated."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from search.training.graph.arithmetic import l2_penalty
from search.training.graph.body import Body
from search.training.graph.draws import Draws
from search.training.graph.dropout import Steps
from search.training.graph.head import head_of, head_outputs
from search.training.graph.inputs import Inputs
from search.training.graph.members import member_count, of_members
from search.training.graph.numbers import Numbers
from search.training.graph.variables import Cut, Parts, Variables, kept
from search.training.network.optimizers import OPTIMIZERS, Scalars
from search.training.network.structure import Structure
from search.training.network.weights import Keeping

Tensor = Any


class Step:
    """The body of the loop over steps, and what is computed once before it.

    Args:
        slots: of each trained variable.
        projection: kernel and bias from pixels to principal components.
        key: uint64 (1,), from the trial's seed.
        class_weights: of each class, (classes,).
        data: x and y of all rows, the order of rows, the batch size.
        row_weights: of each row, (rows,), where the structure has any.
        rates: float32 (steps, 3): learning rate, as the optimizer corrects it, and that of the moving statistics.
        first: steps of the training before these.
    """

    def __init__(
        self,
        structure: Structure,
        variables: Variables,
        slots: list[list[Any]],
        numbers: Numbers,
        projection: tuple[Tensor, Tensor],
        key: Tensor,
        class_weights: Tensor,
        data: tuple[Tensor, Tensor, Tensor, Tensor],
        rates: Tensor,
        first: Tensor,
        row_weights: Tensor | None = None,
    ) -> None:
        self._structure, self._variables, self._slots, self._numbers = structure, variables, slots, numbers
        self._x, self._y, self._order, self._batch_size = data
        self._rates, self._key, self._class_weights, self._row_weights = (
            rates,
            key,
            class_weights,
            row_weights,
        )
        self.count, self._rows = tf.shape(rates)[0], tf.shape(self._order)[0]
        self._first = tf.cast(first, tf.uint64)
        self._head = head_of(structure.task, structure.all_outputs, structure.quantile)
        self._optimizer = OPTIMIZERS[structure.optimizer]
        self._smoothing = numbers.smoothing if structure.label_smoothing else None
        self._twice_l2 = 2.0 * numbers.l2
        self._penalised = [weight.path for weight in variables.weights if weight.penalised]
        self._vectors = [weight.path for weight in kept(variables.weights, Keeping.SHARED)]
        lengths = variables.lengths()
        self._cut = Cut(variables.weights, Keeping.SHARED, lengths)
        self._members = member_count(variables.own) if structure.members else tf.constant(1)
        whole, draws = tf.minimum(self._batch_size, self._rows), Draws(key, self._first)
        features = tf.shape(variables.own["dense_1/kernel"])[0]
        self._inputs = Inputs(structure, numbers, features, projection, Steps(self.count, whole, draws))
        self._body = Body(structure, numbers, lengths, Steps(self.count, whole * self._members, draws))

    def __call__(self, index: Tensor, table: tf.TensorArray) -> tuple[Tensor, tf.TensorArray]:
        """One update, and the batch's lines in `table`."""
        start = index * self._batch_size
        end = tf.minimum(start + self._batch_size, self._rows)
        picked, rows = self._order[start:end], end - start
        y = tf.gather(self._y, picked)
        draws = Draws(self._key, self._first + tf.cast(index, tf.uint64))
        x = self._inputs.as_floats(tf.gather(self._x, picked), draws)
        masks = self._inputs.masks(index, rows), self._body.masks(index, rows * self._members)
        counts = None if self._row_weights is None else tf.gather(self._row_weights, picked)
        lines = self._update(x, y, counts, rows, masks, tf.gather(self._rates, index))
        return index + 1, table.write(index, lines)

    def _update(
        self,
        x: Tensor,
        y: Tensor,
        counts: Tensor | None,
        rows: Tensor,
        masks: tuple[list[Tensor], list[Tensor]],
        rates: Tensor,
    ) -> Tensor:
        row_count, seen_count = tf.cast(rows, tf.float32), tf.cast(rows * self._members, tf.float32)
        of_inputs, of_layers = masks
        own = {path: variable.read_value() for path, variable in self._variables.own.items()}
        weights: Parts = own | self._cut(self._variables.shared.read_value())
        frozen = {path: variable.read_value() for path, variable in self._variables.frozen.items()}
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([*weights.values()])
            seen = self._inputs(x, weights | frozen, of_inputs)
            seen = of_members(seen, weights) if self._structure.members else seen
            hidden, statistics = self._body(seen, seen_count, weights, of_layers)
            outputs = head_outputs(hidden, weights, self._structure.bfloat16)
        losses_of = self._head.losses_of_members if self._structure.members else self._head.losses
        losses, slopes = losses_of(outputs, y, self._smoothing)
        unweighted = losses
        if self._structure.class_weight:
            of_rows = tf.gather(self._class_weights, y)
            losses, slopes = losses * of_rows, slopes * of_rows[:, None]
        if counts is not None:
            losses, slopes = losses * counts, slopes * counts[:, None]
        found = tape.gradient(outputs, [*weights.values()], output_gradients=slopes * (1.0 / row_count))
        gradients: Parts = dict(zip(weights, found, strict=True))
        outputs = self._head.merged(outputs) if self._structure.members else outputs
        known = self._smoothing is None and not self._structure.members
        plain = unweighted if known else self._head.losses(outputs, y, None)[0]
        if self._structure.l2:
            losses += l2_penalty([own[path] for path in self._penalised], self._numbers.l2)
            for path in self._penalised:
                gradients[path] += own[path] * self._twice_l2
        of_vectors = tf.concat([gradients[path] for path in self._vectors], 0)
        # A variable that is still being read when its update comes is copied first: all of its weights.
        with tf.control_dependencies([losses]):
            self._apply([*(gradients[path] for path in own), of_vectors], rates)
        self._move(statistics, rates[2])
        return self._head.record(losses, plain, outputs, y)

    def _apply(self, gradients: list[Tensor], rates: Tensor) -> None:
        learning_rate, corrected_rate, _ = tf.unstack(rates, num=3)
        numbers, nesterov = self._numbers, self._structure.nesterov
        scalars = Scalars(learning_rate, corrected_rate, numbers.momentum, numbers.weight_decay, nesterov)
        for variable, slots, gradient in zip(self._variables.trained, self._slots, gradients, strict=True):
            self._optimizer.update(variable, slots, gradient, scalars)

    def _move(self, statistics: list[Tensor], rate: Tensor) -> None:
        """moving = (1 - rate) * moving + rate * statistics, in one kernel after the difference."""
        if statistics:
            moving = self._variables.moving
            delta = moving - tf.concat(statistics, 0)
            tf.raw_ops.ResourceApplyGradientDescent(var=moving.handle, alpha=rate, delta=delta)
