"""What no training row shows is no feature: a network never adds weights that no training changed."""

from __future__ import annotations

import datetime
import json
from types import SimpleNamespace

import numpy as np
import pytest
from table_spec import table_spec

from search.data import DataRequest, prepare, preprocessing_model, raw_inputs
from search.data.preparing.fitted_columns import fit_columns
from search.data.preparing.spec import CUT_VERSION, UNTAUGHT_VERSION, DataSpec
from search.data.rows.raw import Table, TableColumn
from search.errors import InputError
from search.settings.settings import StudySettings
from search.study.data_cache import cache_folder
from search.study.unchanged import unchanged_data

ROWS = 40


def text(values):
    return np.array(list(values), dtype=object)


def days(count, step):
    start = datetime.datetime(2020, 1, 1)
    return text((start + step * row).strftime("%Y-%m-%d %H:%M") for row in range(count))


@pytest.fixture(scope="module")
def table():
    """Training rows without a gap in `town`, `age` and `week`; with gaps in `paid`, where all values are the same."""
    return Table(
        {
            "town": TableColumn("category", text("abcd"[row % 4] for row in range(ROWS))),
            "age": TableColumn("number", np.arange(ROWS) * 1.0),
            "paid": TableColumn("number", np.where(np.arange(ROWS) % 3, 5.0, np.nan)),
            "week": TableColumn("date", days(ROWS, datetime.timedelta(days=7)), "YYYY-MM-DD hh:mm"),
        }
    )


def test_every_feature_of_a_table_varies_over_its_training_rows(table):
    columns, _ = fit_columns(table)
    features = np.asarray(preprocessing_model(table_spec(columns))(raw_inputs(table, table_spec(columns))))
    assert features.shape == (ROWS, table_spec(columns).input_shape[0])
    assert (features.std(axis=0) > 0.02).all()


def test_what_training_never_saw_adds_no_weight_of_its_own(table):
    """An unseen or missing category is zeros, a missing number or date its median, and a constant stays one."""
    columns, _ = fit_columns(table)
    spec = table_spec(columns)
    model = preprocessing_model(spec)
    middle = {"town": ["a"], "age": [19.5], "paid": [5.0], "week": ["2020-05-16 12:00"]}

    def features(**changes):
        return np.asarray(model(raw_inputs(middle | changes, spec)))[0]

    usual = features()
    town = slice(2, 6)  # age, paid's flag, town, week
    assert usual[town].tolist() == [1, 0, 0, 0]
    for unseen in ("z", ""):
        assert features(town=[unseen])[town].tolist() == [0, 0, 0, 0]
        np.testing.assert_array_equal(np.delete(features(town=[unseen]), town), np.delete(usual, town))
    np.testing.assert_array_equal(features(age=[np.nan]), usual)
    np.testing.assert_array_equal(features(paid=[7.0]), usual)
    # Wednesdays at midnight: neither the day of the week nor the hour is a feature, and a missing date has no season.
    np.testing.assert_allclose(
        features(week=["2020-05-20 00:00"]), features(week=["2020-05-20 06:00"]), atol=2e-2
    )
    assert features(week=[""])[6:].tolist() == [0, 0, 0]


def test_rare_categories_share_a_feature_that_is_learnt():
    rare = text(f"v{row % 70:02d}" for row in range(700))
    columns, _ = fit_columns(Table({"c": TableColumn("category", rare)}), CUT_VERSION)
    spec = table_spec(columns)
    assert spec.input_shape == (51,)
    one_hot = np.asarray(preprocessing_model(spec)(raw_inputs({"c": ["never", "v69", "v00", ""]}, spec)))
    assert one_hot.argmax(axis=1).tolist()[:3] == [0, 0, 1]
    assert one_hot.sum(axis=1).tolist() == [1, 1, 1, 0]


def test_a_vectors_feature_that_is_constant_in_training_is_zero_everywhere(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 3))
    x[:, 1] = 4
    np.savez(tmp_path / "rows.npz", x=x, y=np.arange(60) % 2)
    spec = prepare(DataRequest(str(tmp_path / "rows.npz")), tmp_path / "cache").spec
    assert spec.feature_std[1] == 0
    assert np.asarray(preprocessing_model(spec)(np.full((1, 3), 9.0)))[0, 1] == 0


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("PERCEPTUNA_CACHE", str(tmp_path / "cache"))
    rows = (f"{row},{'abc'[row % 3]},{'no' if row % 2 else 'yes'}" for row in range(60))
    (tmp_path / "rows.csv").write_text("\n".join(["x,c,y", *rows]))
    return StudySettings(data=str(tmp_path / "rows.csv"), target="y")


def as_stored_before(spec):
    """The description of data as studies had it before features were left out."""
    told = json.loads(spec.model_dump_json())
    for column in told["columns"]:
        del column["untaught"]
    return DataSpec.model_validate_json(json.dumps(told))


def test_a_study_started_before_goes_on_with_the_features_it_was_started_with(settings, tmp_path):
    before = as_stored_before(prepare(settings.data_request(), tmp_path / "other", UNTAUGHT_VERSION).spec)
    assert (before.version, before.input_shape) == (2, (1 + 5,))
    now = unchanged_data(SimpleNamespace(data=before, name="s"), settings)
    assert now.spec == before
    assert now.training()[0].shape == (before.rows.train, 6)
    assert prepare(settings.data_request(), tmp_path / "other").spec.input_shape == (1 + 3,)


def test_a_study_whose_columns_are_read_otherwise_now_is_refused_with_what_changed(settings):
    spec = prepare(settings.data_request(), cache_folder()).spec
    column = spec.columns[1].model_copy(update={"values": ("a", "b")})
    before = spec.model_copy(update={"columns": (spec.columns[0], column)})
    with pytest.raises(
        InputError, match=r"the content is the same, but this version(?s:.*)column 'c' has 3 categories"
    ):
        unchanged_data(SimpleNamespace(data=before, name="s"), settings)
