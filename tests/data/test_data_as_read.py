"""Which features are of which column, and validation rows as their source has them."""

from __future__ import annotations

import numpy as np
import pytest
from mixed_table import mixed_table

from search.data import PreparedData, Table
from search.data.preparing.as_read import validation_as_read
from search.data.preparing.feature_places import places_of
from search.data.preparing.preprocessing import preprocessing_model, transform


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Table, PreparedData]:
    """Validation rows of a table with columns of every kind, as they were read and as they were prepared."""
    request, data = mixed_table(tmp_path_factory.mktemp("table"))
    raw = validation_as_read(request)
    assert isinstance(raw, Table)
    return raw, data


def test_validation_rows_as_read_are_those_that_were_prepared(prepared: tuple[Table, PreparedData]) -> None:
    raw, data = prepared
    assert np.array_equal(transform(raw, data.spec), data.validation()[0])


def test_a_column_has_the_features_that_change_with_it(prepared: tuple[Table, PreparedData]) -> None:
    raw, data = prepared
    model, places = preprocessing_model(data.spec), places_of(data.spec)
    before = transform(raw, data.spec, model)
    for column in data.spec.columns:
        there = raw.columns[column.name]
        shuffled = there.take(np.random.default_rng(1).permutation(len(raw)))
        after = transform(Table({**raw.columns, column.name: shuffled}), data.spec, model)
        changed = np.flatnonzero((after != before).any(axis=0))
        assert len(changed) > 0
        assert set(changed) <= set(places[column.name]), column.name
    every = np.concatenate(list(places.values()))
    assert sorted(every) == list(range(data.spec.input_shape[0]))
