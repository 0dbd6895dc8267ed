"""Several networks as one: the Keras model and the recorded outputs are both the weighted mean of what each answers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from search.data import Components, PreparedData
from search.training.averaging import averaged_outputs
from search.training.keras_form.ensemble import averaged_model
from search.training.keras_form.model import build_model
from search.training.rows import inputs_of
from search.training.scoring import row_outputs
from spaces import Hyperparameters

WEIGHTS = (0.5, 0.3, 0.2)
MEMBERS: dict[str, tuple[dict[str, object], ...]] = {
    "digits": ({"augment": "flip"}, {"augment": "flip", "pca": 12, "batch_norm": True}, {"depth": 2}),
    "binary": ({"embedding": "piecewise"}, {"batch_norm": True}, {"members": 4}),
    "regression": ({"embedding": "periodic"}, {"embedding": "piecewise"}, {"depth": 2}),
}
"""Both sides, components, embedded numbers: what networks differ in beside their sizes."""


def network(data: PreparedData, seed: int, values: dict[str, object]) -> tuple[Hyperparameters, keras.Model]:
    """With the weights that a training would begin with."""
    one = Hyperparameters.from_values({"depth": 1, "width": 16, **values})
    model = build_model(one, data.spec, seed=seed, name=f"member_{seed}")
    if one.pca and data.spec.kind == "image":
        model.get_layer("pca").set_weights(Components.load(data.folder).projection(one.pca))
    if frozen := inputs_of(one, data).frozen:
        model.get_layer("bins").set_weights(list(frozen.values()))
    return one, model


def activated(outputs: np.ndarray[Any, Any], task: str) -> np.ndarray[Any, Any]:
    if task == "regression":
        return outputs
    if task == "binary":
        return 1 / (1 + np.exp(-outputs))
    return np.exp(outputs)


@pytest.mark.parametrize("name", MEMBERS)
def test_the_model_and_the_outputs_are_the_weighted_mean_of_the_members(
    name: str, request: pytest.FixtureRequest
) -> None:
    data: PreparedData = request.getfixturevalue(name)
    networks = [network(data, seed, values) for seed, values in enumerate(MEMBERS[name], start=1)]
    x = data.validation()[0][:20]
    answers = [np.asarray(model(x)) for _, model in networks]
    mean = np.tensordot(WEIGHTS, answers, axes=1)
    assert np.abs(answers - mean).max() > 1e-3
    model = averaged_model([model for _, model in networks], WEIGHTS)
    np.testing.assert_allclose(np.asarray(model(x)), mean, atol=1e-6)
    outputs = [row_outputs(one, data.spec, model.get_weights(), x) for one, model in networks]
    together = averaged_outputs(outputs, WEIGHTS, data.spec.task)
    np.testing.assert_allclose(activated(together, data.spec.task), mean, atol=1e-5)


def test_a_probability_that_float32_has_no_number_for_keeps_its_cross_entropy() -> None:
    logits = np.array([[0.0, 200.0]])
    assert averaged_outputs([logits, logits], [0.5, 0.5], "multiclass")[0, 0] == pytest.approx(-200)
    assert averaged_outputs([logits[:, 1:]] * 2, [0.5, 0.5], "binary") == pytest.approx(200)


def test_a_member_without_a_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="a weight for each member, but got 1 for 0"):
        averaged_model([], [1.0])
