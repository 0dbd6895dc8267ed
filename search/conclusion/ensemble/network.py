"""A trained network, as one that can be asked together with others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras
    import numpy as np

    from search.data import DataSpec
    from search.study.trial_record import TrialRecord
    from spaces import Hyperparameters

    Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Network:
    """What `trial` came to: its weights in Keras's order."""

    trial: TrialRecord
    hyperparameters: Hyperparameters
    weights: list[Array]

    def outputs(self, spec: DataSpec, x: Array) -> Array:
        """Before its last activation, float32 (rows, units); `x` are prepared rows."""
        from search.training.scoring import row_outputs

        return row_outputs(self.hyperparameters, spec, self.weights, x)

    def model(self, spec: DataSpec, name: str = "mlp") -> keras.Model:
        """A Keras model that takes prepared rows."""
        from search.training.forms import model_of

        model = model_of(self.hyperparameters, spec, name=name)
        model.set_weights(self.weights)
        return model


def averaged_network(networks: list[Network], shares: list[float], spec: DataSpec) -> keras.Model:
    """A Keras model that takes prepared rows, and answers the mean by `shares`, which sum to 1."""
    from search.training.keras_form.ensemble import averaged_model

    models = [network.model(spec, f"member_{place}") for place, network in enumerate(networks, start=1)]
    return averaged_model(models, shares)
