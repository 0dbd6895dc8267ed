"""One preprocessing: what an exported model does to raw rows is what the training rows went through."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixed_table import mixed_table
from table_spec import table_spec

from search.data import (
    DataRequest,
    attach_preprocessing,
    prepare,
    preprocessing_model,
    raw_inputs,
    read_source,
)
from search.data.preparing.fitted_columns import fit_columns, unique_input_names
from search.data.preparing.sealed import open_test_split
from search.data.preparing.spec import DataSpec
from search.data.preparing.splits import split_rows
from search.data.rows.raw import Table, TableColumn


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    return mixed_table(tmp_path_factory.mktemp("mixed"))


def linear_core(features, units=1, activation=None):
    import keras

    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((features,)), keras.layers.Dense(units, activation=activation)])


def test_every_part_is_what_the_exported_preprocessing_makes_of_raw_rows(mixed):
    request, prepared = mixed
    raw = read_source(request)
    split = split_rows(raw.y, class_names=(), val_fraction=0.15, test_fraction=0.15, seed=3)
    model = preprocessing_model(prepared.spec)
    parts = (prepared.training(), prepared.validation(), open_test_split(prepared))
    for rows, (x, y) in zip((split.train, split.validation, split.test), parts, strict=True):
        np.testing.assert_array_equal(np.asarray(model(raw_inputs(raw.x.take(rows), prepared.spec))), x)
        units = y * prepared.spec.target_std + prepared.spec.target_mean
        np.testing.assert_allclose(units, raw.y[rows], rtol=1e-6)


def test_training_features_are_standardised_and_finite(mixed):
    _, prepared = mixed
    x, _ = prepared.training()
    assert np.isfinite(x).all()
    price, price_missing = np.asarray(x[:, 1]), np.asarray(x[:, 4])
    np.testing.assert_allclose(price[price_missing == 0].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(price[price_missing == 0].std(), 1, atol=1e-6)


def test_statistics_are_of_the_training_rows_alone(mixed):
    request, prepared = mixed
    raw = read_source(request)
    split = split_rows(raw.y, class_names=(), val_fraction=0.15, test_fraction=0.15, seed=3)
    values = raw.x.columns["price/unit"].values[split.train]
    column = next(column for column in prepared.spec.columns if column.name == "price/unit")
    assert column.median == pytest.approx(np.nanmedian(values))
    assert column.mean == pytest.approx(np.nanmean(values))
    assert column.std == pytest.approx(np.nanstd(values))


def test_a_missing_category_has_a_feature_and_a_value_never_seen_has_none(mixed):
    _, prepared = mixed
    spec = prepared.spec
    kind = next(column for column in spec.columns if column.name == "kind")
    rows = {
        column.name: ["", "violet", *kind.values]
        if column is kind
        else _neutral(column, 2 + len(kind.values))
        for column in spec.columns
    }
    x = np.asarray(preprocessing_model(spec)(raw_inputs(rows, spec)))
    start = sum(column.features for column in spec.columns if column.kind == "number")
    one_hot = x[:, start : start + kind.features]
    np.testing.assert_array_equal(one_hot, np.insert(np.eye(4), 1, 0, axis=0))


def _neutral(column, count):
    return [0.0 if column.kind == "number" else ""] * count


words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=6)
numbers = st.one_of(st.just(float("nan")), st.floats(-1e300, 1e300), st.integers(-5, 5).map(float))


@settings(max_examples=25)
@given(rows=st.lists(st.tuples(numbers, words), min_size=4, max_size=25))
def test_any_table_survives_saving_its_preprocessing(rows, tmp_path_factory):
    """Features are finite, numbers standardised, and a spec that went through JSON makes the same ones."""
    table = Table(
        {
            "[unknown]": TableColumn("number", np.array([row[0] for row in rows])),
            "word": TableColumn("category", np.array([row[1] for row in rows], dtype=object)),
            "steady": TableColumn("boolean", np.arange(len(rows)) % 2 * 1.0),
        }
    )
    columns, _ = fit_columns(table)
    spec = table_spec(columns)
    again = DataSpec.model_validate_json(spec.model_dump_json())
    assert again == spec
    x = np.asarray(preprocessing_model(spec)(raw_inputs(table, spec)))
    assert x.shape == (len(rows), *spec.input_shape)
    assert np.isfinite(x).all()
    np.testing.assert_array_equal(np.asarray(preprocessing_model(again)(raw_inputs(table, again))), x)
    number = next((column for column in columns if column.name == "[unknown]"), None)
    if number is not None and not number.untaught:
        values = table.columns["[unknown]"].values
        filled = np.where(np.isfinite(values), values, number.median)
        expected = np.clip((filled - number.mean) / number.std, -1e6, 1e6)
        np.testing.assert_allclose(x[:, 0], expected, rtol=1e-5, atol=1e-6)


def test_identifiers_and_constants_are_dropped_with_a_note():
    columns, notes = fit_columns(
        Table(
            {
                "id": TableColumn("category", np.array([f"user {n}" for n in range(100)], dtype=object)),
                "one": TableColumn("number", np.ones(100)),
                "gap": TableColumn("number", np.full(100, np.nan)),
                "now and then": TableColumn("number", np.where(np.arange(100) % 2, 1.0, np.nan)),
            }
        )
    )
    assert [column.name for column in columns] == ["now and then"]
    assert columns[0].missing_flag
    assert len(notes) == 3
    assert "identifiers" in notes[0]


def test_slashes_in_names_become_dashes_without_a_clash():
    assert unique_input_names(["a/b", "a-b", "a b"]) == {"a/b": "a-b-2", "a-b": "a-b", "a b": "a b"}


def test_a_vector_model_takes_raw_vectors(tmp_path):
    random = np.random.default_rng(0)
    x, labels = random.normal(1e5, [1, 20, 0.1], size=(60, 3)), np.arange(60) % 3
    np.savez(tmp_path / "rows.npz", x=x, y=labels)
    prepared = prepare(DataRequest(str(tmp_path / "rows.npz")), tmp_path / "cache")
    train, _ = prepared.training()
    model = attach_preprocessing(linear_core(3, 3, "softmax"), prepared.spec)
    probabilities = np.asarray(model(x))
    assert probabilities.shape == (60, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    mean, std = np.array(prepared.spec.feature_mean), np.array(prepared.spec.feature_std)
    features = np.asarray(preprocessing_model(prepared.spec)(x))
    np.testing.assert_allclose(features, (x - mean) / std, rtol=1e-5, atol=1e-6)
    assert set(map(tuple, train.tolist())) <= set(map(tuple, features.tolist()))


def test_a_model_of_resized_images_takes_images_of_any_size(tmp_path):
    import keras
    from PIL import Image

    random = np.random.default_rng(0)
    for number in range(12):
        folder = tmp_path / "pets" / ("cat" if number % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, size=(20 + number, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    request = DataRequest(str(tmp_path / "pets"), image_size=(8, 8))
    prepared = prepare(request, tmp_path / "cache")
    keras.utils.set_random_seed(1)
    core = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")]
    )
    attach_preprocessing(core, prepared.spec).save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    raw = read_source(request)
    expected = np.concatenate([np.asarray(core(raw.x[index : index + 1])) for index in range(len(raw.x))])
    images = [np.asarray(Image.open(path))[None] for path in sorted((tmp_path / "pets").glob("*/*.png"))]
    answers = np.concatenate([np.asarray(model(image)) for image in images])
    np.testing.assert_allclose(answers, expected, rtol=1e-5)
    # Tracing each size that it is asked about, as `predict` does, takes a while.
    np.testing.assert_allclose(model.predict(images[-1], verbose=0), expected[-1:], rtol=1e-5)


def test_a_wide_table_is_bearable(tmp_path):
    import time

    random = np.random.default_rng(0)
    values = random.normal(size=(300, 1000))
    names = ",".join([*(f"c{number}" for number in range(1000)), "y"])
    table = np.column_stack([values, np.arange(300) % 2])
    np.savetxt(tmp_path / "wide.csv", table, delimiter=",", header=names, comments="", fmt="%.6g")
    started = time.process_time()
    prepared = prepare(DataRequest(str(tmp_path / "wide.csv"), target="y"), tmp_path / "cache")
    assert prepared.spec.input_shape == (1000,)
    assert time.process_time() - started < 30
