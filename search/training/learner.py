"""What trains one network, epoch by epoch: what `Run` has to know of it, whichever way its epochs are computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import keras
    import numpy as np

    from search.training.graph.state import GraphState
    from search.training.schedules import Rate

    Array = np.ndarray[Any, Any]


class Learner(Protocol):
    """One network that learns: `CompiledLearner` the networks that are ours, `FitLearner` those of a user's own.

    `optimizer` holds the learning rate, which callbacks read and set: Keras's own where a user's callbacks see it.
    `steps` are those of an epoch. `parameters` are the weights that are counted for a trial. Weights are in Keras's
    order. `model` is the Keras model that is trained; None where it is no Keras model.
    """

    model: keras.Model | None
    optimizer: keras.optimizers.Optimizer | Rate
    steps: int
    parameters: int

    def train(self, epoch: int, hooks: keras.callbacks.CallbackList) -> dict[str, float]:
        """Run `epoch`, counted from 0, with the hooks of its batches; logs by Keras's names."""
        ...

    def validate(self) -> dict[str, float]:
        """Logs of all validation rows, without `val_`."""
        ...

    def weights(self) -> list[Array]:
        """Copies, as the network's Keras model takes them."""
        ...

    def set_weights(self, weights: list[Array]) -> None:
        """Go on with these."""
        ...

    def state(self) -> GraphState:
        """A copy of all that epochs have changed; shuffles and the like are drawn by seed and epoch."""
        ...

    def go_on(self, state: GraphState, epochs: int) -> None:
        """From where an equal training was after so many epochs.

        Raises:
            ValueError: it had other weights.
        """
        ...
