"""What a compiled graph depends on: trainings of equal structure share one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from search.data import DataSpec
from search.settings.metrics import sees_all_outputs
from search.settings.quantiles import quantile_of
from search.training.network.dimensions import asks_twice, coded_columns, components_of, embedding_of
from spaces import Hyperparameters
from spaces.hyperparameters import Embedding
from spaces.optimizers import OPTIMIZERS, Optimizer


@dataclass(frozen=True)
class Structure:
    """What one graph serves: every trial that agrees in these. Widths, rates and the batch size may differ.

    `all_outputs`: those of each row are recorded too, for a metric. `quantile`: the one that is learnt in place of the
    mean. `coded`: how many features are codes. `skips`: of
    each hidden layer. `image`: training rows come as uint8 pixels. `projected`: the first layer is given principal
    components, to which pixels that are not augmented were projected before.
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
    input_dropout: bool
    dropout: bool
    even_dropout: bool
    l2: bool
    label_smoothing: bool
    class_weight: bool
    row_weight: bool
    optimizer: Optimizer
    nesterov: bool
    mirror: bool
    input_shape: tuple[int, ...] | None
    image: bool
    projected: bool
    bfloat16: bool

    @property
    def depth(self) -> int:
        return len(self.skips)

    @classmethod
    def of(
        cls, hyperparameters: Hyperparameters, spec: DataSpec, *, bfloat16: bool, asked: Collection[str] = ()
    ) -> Structure:
        """`asked` are metrics that are measured beside those of every study."""
        augment = spec.kind == "image" and hyperparameters.augment != "none"
        projected = components_of(hyperparameters, spec) > 0
        return cls(
            task=spec.task,
            all_outputs=sees_all_outputs(spec.task, asked),
            quantile=quantile_of(asked) if spec.task == "regression" else None,
            embedding=embedding_of(hyperparameters, spec),
            coded=coded_columns(spec),
            members=hyperparameters.members > 1,
            skips=hyperparameters.skips,
            activation=hyperparameters.activation,
            batch_norm=hyperparameters.batch_norm,
            input_dropout=hyperparameters.input_dropout > 0,
            dropout=hyperparameters.dropout > 0,
            even_dropout=len(set(hyperparameters.dropouts)) == 1,
            l2=hyperparameters.l2 > 0,
            label_smoothing=hyperparameters.label_smoothing > 0 and not spec.of_quantities,
            class_weight=hyperparameters.class_weight > 0 and len(spec.class_names) > 0,
            row_weight=spec.weight != "",
            optimizer=hyperparameters.optimizer,
            nesterov="nesterov" in OPTIMIZERS[hyperparameters.optimizer] and hyperparameters.nesterov,
            mirror=asks_twice(hyperparameters, spec),
            input_shape=spec.input_shape if augment else None,
            image=spec.kind == "image" and (augment or not projected),
            projected=projected,
            bfloat16=bfloat16,
        )
