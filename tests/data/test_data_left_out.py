"""What is left out by a rule that is said: columns that only name rows, classes that cannot be on every side."""

from __future__ import annotations

import numpy as np
import pytest
from refusals import refused

from search.data import describe, read_source
from search.data.preparing.fitted_columns import fit_columns
from search.data.preparing.fitting import fit_spec
from search.data.preparing.identifiers import says_identifier
from search.data.preparing.rare_classes import without_rare_classes
from search.data.preparing.spec import IDENTIFIER_VERSION
from search.data.preparing.splitting import split_of

ROWS = 60
TABLE = "PassengerId,customer_id,order id,income,y\n" + "".join(
    f"{row + 1},{row // 3},{row * 7919 % 100_003},{row * row + 17},{row * 1.5}\n" for row in range(ROWS)
)


def names(columns):
    return [column.name for column in columns]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        *(
            (name, True)
            for name in ("Id", "id", "ID", "PassengerId", "customer_id", "order id", "ID of order")
        ),
        *((name, False) for name in ("paid", "humid", "grid", "bid price", "hidden", "income", "1", "")),
    ],
)
def test_a_name_says_that_it_is_an_identifier_by_a_word_of_its_own(name, says):
    assert says_identifier(name) is says


def test_numbers_of_their_own_under_such_a_name_are_left_out_and_told(csv):
    """A customer with several rows is a feature, and so is an income that nobody else has."""
    raw = read_source(csv(TABLE))
    columns, notes = fit_columns(raw.x)
    assert names(columns) == ["customer_id", "income"]
    assert notes[0] == (
        "column 'PassengerId' is dropped: 60 of 60 training rows have a number of their own, as identifiers do, and "
        "its name says that it is one; --number PassengerId keeps it"
    )
    told = describe(raw).notes
    assert [note.split(":")[0] for note in told if "PassengerId" in note] == [
        "column 'PassengerId' is dropped"
    ]
    assert not any("counts the rows" in note for note in fit_spec(raw, split_of(raw), "").notes)


def test_an_identifier_that_several_rows_share_is_a_feature_and_what_to_do_is_told(csv):
    raw = read_source(csv(TABLE))
    told = "column 'customer_id' is an identifier by its name, and several rows have the same (20 different ones in "
    for notes in (fit_columns(raw.x)[1], describe(raw).notes):
        assert [told in note for note in notes].count(True) == 1
    for said in ({"group": "customer_id"}, {"number": ("customer_id",)}, {"drop": ("customer_id",)}):
        assert told not in "".join(describe(read_source(csv(TABLE, **said))).notes)
    countries = "country_id,a,y\n" + "".join(f"{row % 25},{row * row},{row * 1.5}\n" for row in range(600))
    assert "country_id" not in "".join(describe(read_source(csv(countries))).notes)


def test_the_user_keeps_them(csv):
    raw = read_source(csv(TABLE, number=("PassengerId",), category=("order id",)))
    assert names(fit_columns(raw.x)[0]) == ["PassengerId", "customer_id", "order id", "income"]


def test_a_study_of_an_earlier_version_goes_on_with_them(csv):
    columns, notes = fit_columns(read_source(csv(TABLE)).x, IDENTIFIER_VERSION)
    assert names(columns) == ["PassengerId", "customer_id", "order id", "income"]
    assert notes == ()


def with_classes(*labels):
    return "a,b,y\n" + "".join(f"{row % 7},{row % 5},{label}\n" for row, label in enumerate(labels))


def test_classes_of_too_few_rows_are_left_out_and_told(csv):
    raw = without_rare_classes(
        read_source(csv(with_classes(*["no", "yes"] * 30, "rare", "odd", "rare", *["no"] * 20)))
    )
    assert (raw.task, raw.class_names, len(raw.y)) == ("binary", ("no", "yes"), 80)
    assert np.bincount(raw.y).tolist() == [50, 30]
    assert raw.x.columns["a"].values[60:].tolist() == [(63 + row) % 7 for row in range(20)]
    assert (
        "2 classes have fewer than 3 rows, one for each side of the split: 'odd' (1), 'rare' (2); 3 rows are left out. "
        "Collect more of them, or give them another class, to keep them"
    ) in raw.notes
    assert len(split_of(raw).train) == 56


def test_beside_files_of_their_own_a_class_needs_fewer_rows(csv, tmp_path):
    (tmp_path / "test.csv").write_text(with_classes(*["no", "yes", "rare"] * 5))
    raw = without_rare_classes(
        read_source(csv(with_classes(*["no", "yes"] * 60, "rare"), test=str(tmp_path / "test.csv")))
    )
    assert (raw.given_test, raw.class_names) == (10, ("no", "yes"))


@pytest.mark.parametrize("labels", [["no"] * 40 + ["yes"], ["no", "yes"] * 15 + ["a", "b", "c", "d"]])
def test_many_rows_or_all_but_one_class_are_not_left_out(csv, tmp_path, labels):
    refused(csv(with_classes(*labels)), tmp_path, "each class needs 3 rows")
