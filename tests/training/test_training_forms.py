"""The two forms of a network, the Keras model and the graph, are one network: the place to add a layer's case to."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.utils import compute_class_weight

from benchmarks.keras_fit import build_loss, build_metrics
from search.data import Components, DataRequest, PreparedData, prepare
from search.training.graph.epoch import compiled_epoch
from search.training.keras_form.initial import initial_weights
from search.training.keras_form.model import build_model
from search.training.measures import logs_of
from search.training.network.class_weights import class_weights
from search.training.network.dimensions import components_of
from search.training.network.structure import Structure
from search.training.network.weights import projection_weights, trained_weights
from search.training.rows import inputs_of, rows_as_inputs
from search.training.schedules import build_optimizer, learning_rates
from search.training.scoring import measure_rows
from spaces import Hyperparameters
from spaces.hyperparameters import words_of
from spaces.optimizers import OPTIMIZERS

DESCENT = {"optimizer": "sgd", "learning_rate": 0.02}
LAYERS: dict[str, dict[str, object]] = {
    "plain": {},
    # The rounding of a normalised unit near 0 decides what ReLU lets through, and grows from there.
    "batch normalization": {"batch_norm": True, "activation": "tanh"},
    "L2 and label smoothing": {"label_smoothing": 0.1, "l2": 0.01},
    "weighed classes": {"class_weight": 1.0, "l2": 0.01},
    "classes weighed a little, and label smoothing": {"class_weight": 0.4, "label_smoothing": 0.1},
    "components": {"pca": 12},
    "components and batch normalization": {"pca": 12, "batch_norm": True, "activation": "tanh"},
    "waves of numbers": {"embedding": "periodic", "activation": "tanh"},
    "bins of numbers": {"embedding": "piecewise", "l2": 0.01, "activation": "tanh"},
    "skip connections": {"depth": 3, "skip": True, "activation": "tanh"},
}
"""What a network can be made of, trained on every task. Random layers are held to their distributions elsewhere."""
ANSWERS: dict[str, dict[str, object]] = {
    **LAYERS,
    "both sides": {"augment": "flip"},
    "both sides of components": {"augment": "shift_flip", "pca": 12, "batch_norm": True},
    "skip connections between equal widths": {
        "depth": 3,
        "width": 5,
        "taper": 0.93,
        "skip": True,
        "batch_norm": True,
    },
    "skip connections on both sides": {"skip": True, "augment": "flip", "members": 2},
    "members": {"members": 3, "embedding": "periodic", "batch_norm": True},
    "members on both sides": {"members": 3, "augment": "flip"},
    "dropout is over": {"dropout": 0.5, "input_dropout": 0.5},
}
"""What a network can be asked as, by whatever weights."""
DATA = ("digits", "binary", "regression")
SEVERAL = {
    "quantities": ("plain", "batch normalization", "bins of numbers"),
    "labels": ("plain", "L2 and label smoothing", "skip connections"),
}
"""Several targets, of which not every layer has to be tried: the head alone is another."""


def network(**values: object) -> Hyperparameters:
    return Hyperparameters.from_values({"depth": 2, "width": 24, "taper": 0.5, **values})


def batch_of(data: PreparedData) -> int:
    """Rows of a batch of which an epoch has three, and half of a fourth."""
    return data.spec.rows.train * 2 // 7


def column(y: Any, data: PreparedData) -> Any:
    """As Keras wants targets of one unit."""
    return y if data.spec.task == "multiclass" or data.spec.targets else y.reshape(-1, 1)


def projection_of(one: Hyperparameters, data: PreparedData) -> tuple[np.ndarray, ...]:
    components = components_of(one, data.spec)
    return Components.load(data.folder).projection(components) if components else ()


def both(data: PreparedData, epochs: int = 1, **values: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Logs and weights after `epochs` in the order of the rows: of `fit`, of the compiled epoch.

    `fit` runs eagerly: to trace a graph takes longer than these few steps.
    """
    one = network(**{"batch_size": batch_of(data), **values})
    (x, y), (x_val, y_val) = data.training(), data.validation()
    counts, counts_val = data.training_weights(), data.validation_weights()
    if one.batch_norm:
        # Whole batches: Keras counts a last one of few rows as much as any other.
        x, y = (part[: len(part) // one.batch_size * one.batch_size] for part in (x, y))
    steps = -(-len(x) // one.batch_size)
    model = build_model(one, data.spec, seed=3)
    if one.batch_norm:
        # Their gradient is rounding noise, which Adam and Lion blow up; the compiled epoch leaves them at zero.
        for layer in range(1, one.depth + 1):
            model.get_layer(f"dense_{layer}").bias.trainable = False
    projection = projection_of(one, data)
    frozen = inputs_of(one, data).frozen
    made = zip(trained_weights(one, data.spec), model.get_weights()[len(projection) :], strict=True)
    start = [frozen.get(weight.path, array) for weight, array in made]
    model.set_weights([*projection, *start])
    optimizer = build_optimizer(one, total_steps=epochs * steps)
    rates = [learning_rates(optimizer, epoch * steps, steps) for epoch in range(epochs)]
    loss, metrics = build_loss(data.spec, one.label_smoothing), build_metrics(data.spec)
    of_rows: dict[str, Any] = {}
    validation = (x_val, column(y_val, data))
    if counts is not None:
        assert counts_val is not None
        # Keras divides the loss of weighed rows by their number, a metric by their weight.
        of_rows, validation = {"sample_weight": counts}, (*validation, counts_val / counts_val.mean())
    model.compile(
        optimizer,
        loss,
        metrics=metrics if counts is None else None,
        weighted_metrics=None if counts is None else metrics,
        run_eagerly=True,
    )
    history = model.fit(
        x,
        column(y, data),
        batch_size=one.batch_size,
        epochs=epochs,
        shuffle=False,
        validation_data=validation,
        validation_batch_size=1024,
        verbose=0,
        class_weight=dict(enumerate(weights_by_class(one, data, y))) if one.class_weight else None,
        **of_rows,
    ).history
    theirs = {"logs": {name: values[-1] for name, values in history.items()}}
    if one.batch_norm:
        take_initial_statistics_out(model, one.depth, updates=epochs * steps)
        measured = model.evaluate(x_val, column(y_val, data), batch_size=1024, return_dict=True, verbose=0)
        theirs["logs"] |= {f"val_{name}": value for name, value in measured.items()}
    theirs["weights"] = model.get_weights()[len(projection) :]

    epoch = compiled_epoch(Structure.of(one, data.spec, bfloat16=False))
    weights = class_weights(one.class_weight, y, len(data.spec.class_names)) if one.class_weight else None
    epoch.reset(one, start, data.spec, seed=0, class_weights=weights)
    order = np.arange(len(x), dtype=np.int32)
    rows = rows_as_inputs(np.asarray(x), data.spec, projection)
    for of_epoch in rates:
        trained = epoch.train(
            rows,
            tf.constant(y),
            order,
            one.batch_size,
            of_epoch,
            None if counts is None else tf.constant(counts),
        )
    rows = rows_as_inputs(np.asarray(x_val), data.spec, projection)
    judged = logs_of(epoch.evaluate(rows, tf.constant(y_val), rows[:0]), data.spec, (), counts_val)
    logs = logs_of(trained, data.spec, (), counts, of_training=True) | {
        f"val_{name}": value for name, value in judged.items()
    }
    return theirs, {"weights": epoch.get_weights(), "logs": logs}


def weights_by_class(one: Hyperparameters, data: PreparedData, y: np.ndarray) -> np.ndarray:
    classes = np.arange(len(data.spec.class_names))
    weights = compute_class_weight("balanced", classes=classes, y=y) ** one.class_weight
    return np.asarray(weights / weights[y].mean())


def take_initial_statistics_out(model: keras.Model, depth: int, updates: int) -> None:
    """Keras's moving statistics hold a share of the initial mean 0 and variance 1 (Kingma & Ba 2015, section 3)."""
    share = 0.99**updates
    for layer in range(1, depth + 1):
        norm = model.get_layer(f"batch_norm_{layer}")
        norm.moving_mean.assign(norm.moving_mean / (1 - share))
        norm.moving_variance.assign((norm.moving_variance - share) / (1 - share))


def assert_equal(theirs: dict[str, Any], ours: dict[str, Any], tolerance: float = 1e-5) -> None:
    assert theirs["logs"].keys() == ours["logs"].keys()
    scales = {name: max(1.0, abs(value)) for name, value in theirs["logs"].items()}
    apart = {name: abs(theirs["logs"][name] - ours["logs"][name]) / scales[name] for name in scales}
    assert max(apart.values()) < tolerance, apart
    for one, other in zip(theirs["weights"], ours["weights"], strict=True):
        assert np.abs(one - other).max() < tolerance


def meaning(data: str, values: dict[str, object]) -> bool:
    """Whether the case is another than `plain`: classes are weighed where there are any; components and mirror images
    are of images, embeddings of numbers."""
    of_images, of_numbers = {"pca", "augment"} & set(values), "embedding" in values
    if "class_weight" in values and data == "regression":
        return False
    return not of_numbers if data == "digits" else not of_images


TRAINED = [(data, layer) for data, layer in product(DATA, LAYERS) if meaning(data, LAYERS[layer])]
ASKED = [(data, layer) for data, layer in product(DATA, ANSWERS) if meaning(data, ANSWERS[layer])]
TRAINED += [(data, layer) for data, layers in SEVERAL.items() for layer in layers]
ASKED += [(data, layer) for data in SEVERAL for layer in ("plain", "members")]
TRAINED += [("coded", "plain"), ("coded", "bins of numbers")]
ASKED += [("coded", "plain"), ("coded", "waves of numbers"), ("coded", "members")]


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    """A table with two columns of many categories, of which validation rows have some that training has not."""
    folder, random = tmp_path_factory.mktemp("coded"), np.random.default_rng(0)
    towns, streets = random.integers(0, 70, 400), random.integers(0, 55, 400)
    rows = zip(random.normal(size=400), towns, "abc" * 134, streets, strict=False)
    lines = [f"{size},t{town},{kind},s{street},{'xy'[town % 2]}" for size, town, kind, street in rows]
    (folder / "rows.csv").write_text("\n".join(["size,town,kind,street,y", *lines]))
    data = prepare(DataRequest(str(folder / "rows.csv"), target="y"), folder)
    assert [column.name for column in data.spec.coded] == ["town", "street"]
    return data


@pytest.mark.parametrize(("data", "layer"), TRAINED)
def test_both_forms_train_alike(request: pytest.FixtureRequest, data: str, layer: str) -> None:
    """Loss with penalty and smoothing, accuracy, cross-entropy, AUC, MAE in the target's units, R2; weights."""
    assert_equal(*both(request.getfixturevalue(data), epochs=2, **DESCENT, **LAYERS[layer]))


@pytest.mark.parametrize(
    ("task", "layer"),
    [
        *product(
            ("binary", "multiclass", "regression"), ("plain", "L2 and label smoothing", "bins of numbers")
        ),
        *product(("multioutput", "multilabel"), ("L2 and label smoothing",)),
    ],
)
def test_both_forms_train_alike_where_rows_do_not_count_alike(
    weighed_of: Callable[[str], PreparedData], task: str, layer: str
) -> None:
    """As `fit(sample_weight=...)`; some rows count nothing, and the last batch is a part of one."""
    assert_equal(*both(weighed_of(task), epochs=2, **DESCENT, **LAYERS[layer]))


@pytest.mark.parametrize(("data", "layer"), ASKED)
def test_both_forms_answer_alike(request: pytest.FixtureRequest, data: str, layer: str) -> None:
    """By weights and moving statistics that are none of a beginning."""
    of: PreparedData = request.getfixturevalue(data)
    one = network(**ANSWERS[layer])
    random, model = np.random.default_rng(1), build_model(one, of.spec, seed=2)
    trained = model.get_weights()[len(projection_weights(one, of.spec)) :]
    moved = [weight + random.uniform(0.0, 0.1, weight.shape).astype(np.float32) for weight in trained]
    weights = [*projection_of(one, of), *moved]
    model.set_weights(weights)
    loss, metrics = build_loss(of.spec, one.label_smoothing), build_metrics(of.spec)
    model.compile(loss=loss, metrics=metrics, run_eagerly=True)
    x, y = of.validation()
    theirs = model.evaluate(x, column(y, of), batch_size=1024, return_dict=True, verbose=0)
    assert measure_rows(one, of.spec, weights, np.asarray(x), y) == pytest.approx(theirs, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("initializer", words_of("initializer"))
@pytest.mark.parametrize("layer", [*LAYERS, "members"])
def test_both_forms_have_the_same_weights(
    digits: PreparedData, binary: PreparedData, layer: str, initializer: str
) -> None:
    """By the one description: their names, shapes and order, and their first values to the last bit."""
    of = digits if meaning("digits", ANSWERS[layer]) else binary
    assert_same_weights(network(**ANSWERS[layer], initializer=initializer), of)


@pytest.mark.parametrize("layer", ["plain", "waves of numbers", "members"])
def test_both_forms_have_the_same_weights_for_codes(coded: PreparedData, layer: str) -> None:
    assert_same_weights(network(**ANSWERS[layer]), coded)


def assert_same_weights(one: Hyperparameters, of: PreparedData) -> None:
    model = build_model(one, of.spec, seed=5)
    fixed, trained = projection_weights(one, of.spec), trained_weights(one, of.spec)
    described = [(weight.path, weight.shape) for weight in (*fixed, *trained)]
    assert described == [(weight.path, tuple(weight.shape)) for weight in model.weights]
    begun = model.get_weights()[len(fixed) :]
    expected = initial_weights(one, of.spec, 5)
    assert all(np.array_equal(a, b) for a, b in zip(begun, expected, strict=True))
    assert {weight.dtype for weight in expected} == {np.dtype(np.float32)}
    epoch = compiled_epoch(Structure.of(one, of.spec, bfloat16=False))
    epoch.reset(one, expected, of.spec, seed=0)
    assert all(np.array_equal(a, b) for a, b in zip(epoch.get_weights(), expected, strict=True))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_both_forms_train_alike_by_each_optimizer(
    digits: PreparedData, optimizer: str, batch_norm: bool
) -> None:
    """The last batch is a partial one without batch normalization; moving statistics are among the weights.

    With batch normalization a second of Adam's first steps is of full size whatever the gradient's size, so
    rounding of a gradient near zero shows: plain descent is held to 1e-5, the others to the loss.
    """
    values = {"learning_rate": 1e-3, "schedule": "cosine", "l2": 1e-3}
    theirs, ours = both(digits, epochs=2, optimizer=optimizer, batch_norm=batch_norm, **values)
    if batch_norm and optimizer != "sgd":
        assert ours["logs"]["loss"] == pytest.approx(theirs["logs"]["loss"], abs=1e-4)
        assert ours["logs"]["val_loss"] == pytest.approx(theirs["logs"]["val_loss"], abs=2e-3)
    else:
        assert_equal(theirs, ours)


@pytest.mark.parametrize("activation", words_of("activation"))
def test_every_activation(regression: PreparedData, activation: str) -> None:
    assert_equal(*both(regression, activation=activation, optimizer="sgd", learning_rate=0.01))


@pytest.mark.parametrize("features", [1, 10_000])
def test_one_feature_and_ten_thousand(tmp_path: Any, features: int) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(90, features)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=(x[:, 0] > 0).astype(int))
    data = prepare(DataRequest(str(tmp_path / "data.npz")), tmp_path)
    assert_equal(*both(data, optimizer="sgd", learning_rate=1e-3))


def test_fewer_rows_than_a_batch(regression: PreparedData) -> None:
    assert_equal(*both(regression, epochs=2, batch_size=4096, optimizer="sgd", learning_rate=0.01))


@pytest.mark.parametrize(("data", "power"), [*((data, 0.0) for data in (*DATA, *SEVERAL)), ("digits", 1.0)])
def test_each_member_is_trained_by_its_own_loss(
    request: pytest.FixtureRequest, data: str, power: float
) -> None:
    """One step of descent is by the gradient of the members' mean loss, which Keras finds by itself."""
    of: PreparedData = request.getfixturevalue(data)
    shape = {"members": 3, "batch_size": of.spec.rows.train, "activation": "tanh", "momentum": 0.0}
    one = network(**shape, **DESCENT, class_weight=power)
    x, y = (np.asarray(part) for part in of.training())
    model = build_model(one, of.spec, seed=4)
    before = model.get_weights()
    of_each = keras.Model(model.input, model.get_layer("head").output)
    loss = build_loss(of.spec, 0.0)
    weights = weights_by_class(one, of, y) if power else np.ones(1)
    of_rows = weights[y] if power else None
    with tf.GradientTape() as tape:
        answers = tf.unstack(of_each(x), axis=1)
        total = tf.reduce_mean([loss(column(y, of), answer, of_rows) for answer in answers])
    gradients = tape.gradient(total, model.trainable_variables)
    expected = [weight - 0.02 * gradient.numpy() for weight, gradient in zip(before, gradients, strict=True)]

    epoch = compiled_epoch(Structure.of(one, of.spec, bfloat16=False))
    epoch.reset(one, before, of.spec, seed=0, class_weights=weights.astype(np.float32) if power else None)
    order = np.arange(len(x), dtype=np.int32)
    rates = np.array([0.02], np.float32)
    epoch.train(rows_as_inputs(x, of.spec, ()), tf.constant(y), order, one.batch_size, rates)
    for ours, theirs in zip(epoch.get_weights(), expected, strict=True):
        assert np.abs(ours - theirs).max() < 1e-5
