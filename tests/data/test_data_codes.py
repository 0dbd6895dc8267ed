"""A column of many categories becomes one code, for which a network learns a vector."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_spec import table_spec

from search.answering.remarks import remarks
from search.data import describe, preprocessing_model, raw_inputs, read_source, spec_changes
from search.data.preparing.as_trained import Found
from search.data.preparing.column_spec import CategoryColumn
from search.data.preparing.feature_places import places_of
from search.data.preparing.fitted_columns import MOST_CATEGORIES, fit_columns
from search.data.preparing.spec import CUT_VERSION, DataSpec
from search.data.rows.raw import Table, TableColumn
from search.references.codes import MOST_FLAGS, with_flags

MANY = [f"v{number % 70:02d}" for number in range(350)] + ["v69"] * 5 + ["once"]
FEW = ["ab"[number % 2] for number in range(len(MANY))]
NUMBERS = np.arange(len(MANY), dtype=np.float64)


def category(values):
    return TableColumn("category", np.array(values, dtype=object))


def two_of_many():
    """The codes of `town` are counted before those of `street`, and both stand behind all else."""
    table = Table(
        {
            "town": category(MANY),
            "size": TableColumn("number", NUMBERS),
            "street": category([f"s{value}" for value in MANY[:-1]] + [""]),
            "kind": category(FEW),
        }
    )
    return table, table_spec(fit_columns(table)[0])


def test_a_column_of_more_than_fifty_values_is_coded_and_a_value_of_one_row_is_any_other():
    (column,), notes = fit_columns(Table({"c": category(MANY)}))
    assert column.coded
    assert column.features == 1
    assert (column.values[0], len(column.values), "once" in column.values) == ("v69", 70, False)
    assert notes == (
        "column 'c' has 71 categories: a network learns a vector for each of 70, and one for all others",
    )
    (column,), _ = fit_columns(Table({"c": category(MANY[:MOST_CATEGORIES] * 2)}))
    assert not column.coded


def test_data_show_says_what_becomes_of_many_categories(csv):
    rows = [f"{town},{number % 3} rooms with {town},{number}.5" for number, town in enumerate(MANY[:350])]
    notes = describe(read_source(csv("town,the note,y\n" + "\n".join(rows), task="regression"))).notes
    assert notes == (
        "column 'town' has 70 categories: a network learns a vector for each of 67, and one for all others",
        "column 'the note' has 174 categories: a network learns a vector for each of 72, and one for all others; "
        "--text 'the note' reads its words",
    )


def test_a_study_of_an_earlier_version_keeps_the_most_frequent():
    (column,), notes = fit_columns(Table({"c": category(MANY)}), CUT_VERSION)
    assert not column.coded
    assert len(column.values) == MOST_CATEGORIES
    assert column.features == MOST_CATEGORIES + 1
    assert "the 50 most frequent are kept, the rest share one feature" in notes[0]
    assert "coded" not in column.model_dump_json()


def test_codes_are_the_last_features_and_no_two_columns_share_one():
    table, spec = two_of_many()
    x = np.asarray(preprocessing_model(spec)(raw_inputs(table, spec)))
    town, street = spec.coded
    assert x.shape == (len(MANY), 1 + 2 + 2)
    assert [town.name, street.name] == ["town", "street"]
    expected = [2 + town.values.index(value) if value in town.values else 0 for value in MANY]
    np.testing.assert_array_equal(x[:, 3], expected)
    assert set(x[:, 4].astype(int).tolist()) <= set(range(town.codes, town.codes + street.codes))
    # The last row has no street, which is a position of its own, and a town that no other row has.
    assert x[-1, 3:].tolist() == [0.0, town.codes + 1]
    places = places_of(spec)
    assert {name: place.tolist() for name, place in places.items()} == {
        "town": [3],
        "size": [0],
        "street": [4],
        "kind": [1, 2],
    }


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=4), max_size=9
    )
)
def test_any_text_has_the_code_of_a_value_or_of_any_other(texts):
    values = tuple(dict.fromkeys([*texts[::2], "[unknown]"]))
    values = tuple(value for value in values if value)
    spec = table_spec((CategoryColumn(name="c", input_name="c", values=values, coded=True),))
    assert DataSpec.model_validate_json(spec.model_dump_json()) == spec
    asked = [*texts, "", "never seen"]
    found = np.asarray(preprocessing_model(spec)(raw_inputs({"c": asked}, spec)))[:, 0]
    expected = [1 if not text else 2 + values.index(text) if text in values else 0 for text in asked]
    np.testing.assert_array_equal(found, expected)


def test_reference_models_see_a_flag_for_each_of_the_most_frequent():
    table, spec = two_of_many()
    x = np.asarray(preprocessing_model(spec)(raw_inputs(table, spec)))
    flags = with_flags(x, spec)
    assert flags.shape == (len(MANY), 3 + 2 * MOST_FLAGS)
    np.testing.assert_array_equal(flags[:, :3], x[:, :3])
    of_town = flags[:, 3 : 3 + MOST_FLAGS]
    for row in (0, 69, 355):
        code = int(x[row, 3])
        assert of_town[row].sum() == (code < MOST_FLAGS)
        assert code >= MOST_FLAGS or of_town[row, code] == 1
    assert with_flags(x, table_spec(spec.columns[1:2])) is x


def test_a_value_that_no_vector_is_learnt_for_is_told():
    _, spec = two_of_many()
    found = {"town": Found(rows=9, unseen=2)}
    assert remarks(found, spec) == (
        "2 of 9 rows have a value of 'town' that training had in one row at most: they count as unknown",
    )


@pytest.mark.parametrize("other", [False, True])
def test_a_study_is_told_when_categories_are_no_longer_coded(other):
    _, spec = two_of_many()
    columns = [
        one.model_copy(update={"coded": False}) if other and one.name == "town" else one
        for one in spec.columns
    ]
    changes = spec_changes(spec, spec.model_copy(update={"columns": tuple(columns)}))
    assert bool(changes) is other
