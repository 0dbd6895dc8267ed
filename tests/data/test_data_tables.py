"""Reading tables: what each column becomes, and what each mistake is told."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refused

from search.data import DataRequest, describe, fingerprint_source, read_source
from search.errors import DataError


def lines(count, row, header="x,c,y"):
    return "\n".join([header, *(row(number) for number in range(count))]) + "\n"


def plain(number):
    return f"{number * 0.5},{'rgb'[number % 3]},{'yes' if number % 2 else 'no'}"


def kinds(request):
    return {name: column.kind for name, column in read_source(request).x.columns.items()}


def test_columns_are_numbers_booleans_categories_and_dates(csv):
    header = "n,flag,c,day,moment,big,y"

    def row(i):
        return f"{i},{i % 2 == 0},{'ab'[i % 2]},2020-02-{i + 1:02d},2020-01-01T{i:02d}:30:00,{10**20 + i},{i % 2}"

    raw = read_source(csv(lines(20, row, header)))
    found = {name: column.kind for name, column in raw.x.columns.items()}
    assert found == {
        "n": "number",
        "flag": "boolean",
        "c": "category",
        "day": "date",
        "moment": "date",
        "big": "number",
    }
    assert (raw.task, raw.class_names) == ("binary", ("0", "1"))


@pytest.mark.parametrize("gap", ["", "NA", "null", "?", "NaN"])
def test_missing_values_in_every_kind_of_column(csv, gap):
    def row(i):
        return f"{gap},{gap},{gap},{gap},{i % 2}" if i % 5 == 0 else f"{i},True,a,2020-01-{i + 1:02d},{i % 2}"

    raw = read_source(csv(lines(20, row, "n,flag,c,day,y")))
    assert [c.kind for c in raw.x.columns.values()] == ["number", "boolean", "category", "date"]
    assert [int(c.missing().sum()) for c in raw.x.columns.values()] == [4, 4, 4, 4]


@pytest.mark.parametrize(
    ("separator", "name"), [(",", "a.csv"), (";", "a.csv"), ("\t", "a.tsv"), ("|", "a.txt")]
)
def test_the_separator_is_found(csv, separator, name):
    text = lines(20, plain).replace(",", separator)
    assert list(read_source(csv(text, name=name)).x.columns) == ["x", "c"]


def test_a_separator_may_be_typed_as_backslash_t(csv):
    text = lines(20, plain).replace(",", "\t")
    assert list(read_source(csv(text, separator=r"\t")).x.columns) == ["x", "c"]


def test_quoted_fields_hold_separators_and_line_breaks(csv):
    text = lines(20, lambda i: f'{i},"a, or\nb {i % 2}",{i % 2}', '"x, first",c,y')
    raw = read_source(csv(text))
    assert list(raw.x.columns) == ["x, first", "c"]
    assert raw.x.columns["c"].values[1] == "a, or\nb 1"


def test_blank_lines_and_a_byte_order_mark_are_skipped(csv):
    text = b"\xef\xbb\xbf\n" + lines(20, plain).replace("\n", "\r\n").encode() + b"\r\n\r\n"
    raw = read_source(csv(text))
    assert list(raw.x.columns) == ["x", "c"]
    assert len(raw.y) == 20


def test_a_field_of_a_megabyte_is_read(csv):
    text = lines(20, lambda i: f"{i},{'z' * 1_000_000 if i == 3 else 'a'},{i % 2}")
    assert len(read_source(csv(text)).x.columns["c"].values[3]) == 1_000_000


def test_without_a_header_columns_are_numbered(csv):
    raw = read_source(csv(lines(20, plain).split("\n", 1)[1], header=False, target="2"))
    assert list(raw.x.columns) == ["0", "1"]
    assert len(raw.y) == 20


def test_row_numbers_saved_by_pandas_are_dropped(csv, tmp_path):
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=30), "y": ["a", "b"] * 15})
    raw = read_source(csv(frame.to_csv()))
    assert list(raw.x.columns) == ["x"]
    assert "counts the rows" in raw.notes[0]


def test_rows_without_a_target_are_left_out_and_told(csv):
    raw = read_source(csv(lines(20, lambda i: f"{i},a,{'' if i < 3 else i % 2}")))
    assert len(raw.y) == len(raw.x) == 17
    assert raw.class_names == ("0", "1")
    assert any(note.startswith("3 rows are left out") for note in raw.notes)


@pytest.mark.parametrize(
    ("values", "task", "names"),
    [
        (["10", "9", "2"], "multiclass", ("2", "9", "10")),
        (["1.0", "2.0"], "binary", ("1", "2")),
        (["True", "False"], "binary", ("False", "True")),
        (["b", "a", "c"], "multiclass", ("a", "b", "c")),
        (["0.5", "1.5", "2.5"], "regression", ()),
    ],
)
def test_the_task_follows_from_the_target(csv, values, task, names):
    raw = read_source(csv(lines(60, lambda i: f"{i},a,{values[i % len(values)]}")))
    assert (raw.task, raw.class_names) == (task, names)


def test_many_whole_numbers_are_a_quantity_unless_told_otherwise(csv):
    text = lines(100, lambda i: f"{i},a,{i % 30}")
    raw = read_source(csv(text))
    assert raw.task == "regression"
    assert "say --task classification" in raw.notes[-1]
    assert read_source(csv(text, task="classification")).task == "multiclass"


def test_prices_are_a_quantity_without_a_note(csv):
    raw = read_source(csv(lines(300, lambda i: f"{i / 7},a,{10000 + i * 37}")))
    assert (raw.task, raw.notes) == ("regression", ())


def test_a_first_line_that_may_be_a_row_is_told(csv):
    def notes(header, target, row):
        return read_source(csv(lines(60, row, header), target=target)).notes

    values = notes(
        "13.1,4,138.1,b", "b", lambda i: f"{i * 0.5},{i % 3 + 4},{90 + i * 7 % 59}.5,{'ab'[i % 2]}"
    )
    assert values == (
        "the first line, 13.1, 4, 138.1, b, is taken as names of columns; if it holds values, say --no-header",
    )
    assert notes("400.5,401,401.5,b", "b", lambda i: f"{i * 0.5},{i % 3},{i * 7 % 59}.5,{'ab'[i % 2]}") == ()
    assert notes("2003,2001,2002,b", "b", lambda i: f"{i * 0.5},{i % 3},{i * 7 % 59}.5,{'ab'[i % 2]}") == ()


def test_years_are_shown_without_separators(csv):
    request = csv(lines(60, lambda i: f"{1872 + i * 2},{900 + i * 40},{'ab'[i % 2]}"))
    year, area = (column.values for column in describe(read_source(request)).columns)
    assert year == "1872 to 1990, median 1931"
    assert area == "900 to 3,260, median 2,080"


def test_an_ambiguous_date_is_read_day_first_and_told(csv):
    raw = read_source(csv(lines(20, lambda i: f"0{i % 9 + 1}/02/2020,a,{i % 2}")))
    assert raw.x.columns["x"].template == "DD/MM/YYYY"
    assert "could be day or month first" in raw.notes[0]


def test_dates_with_a_month_above_twelve_decide_the_order(csv):
    raw = read_source(csv(lines(20, lambda i: f"02/{i + 1:02d}/2020,a,{i % 2}")))
    assert raw.x.columns["x"].template == "MM/DD/YYYY"
    assert not any("month first" in note for note in raw.notes)


def test_a_date_that_does_not_exist_is_missing_and_told(csv):
    raw = read_source(csv(lines(20, lambda i: f"2020-02-{i + 12},a,{i % 2}")))
    assert raw.x.columns["x"].kind == "date"
    assert raw.x.columns["x"].missing().sum() == 2
    assert "column 'x': '2020-02-30' (1), '2020-02-31' (1) taken as missing" in raw.notes


def test_infinite_numbers_are_taken_as_missing_and_told(csv):
    raw = read_source(csv(lines(20, lambda i: f"{'inf' if i == 2 else i},a,{i % 2}")))
    assert raw.x.columns["x"].missing().sum() == 1
    assert "1 infinite" in raw.notes[0]


def test_parquet_keeps_types(tmp_path):
    count = 40
    start = datetime.datetime(2020, 1, 1, 6)
    frame = pd.DataFrame(
        {
            "int": pd.array([None, *range(1, count)], dtype="Int64"),
            "bool": pd.array([None, *([True, False] * 20)[1:]], dtype="boolean"),
            "when": [start + datetime.timedelta(hours=7 * i) for i in range(count)],
            "day": [start.date() + datetime.timedelta(days=i) for i in range(count)],
            "price": [decimal.Decimal(i) / 4 for i in range(count)],
            "level": pd.Categorical(["1", "2"] * 20),
            "list": [[1, 2]] * count,
            "y": ["a", "b"] * 20,
        }
    )
    frame.loc[3, "when"] = pd.NaT
    path = tmp_path / "rows.parquet"
    frame.to_parquet(path)
    raw = read_source(DataRequest(str(path), target="y"))
    assert {name: column.kind for name, column in raw.x.columns.items()} == {
        "int": "number",
        "bool": "boolean",
        "when": "date",
        "day": "date",
        "price": "number",
        "level": "category",
    }
    assert raw.x.columns["when"].values[:4].tolist() == [
        "2020-01-01T06:00:00",
        "2020-01-01T13:00:00",
        "2020-01-01T20:00:00",
        "",
    ]
    assert raw.x.columns["int"].missing().sum() == raw.x.columns["bool"].missing().sum() == 1
    assert any("'list' is dropped" in note for note in raw.notes)


def test_a_summary_is_json_and_counts(csv):
    import json

    summary = describe(read_source(csv(lines(21, plain))))
    told = json.loads(json.dumps(summary.to_json()))
    assert told["classes"] == {"no": 11, "yes": 10}
    assert told["imbalance"] == 1.1
    assert [column["kind"] for column in told["columns"]] == ["number", "category"]
    assert told["rows"] == 21


BAD_TEXT = {
    "empty": ("", {}, ["is empty", "column names"]),
    "blank": ("\n\n", {}, ["is empty"]),
    "header alone": ("x,y\n", {}, ["no rows"]),
    "long line": ("x,y\n1,a\n2,b,c\n", {}, ["line 3", "3 fields", "has 2"]),
    "short line": ("x,c,y\n1,a,b\n2,b\n", {}, ["line 3", "2 fields", "has 3"]),
    "short line without values": ("x,c,y\n1,a,b\n,\n", {}, ["line 3", "2 fields"]),
    "open quote": ('x,y\n1,"a\n2,b\n', {}, ["quote that is not closed"]),
    "binary": (b"x,y\n1,\0\n", {}, ["not text", "byte 6"]),
    "latin-1": ("x,y\n1,é\n".encode("latin-1"), {}, ["not UTF-8", "byte 6", "0xe9", "iconv"]),
    "cut in a character": ("x,y\n1,é".encode()[:-1], {}, ["not UTF-8", "byte 6", "0xc3"]),
    "utf-16": ("x,y\n1,a\n".encode("utf-16"), {}, ["UTF-16", "iconv"]),
    "no target": (lines(20, plain), {"target": None}, ["needs a target", "--target", "x, c, y"]),
    "misspelt target": (
        lines(20, plain, "x,c,price"),
        {"target": "prise"},
        ["no column 'prise'", "'price'?"],
    ),
    "only the target": ("y\na\nb\n", {}, ["only the column 'y'", "separator"]),
    "wrong separator": (lines(20, plain), {"separator": ";"}, ["no column 'y'", "separator ';'"]),
    "twice the name": ("x,x,y\n1,2,a\n", {}, ["two columns named 'x'"]),
    "numbers for a header": ("1.5,2,7\n3,4,5\n", {}, ["numbers only", "--no-header"]),
    "header taken for a row": (
        "x,w,y\n1,2,3\n4,5,6\n",
        {"header": False, "target": "2"},
        ["looks like column names", "--no-header"],
    ),
    "target out of reach": ("1,2\n3,4\n", {"header": False, "target": "y"}, ["without a header", "0 to 1"]),
    "constant target": (lines(20, lambda i: f"{i},a,1"), {}, ["same value in every row", "'1'"]),
    "missing target": (lines(20, lambda i: f"{i},a,"), {}, ["no rows with a value"]),
    "infinite target": (
        lines(20, lambda i: f"{i},a,{'inf' if i == 4 else i / 7}"),
        {},
        ["holds inf", "row 5", "finite"],
    ),
    "text for a regression": (
        lines(20, plain),
        {"task": "regression"},
        ["should hold numbers", "'no'", "classification"],
    ),
    "a class per row": (
        lines(40, lambda i: f"{i},a,{i / 7}"),
        {"task": "classification"},
        ["40 distinct values in 40 rows", "regression"],
    ),
    "names for classes": (
        lines(40, lambda i: f"{i},a,name {i}"),
        {},
        ["40 distinct values", "another target"],
    ),
    "many rare classes": (
        lines(40, lambda i: f"{i},a,{f'rare {i}' if i < 4 else 'ab'[i % 2]}"),
        {},
        ["'rare 0' has 1"],
    ),
    "few rows": (lines(8, plain), {}, ["8 rows", "at least 10"]),
    "constant columns": (lines(20, lambda i: f"1,a,{i % 2}"), {}, ["no column is left", "'x'", "'c'"]),
    "image size": (lines(20, plain), {"image_size": (8, 8)}, ["image_size", "table"]),
}


@pytest.mark.parametrize("mistake", BAD_TEXT)
def test_a_mistake_in_a_text_table_is_told_and_nothing_written(csv, tmp_path, mistake):
    text, options, parts = BAD_TEXT[mistake]
    refused(csv(text, **options), tmp_path, *parts)


fields = st.sampled_from(
    [
        "1",
        "2.5",
        "",
        "NA",
        "inf",
        "True",
        "2020-01-01",
        "1e400",
        "9" * 20,
        "a",
        '"q"',
        '"',
        '"x\ny"',
        " ",
        "\t",
        "\u2028",
    ]
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(fields, min_size=1, max_size=3), max_size=25), header=st.booleans())
def test_any_text_is_read_or_refused_with_a_message(csv, rows, header):
    request = csv(
        "\n".join(["x,c,y", *map(",".join, rows)][not header :]), header=header, target="y" if header else "0"
    )
    message = request.source
    try:
        raw = read_source(request)
        assert describe(raw).rows == len(raw.x)
    except DataError as error:
        message = str(error)
    assert request.source in message


def test_too_many_classes_are_refused(csv, tmp_path):
    text = lines(4000, lambda i: f"{i},a,class {i % 1500}")
    refused(csv(text), tmp_path, "1,500 distinct values", "at most 1,000")


def test_a_broken_parquet_file_is_told(tmp_path):
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1 and then nothing of use PAR1")
    refused(DataRequest(str(path), target="y"), tmp_path, "not a sound Parquet file")


def test_a_parquet_target_of_lists_is_told(tmp_path):
    path = tmp_path / "rows.parquet"
    pd.DataFrame({"x": range(20), "y": [[1]] * 20}).to_parquet(path)
    refused(DataRequest(str(path), target="y"), tmp_path, "target 'y'", "lists")


def test_the_fingerprint_is_of_the_bytes(csv):
    one = fingerprint_source(csv(lines(20, plain)))
    same = fingerprint_source(csv(lines(20, plain), name="other.csv"))
    other = fingerprint_source(csv(lines(21, plain), name="third.csv"))
    assert one == same != other
