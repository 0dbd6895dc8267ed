"""Loss and metrics of a model on all rows of a split, as one compiled graph.

It depends on less than a compiled epoch does: trials that differ in optimizer, dropout or shifts share one,
which is a third of what a new structure costs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import tensorflow as tf

from search.training.graph.arithmetic import l2_penalty
from search.training.graph.body import infer_body
from search.training.graph.calling import CompiledGraph
from search.training.graph.codes import with_vectors
from search.training.graph.embedding import embedded
from search.training.graph.head import head_of, head_outputs
from search.training.graph.inputs import standardised
from search.training.graph.members import of_members
from search.training.graph.variables import Cut, Parts, kept
from search.training.network.dimensions import EVALUATION_BATCH
from search.training.network.structure import Structure
from search.training.network.weights import Keeping, open_weights
from spaces.hyperparameters import Embedding

Tensor = Any

# Compiled evaluations kept by a process.
_KEPT = 32


class InferenceStructure(NamedTuple):
    """What an evaluation depends on. `image`: rows come as uint8 pixels; components never do.

    `mirror`: outputs are averaged with those of the mirrored rows.
    """

    task: str
    all_outputs: bool
    quantile: float | None
    embedding: Embedding
    coded: int
    members: bool
    skips: tuple[bool, ...]
    activation: str
    batch_norm: bool
    label_smoothing: bool
    image: bool
    mirror: bool

    @classmethod
    def of(cls, structure: Structure) -> InferenceStructure:
        alike = {field: getattr(structure, field) for field in cls._fields}
        return cls(**alike | {"image": structure.image and not structure.projected})


@lru_cache(maxsize=_KEPT)
def compiled_evaluation(structure: InferenceStructure) -> CompiledGraph:
    """A graph from (x, mirrored, y, *own, vectors, moving, scale, offset, l2, smoothing) to the head's table.

    Products are of float32, moving statistics take the place of the batch's, nothing is dropped: what the
    exported model computes.
    """
    vector, scalar = (tf.TensorSpec([None] * rank, tf.float32) for rank in (1, 0))
    x = tf.TensorSpec([None, None], tf.uint8 if structure.image else tf.float32)
    y = head_of(structure.task, structure.all_outputs, structure.quantile).y_spec
    evaluation = Evaluation(structure)
    own = [tf.TensorSpec([None] * weight.rank, tf.float32) for weight in evaluation.kept_apart]
    signature = [x, x, y, own, vector, vector, *[scalar] * 4]
    return CompiledGraph(tf.function(evaluation, input_signature=signature, autograph=False))


class Evaluation:
    """What a network of one structure answers for given rows, by any weights; as arguments of its methods."""

    def __init__(self, structure: InferenceStructure) -> None:
        self._structure = structure
        self._head = head_of(structure.task, structure.all_outputs, structure.quantile)
        self._weights = open_weights(
            structure.embedding,
            structure.coded > 0,
            structure.members,
            len(structure.skips),
            structure.batch_norm,
        )
        self.kept_apart = kept(self._weights, Keeping.OWN) + kept(self._weights, Keeping.FROZEN)

    def __call__(
        self,
        x: Tensor,
        mirrored: Tensor,
        y: Tensor,
        own: list[Tensor],
        vectors: Tensor,
        moving: Tensor,
        scale: Tensor,
        offset: Tensor,
        l2: Tensor,
        smoothing: Tensor,
    ) -> Tensor:
        rows, head = tf.shape(y)[0], self._head
        smoothed = smoothing if self._structure.label_smoothing else None
        weights = self._by_path(own, vectors, moving)
        penalty = l2_penalty([weights[weight.path] for weight in self._weights if weight.penalised], l2)

        def batch(start: Tensor, table: tf.TensorArray) -> tuple[Tensor, tf.TensorArray]:
            y_batch = y[start : start + EVALUATION_BATCH]
            outputs = self._batch(start, x, mirrored, weights, scale, offset)
            losses, _ = head.losses(outputs, y_batch, smoothed)
            plain = losses if smoothed is None else head.losses(outputs, y_batch, None)[0]
            lines = head.record(losses + penalty, plain, outputs, y_batch)
            return start + EVALUATION_BATCH, table.write(start // EVALUATION_BATCH, lines)

        begin = (tf.constant(0), head.empty_table((rows + EVALUATION_BATCH - 1) // EVALUATION_BATCH))
        return tf.while_loop(lambda start, _: start < rows, batch, begin)[1].concat()

    def outputs(
        self,
        x: Tensor,
        mirrored: Tensor,
        own: list[Tensor],
        vectors: Tensor,
        moving: Tensor,
        scale: Tensor,
        offset: Tensor,
    ) -> Tensor:
        """Of all rows before their activation, (rows, units). Called without a graph: it is asked once."""
        weights = self._by_path(own, vectors, moving)
        starts = range(0, max(len(x), 1), EVALUATION_BATCH)
        return tf.concat([self._batch(at, x, mirrored, weights, scale, offset) for at in starts], axis=0)

    def _batch(
        self, start: Tensor, x: Tensor, mirrored: Tensor, weights: Parts, scale: Tensor, offset: Tensor
    ) -> Tensor:
        """Outputs of the rows from `start` on: of an image and its mirror image their mean, of members one answer."""

        def infer(of: Tensor) -> Tensor:
            return self._outputs(of[start : start + EVALUATION_BATCH], weights, scale, offset)

        outputs = infer(x)
        outputs = 0.5 * (outputs + infer(mirrored)) if self._structure.mirror else outputs
        return self._head.merged(outputs) if self._structure.members else outputs

    def _by_path(self, own: list[Tensor], vectors: Tensor, moving: Tensor) -> Parts:
        """Cut here, once for all rows."""
        parts = dict(zip([weight.path for weight in self.kept_apart], own, strict=True))
        lengths = {path: tf.shape(kernel)[-1] for path, kernel in parts.items()}
        shared, moved = (
            Cut(self._weights, keeping, lengths)(of)
            for keeping, of in ((Keeping.SHARED, vectors), (Keeping.MOVING, moving))
        )
        return parts | shared | moved

    def _outputs(self, x: Tensor, weights: Parts, scale: Tensor, offset: Tensor) -> Tensor:
        structure = self._structure
        x = standardised(x, scale, offset) if structure.image else x
        x = with_vectors(embedded(x, weights, structure.embedding), weights, structure.coded)
        x = of_members(x, weights) if structure.members else x
        return head_outputs(
            infer_body(x, weights, structure.skips, structure.activation, normalised=structure.batch_norm),
            weights,
        )
