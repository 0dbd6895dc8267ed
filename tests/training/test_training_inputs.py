"""Networks that look at principal components: trained, exported and measured on the same numbers."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from search.data import PreparedData, prepare
from search.data.rows.request import DataRequest
from search.training.keras_form.model import build_model
from search.training.loop import TrainingResult, train
from search.training.network.weights import parameter_count
from search.training.scoring import measure_rows, score_rows
from spaces import Hyperparameters


def fit(data: PreparedData, *callbacks: keras.callbacks.Callback, **values: object) -> TrainingResult:
    one = Hyperparameters.from_values({"depth": 1, "width": 16, "batch_norm": True, **values})
    return train(one, data, epochs=2, patience=9, metric="val_accuracy", seed=0, callbacks=callbacks)


@pytest.fixture(scope="module")
def even(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    """Images whose right half mirrors the left one: flips leave them as they are."""
    folder = tmp_path_factory.mktemp("tiny")
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 400)
    x = np.clip(random.normal(100, 40, (400, 7, 7, 1)) + 30 * y[:, None, None, None], 0, 255).astype(np.uint8)
    x = np.concatenate([x, x[:, :, ::-1]], axis=2)
    np.savez(folder / "tiny.npz", x=x, y=y)
    return prepare(DataRequest(str(folder / "tiny.npz")), folder / "cache")


@pytest.mark.parametrize("pca", [0, 20])
@pytest.mark.parametrize("augment", ["none", "shift", "flip", "shift_flip"])
def test_the_exported_model_computes_what_was_validated(digits: PreparedData, pca: int, augment: str) -> None:
    result = fit(digits, pca=pca, augment=augment)
    x, y = digits.validation()
    predicted = np.asarray(result.model(np.asarray(x))).argmax(axis=1)
    value = result.history["val_accuracy"][result.best_epoch - 1]
    assert (predicted == y).mean() == pytest.approx(value)
    first, last = result.history["loss"]
    assert last < first


@pytest.mark.parametrize("augment", ["none", "flip"])
def test_rows_are_measured_and_scored_as_in_training(digits: PreparedData, augment: str) -> None:
    result = fit(digits, pca=20, augment=augment)
    x, y = digits.validation()
    value = result.history["val_accuracy"][result.best_epoch - 1]
    measured = measure_rows(result.hyperparameters, digits.spec, result.weights, x, y)
    assert measured["accuracy"] == pytest.approx(value)
    scores = score_rows(result.hyperparameters, digits.spec, result.weights, x, y, "accuracy")
    assert scores is not None
    assert scores.mean() == pytest.approx(value)


def test_images_that_are_augmented_are_projected_in_each_step_as_others_are_before(
    even: PreparedData,
) -> None:
    """Where no flip changes anything, both are the same training but for rounding."""
    before, inside = fit(even, pca=9), fit(even, pca=9, augment="flip")
    assert inside.history["loss"] == pytest.approx(before.history["loss"], rel=1e-3)
    assert inside.history["val_loss"] == pytest.approx(before.history["val_loss"], rel=1e-3)


def test_trainings_that_look_at_more_or_less_do_not_disturb_each_other(digits: PreparedData) -> None:
    first = fit(digits, pca=20)
    fit(digits, pca=30)
    fit(digits)
    again = fit(digits, pca=20)
    assert again.history == first.history


def test_a_callback_sees_the_network_with_its_projection(digits: PreparedData) -> None:
    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            self.weights = self.model.get_layer("pca").get_weights()

    look = Look()
    watched = fit(digits, look, pca=20)
    assert watched.history == fit(digits, pca=20).history
    for seen, kept in zip(look.weights, watched.weights[:2], strict=True):
        assert np.array_equal(seen, kept)


@pytest.mark.parametrize(("pca", "components"), [(0, 0), (20, 20), (500, 64)])
def test_parameters_are_counted_as_keras_counts_them(digits: PreparedData, pca: int, components: int) -> None:
    """Digits have 64 pixels, and so no more components."""
    one = Hyperparameters(width=16, batch_norm=True, pca=pca)
    model = build_model(one, digits.spec)
    assert parameter_count(one, digits.spec) == model.count_params()
    projections = [layer.units for layer in model.layers if layer.name == "pca"]
    assert projections == ([components] if components else [])


@pytest.mark.parametrize("pca", [0, 20])
def test_a_network_trained_on_mirror_images_answers_both_sides_alike(digits: PreparedData, pca: int) -> None:
    """By the mean of what it makes of each, before softmax; one that was not is asked once."""
    x = np.asarray(digits.validation()[0])
    one = fit(digits, pca=pca, augment="flip").model
    answers = np.asarray(one(x))
    assert np.allclose(answers, np.asarray(one(x[:, :, ::-1])), atol=1e-6)
    sides = keras.Model(one.input, one.get_layer("head").output)
    logits = (np.asarray(sides(x)) + np.asarray(sides(x[:, :, ::-1]))) / 2
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(answers, expected, atol=1e-5)
    other = fit(digits, pca=pca, augment="shift").model
    assert not np.allclose(np.asarray(other(x)), np.asarray(other(x[:, :, ::-1])), atol=1e-2)


def test_tables_have_no_components(binary: PreparedData) -> None:
    values = {"batch_size": 32, "learning_rate": 0.01}
    assert fit(binary, pca=3, **values).history == fit(binary, **values).history


def test_the_projection_is_no_weight_that_is_trained(digits: PreparedData, tmp_path: Path) -> None:
    result = fit(digits, pca=20)
    assert [weight.path for weight in result.model.trainable_weights if "pca" in weight.path] == []
    result.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = np.asarray(digits.validation()[0])
    assert np.allclose(np.asarray(loaded(x)), np.asarray(result.model(x)), atol=1e-6)
