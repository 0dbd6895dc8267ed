"""The Keras MLP: parameters counted exactly, layers in order, heads by task."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from search.data import DataSpec, PreparedData
from search.data.preparing.spec import Rows
from search.training.keras_form.model import build_model
from spaces import Hyperparameters
from spaces.hyperparameters import words_of

COLOUR_IMAGES = DataSpec(
    source="images",
    fingerprint="",
    kind="image",
    task="multiclass",
    input_shape=(32, 32, 3),
    scale=1 / 255,
    class_names=tuple("abcdefghij"),
    rows=Rows(train=1, validation=1, test=1),
    seed=0,
    val_fraction=0.1,
    test_fraction=0.1,
)


@pytest.mark.parametrize(
    ("depth", "width", "taper", "batch_norm", "parameters"),
    [(2, 32, 1.0, False, 99_722), (3, 128, 1.0, False, 427_658), (3, 256, 0.5, True, 830_282)],
)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_parameters_come_out_exactly(
    depth: int, width: int, taper: float, batch_norm: bool, dropout: float, parameters: int
) -> None:
    """3072 inputs and 10 classes; dropout and L2 add none."""
    one = Hyperparameters(
        depth=depth,
        width=width,
        taper=taper,
        batch_norm=batch_norm,
        dropout=dropout,
        l2=1e-4,
        augment="shift_flip",
    )
    model = build_model(one, COLOUR_IMAGES)
    # The random layers of augmentation keep the state of their generators as weights; those are no parameters.
    counted = sum(
        layer.count_params()
        for layer in model.layers
        if isinstance(layer, keras.layers.Dense | keras.layers.BatchNormalization)
    )
    assert counted == parameters
    assert model.count_params() == parameters


def test_each_hidden_layer_is_dense_normalization_activation_dropout() -> None:
    one = Hyperparameters(depth=2, width=16, batch_norm=True, dropout=0.25, activation="gelu", l2=1e-3)
    model = build_model(one, COLOUR_IMAGES)
    assert [layer.name for layer in model.layers] == [
        "x",
        "rescaling",
        "flatten",
        *("dense_1", "batch_norm_1", "activation_1", "dropout_1"),
        *("dense_2", "batch_norm_2", "activation_2", "dropout_2"),
        "head",
    ]
    dense = model.get_layer("dense_1")
    assert dense.activation is keras.activations.linear
    assert float(dense.kernel_regularizer.l2) == pytest.approx(1e-3)
    assert model.get_layer("activation_1").activation is keras.activations.gelu
    assert model.get_layer("dropout_1").rate == 0.25


def test_the_last_hidden_layer_can_drop_less() -> None:
    one = Hyperparameters(depth=3, width=16, dropout=0.3, last_dropout_factor=2 / 3)
    model = build_model(one, COLOUR_IMAGES)
    rates = [model.get_layer(f"dropout_{layer}").rate for layer in (1, 2, 3)]
    assert rates == pytest.approx([0.3, 0.3, 0.2])
    assert model.get_layer("head").kernel_regularizer is None


def test_inputs_are_dropped_after_they_are_projected() -> None:
    one = Hyperparameters(depth=1, width=16, pca=8, input_dropout=0.1)
    model = build_model(one, COLOUR_IMAGES)
    names = [layer.name for layer in model.layers]
    assert names[:5] == ["x", "rescaling", "flatten", "pca", "input_dropout"]
    assert model.get_layer("input_dropout").rate == 0.1
    assert one.describe() == "16 relu, input dropout 0.1, adam 1e-3, batch 64, PCA 8"


def test_what_is_off_has_no_layer() -> None:
    model = build_model(Hyperparameters(depth=1, width=16), COLOUR_IMAGES)
    assert [layer.name for layer in model.layers] == [
        "x",
        "rescaling",
        "flatten",
        "dense_1",
        "activation_1",
        "head",
    ]
    assert model.get_layer("dense_1").kernel_regularizer is None


def test_the_head_follows_from_the_task(
    digits: PreparedData, binary: PreparedData, regression: PreparedData
) -> None:
    heads = {}
    for data in (digits, binary, regression):
        head = build_model(Hyperparameters(), data.spec).get_layer("head")
        heads[data.spec.task] = (head.units, head.activation.__name__)
    assert heads == {"multiclass": (10, "softmax"), "binary": (1, "sigmoid"), "regression": (1, "linear")}


@pytest.mark.parametrize("initializer", words_of("initializer"))
def test_initializers_are_seeded_and_differ_between_layers(initializer: str) -> None:
    one = Hyperparameters.from_values({"depth": 3, "width": 16, "initializer": initializer})
    first, again, other = (
        [
            layer.kernel.numpy()
            for layer in build_model(one, COLOUR_IMAGES, seed=seed).layers[3:]
            if layer.weights
        ]
        for seed in (1, 1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    assert not np.array_equal(first[1], first[2])  # both of 16 x 16
