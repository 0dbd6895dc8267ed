"""The user's word about a table's columns overrules what is found in them."""

from __future__ import annotations

import datetime

import pandas as pd
import pytest
from refusals import refused

from search.data import DataRequest, read_source
from search.data.preparing.fitted_columns import fit_columns

HEADER = "town,zip,size,built,note,y\n"


def row(number: int) -> str:
    size = "about 70" if number in (3, 5) else str(50 + number)
    return (
        f"{'abc'[number % 3]},0{number % 7},{size},201604{number % 28 + 1:02d},text {number},{number * 1.5}\n"
    )


TABLE = HEADER + "".join(map(row, range(40)))


def kinds(raw):
    return {name: column.kind for name, column in raw.x.columns.items()}


def test_columns_are_what_the_user_says(csv):
    found = kinds(read_source(csv(TABLE)))
    assert found == {
        "town": "category",
        "zip": "number",
        "size": "number",
        "built": "number",
        "note": "category",
    }
    raw = read_source(csv(TABLE, drop=("town, size",), category=("zip", "note"), date=("built",)))
    assert kinds(raw) == {"zip": "category", "built": "date", "note": "category"}
    assert raw.x.columns["zip"].values[:3].tolist() == ["00", "01", "02"]
    assert raw.x.columns["built"].template == "YYYYMMDD"
    assert "as you say: 'town', 'size' left out; 'zip', 'note' categories; 'built' dates" in raw.notes
    columns, notes = fit_columns(raw.x)
    assert [column.name for column in columns] == ["zip", "built", "note"]
    assert "'note' has 40 categories" not in "".join(notes)
    assert "as identifiers do" not in "".join(notes)


def test_text_in_a_column_of_numbers_counts_as_missing_and_is_told(csv):
    mixed = "a,b,y\n" + "".join(
        f"{'n/a' if n == 1 else f'{n} kg' if n % 3 == 0 else n},{n % 4},{n * 1.5}\n" for n in range(40)
    )
    assert kinds(read_source(csv(mixed)))["a"] == "category"
    raw = read_source(csv(mixed, number=("a",)))
    assert raw.x.columns["a"].missing().sum() == 15
    assert (
        "column 'a': 15 values are no numbers, and taken as missing: '0 kg' (1), '12 kg' (1), '15 kg' (1) and 12 more"
        in raw.notes
    )


def test_a_column_of_dates_in_two_forms_is_told_how_to_be_dates_and_what_that_loses(csv):
    mixed = "a,b,y\n" + "".join(
        f"{f'2024-01-{n % 28 + 1:02d}' if n % 3 else f'{n % 28 + 1:02d}.01.2024'},{n % 4},{n * 1.5}\n"
        for n in range(40)
    )
    raw = read_source(csv(mixed))
    assert kinds(raw)["a"] == "category"
    assert "or say --date, by which the others count as missing" in "".join(raw.notes)
    raw = read_source(csv(mixed, date=("a",)))
    assert "column 'a': 14 values are no dates as YYYY-MM-DD, and taken as missing" in "".join(raw.notes)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"drop": ("twon",)}, "has no column 'twon' (did you mean 'town'?); it has town, zip"),
        ({"drop": ("town,",)}, "has no column ''"),
        ({"number": ("y",)}, "--number: 'y' is the target"),
        ({"drop": ("zip",), "category": ("town,zip",)}, "column 'zip' of"),
        ({"number": ("note",)}, "--number: most of column 'note' is no number: 'text 0' (1), "),
        ({"date": ("town",)}, "--date: most of column 'town' is no date: 'a' (14), 'b' (13), 'c' (13)"),
        ({"drop": ("town,zip,size,built,note",)}, "has no column to learn the target 'y' from"),
    ],
)
def test_what_cannot_be_is_refused(csv, tmp_path, options, expected):
    refused(csv(TABLE, **options), tmp_path, expected)


def test_a_name_may_hold_commas(csv):
    text = '"a,b",a,b,y\n' + "".join(f"{n % 7},{n % 5},{n % 3},{n * 1.5}\n" for n in range(30))
    assert list(read_source(csv(text, drop=("a,b",))).x.columns) == ["a", "b"]
    assert list(read_source(csv(text, drop=("b,a",))).x.columns) == ["a,b"]


def test_types_of_a_parquet_file_are_overruled(tmp_path):
    frame = pd.DataFrame(
        {
            "code": [float(n % 4) if n % 5 else None for n in range(30)],
            "flag": [n % 2 == 0 for n in range(30)],
            "words": pd.Categorical([str(n) for n in range(30)]),
            "day": [datetime.datetime(2020, 1, 1 + n % 28) for n in range(30)],
            "y": [n * 1.5 for n in range(30)],
        }
    )
    frame.to_parquet(tmp_path / "rows.parquet")
    raw = read_source(
        DataRequest(
            str(tmp_path / "rows.parquet"),
            target="y",
            category=("code,flag",),
            number=("words",),
            date=("day",),
        )
    )
    assert kinds(raw) == {"code": "category", "flag": "category", "words": "number", "day": "date"}
    assert set(raw.x.columns["code"].values) == {"", "0", "1", "2", "3"}
    assert set(raw.x.columns["flag"].values) == {"True", "False"}


def test_they_apply_to_tables(tmp_path):
    refused(DataRequest("digits", drop=("a", "b")), tmp_path, "drop 'a, b' does not apply to digits")


def test_without_them_a_request_has_the_key_that_it_had():
    assert "drop" not in DataRequest("digits").asked()
    assert DataRequest("digits", drop=("a",)).asked()["drop"] == ("a",)
