"""Columns and targets whose values are written in other forms, or with words and row numbers among them."""

from __future__ import annotations

import numpy as np
import pytest
from refusals import refused
from table_spec import table_spec

from search.data import DataRequest, DataSpec, NumberColumn, describe, read_source, spec_changes

ROWS = 60


@pytest.fixture
def table(tmp_path):
    """A file of columns by name, each a function of the row."""

    def write(target="y", *, rows=ROWS, separator=",", header=True, task=None, **columns):
        columns = {"y": lambda row: "ab"[row % 2]} | columns
        names = [name.strip("_") for name in columns]
        text = [separator.join(f'"{name}"' for name in names)] * header
        text += [separator.join(f'"{cell(row)}"' for cell in columns.values()) for row in range(rows)]
        (tmp_path / "rows.csv").write_text("\n".join(text) + "\n", encoding="utf-8")
        return DataRequest(str(tmp_path / "rows.csv"), target=target, header=header, task=task)

    return write


def income(row):
    """No two alike, and none that counts rows."""
    return f"{1000 + 37 * row % 997}.{row % 7}"


def with_word(word, every=4):
    return lambda row: word if row % every == 1 else income(row)


PANDAS = ["NULL", "None", "N/A", "nan", "#N/A", "<NA>", "n/a", "-NaN", "#NA", "1.#IND"]
PEOPLE = ["-", "--", ".", "#DIV/0!", "unknown", "missing", "nil", "N.A.", "NaT", "NONE", "Unknown"]


@pytest.mark.parametrize("word", [*PANDAS, *PEOPLE])
def test_numbers_with_a_word_for_missing_stay_numbers(table, word):
    raw = read_source(table(x=with_word(word)))
    column = raw.x.columns["x"]
    assert (column.kind, int(column.missing().sum())) == ("number", 15)
    if word != "nan":
        assert raw.notes == (f"column 'x': {word!r} (15) taken as missing",)


def test_booleans_dates_and_few_numbers_take_such_words_too(table):
    raw = read_source(
        table(
            flag=lambda row: ["True", "False", "None"][row % 3],
            day=lambda row: "N/A" if row % 3 == 0 else f"2020-0{row % 9 + 1}-11",
            rooms=lambda row: "-" if row % 3 == 0 else row % 4,
        )
    )
    assert [column.kind for column in raw.x.columns.values()] == ["boolean", "date", "number"]
    assert [int(column.missing().sum()) for column in raw.x.columns.values()] == [20, 20, 20]


def test_such_words_among_categories_are_categories(table):
    raw = read_source(table(alley=lambda row: ["None", "Grvl", "-", "N/A", "NULL"][row % 5]))
    assert set(raw.x.columns["alley"].values) == {"None", "Grvl", "-", "N/A", "NULL"}
    assert raw.notes == ()


def test_strays_among_numbers_are_missing_and_named_with_their_counts(table):
    raw = read_source(table(x=lambda row: {3: "12a", 4: ">100", 5: "12a"}.get(row, income(row))))
    assert raw.x.columns["x"].missing().sum() == 3
    assert raw.notes == ("column 'x': '12a' (2), '>100' (1) taken as missing",)


def test_categories_that_are_mostly_numbers_are_told(table):
    def code(row):
        return f"V{row}" if row % 3 == 0 else income(row)

    raw = read_source(table(x=code, z=lambda row: "1234A"[row % 5]))
    assert [column.kind for column in raw.x.columns.values()] == ["category", "category"]
    assert "most values are numbers, but not 'V0' (1), 'V12' (1), 'V15' (1) and 17 more" in raw.notes[0]
    assert "most values are numbers, but not 'A' (12)" in raw.notes[1]


@pytest.mark.parametrize("word", ["NULL", "None", "N/A", "#N/A", "<NA>", "NaT"])
def test_rows_whose_target_is_certainly_missing_are_left_out_and_told(table, word):
    raw = read_source(table(y=with_word(word), x=income))
    assert (raw.task, len(raw.y)) == ("regression", 45)
    assert f"{word!r} (15) taken as missing" in raw.notes[0]


@pytest.mark.parametrize("word", ["-", ".", "unknown", "#DIV/0!", "12a"])
@pytest.mark.parametrize("task", [None, "regression"])
def test_a_target_with_another_word_among_its_numbers_is_refused_by_name(table, tmp_path, word, task):
    refused(
        table(y=with_word(word), x=income, task=task),
        tmp_path,
        f"{word!r} (15), the first in row 2"[:8],
        "row 2",
    )


def test_classes_may_be_such_words(table):
    raw = read_source(table(y=lambda row: ["None", "1", "2"][row % 3], x=income))
    assert raw.class_names == ("1", "2", "None")
    assert "has classes that may mean missing: 'None' (20)" in raw.notes[0]


def test_a_number_that_stands_for_missing_is_told(table):
    raw = read_source(
        table(
            x=with_word("-999"),
            t=lambda row: -200 if row % 9 == 1 else row % 31 - 5,
            b=lambda row: -99 if row % 9 == 1 else 10 * row,
            z=lambda row: -row % 7,
        )
    )
    assert len(raw.notes) == 3
    assert "column 'x' is -999 in 15 rows, far from all others" in raw.notes[0]
    assert "column 't' is -200 in 7 rows" in raw.notes[1]
    assert "column 'b' is -99 in 7 rows, and never else below 0" in raw.notes[2]


FORMS = {
    "thousands": (["63,930", "1,402", "12", "1,063,930"], [63930, 1402, 12, 1063930]),
    "thousands without exception": (["13,500", "16,500", "18,250"], [13500, 16500, 18250]),
    "thousands and a point": (["1,244.59", "47.5", "12"], [1244.59, 47.5, 12]),
    "lakh": (["12,34,567", "4,567"], [1234567, 4567]),
    "decimal commas": (["1,5", "0,345", "12", "-3,25"], [1.5, 0.345, 12, -3.25]),
    "thousands from ten thousand on": (["10,500", "9999"], [10500, 9999]),
    "three decimals": (["1,500", "0,345", "2,250"], [1.5, 0.345, 2.25]),
    "three decimals beside a large number": (["1,500", "12345"], [1.5, 12345]),
    "points and decimal commas": (["1.234,56", "2.345", "17,5"], [1234.56, 2345, 17.5]),
    "blanks": (["1 234", "12\u00a0345,5", "7"], [1234, 12345.5, 7]),
    "apostrophes": (["1'234.50", "12’000"], [1234.5, 12000]),
    "dollars": (["$1,244.59", "$47.76", "-$3", "$ 5"], [1244.59, 47.76, -3, 5]),
    "euros": (["1.244,59 €", "47,76 €"], [1244.59, 47.76]),
    "codes": (["USD 12.5", "USD 1,300"], [12.5, 1300]),
    "accounts": (["(1,234.50)", "12"], [-1234.5, 12]),
    "percent": (["45 %", "7%", "12.5%"], [45, 7, 12.5]),
    "typeset minus": (["\u22125", "3"], [-5, 3]),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_numbers_in_another_form_are_read_and_told(table, form):
    texts, numbers = FORMS[form]
    raw = read_source(table(x=lambda row: texts[row % len(texts)]))
    assert raw.x.columns["x"].kind == "number"
    assert raw.x.columns["x"].values[: len(texts)].tolist() == numbers
    assert raw.notes[0].startswith("column 'x' is read as numbers")


def test_a_target_in_another_form_is_read_and_told(table):
    raw = read_source(table(y=lambda row: f"${row + 1},{row:03d}.5" if row != 3 else "N/A", x=income))
    assert (raw.task, len(raw.y)) == ("regression", ROWS - 1)
    assert raw.y[:3].tolist() == [1000.5, 2001.5, 3002.5]
    assert any(
        "is read as numbers in $ with commas between thousands ('$1,000.5' is 1000.5)" in one
        for one in raw.notes
    )


@pytest.mark.parametrize(
    "texts", [["$5", "€6"], ["45%", "0.3"], ["1,2,3", "4,5"], ["12 kg", "3 kg"], ["1e5,3", "2"]]
)
def test_numbers_of_two_meanings_stay_as_they_are(table, texts):
    raw = read_source(table(x=lambda row: texts[row % len(texts)]))
    assert raw.x.columns["x"].kind == "category"


def test_numbers_with_a_unit_are_told(table):
    raw = read_source(table(x=lambda row: f"{row % 29} kg"))
    assert "look like numbers with a unit or a mark, such as '0 kg'" in raw.notes[0]


def test_dates_in_another_form_are_read_and_told(table):
    raw = read_source(table(x=lambda row: f"April {row % 30 + 1}, 20{row % 9 + 10} 9:30 PM"))
    assert raw.x.columns["x"].template == "Mon D, YYYY h:mm AM"
    assert "read as dates, Mon D, YYYY h:mm AM: 'April 1, 2010 9:30 PM' is 2010-04-01 21:30" in raw.notes[0]


def test_dates_of_a_form_that_is_not_read_are_told(table):
    raw = read_source(table(x=lambda row: f"the {row % 30 + 1}.4.2016"))
    assert "look like dates, such as 'the 1.4.2016'" in raw.notes[0]


CODES = {
    "versions": lambda row: f"{row % 7}.{row % 13}.{row % 31}",
    "products": lambda row: f"{row % 7 + 1}-{row % 5 + 1}-{row % 3 + 1}",
    "books": lambda row: f"978-{row % 5}-{row + 100}-{row % 9}",
    "insurance numbers": lambda row: f"{row % 25 + 500}-{row % 9 + 10}-{row + 5000}",
    "addresses": lambda row: f"10.{row % 9}.{row + 100}.{4 * row}",
    "shares": lambda row: ["50:50", "70:30", "80:20"][row % 3],
    "scores": lambda row: f"{row % 12}/5",
    "streets": lambda row: f"Mayfair {row % 25}",
}


@pytest.mark.parametrize("code", CODES)
def test_codes_are_not_said_to_look_like_numbers_or_dates(table, code):
    raw = read_source(table(x=CODES[code]))
    assert (raw.x.columns["x"].kind, raw.notes) == ("category", ())


def test_durations_of_more_than_a_day_are_told(table):
    raw = read_source(table(x=lambda row: f"{row}:{row:02d}", z=lambda row: f"{row}:{row:02d}:00"))
    for name, note in zip("xz", raw.notes, strict=True):
        assert (
            f"column '{name}' is taken as categories: its values look like durations, such as '0:00" in note
        )
        assert note.endswith("; write minutes, or seconds")


def test_times_of_a_day_are_not_called_dates(table, tmp_path):
    raw = read_source(table(x=lambda row: f"{row % 24}:{row:02d}"))
    assert "read as times of a day, h:mm: '0:00' is 0 hours" in raw.notes[0]
    refused(
        table(y=lambda row: f"{row % 24:02d}:{row:02d}", x=income), tmp_path, "holds times of a day (hh:mm"
    )


def test_the_latest_date_of_two_digits_shows_where_centuries_are_cut(table):
    """Whoever was born in 1955 is seen to be read as not yet born."""
    raw = read_source(table(x=lambda row: f"12/28/{(row + 50) % 100:02d}"))
    assert "'12/28/68' is 2068-12-28" in raw.notes[0]


def test_a_target_of_dates_is_refused_as_such(table, tmp_path):
    refused(
        table(y=lambda row: f"2020-01-01T00:{row:02d}", x=income), tmp_path, "holds dates", "2020-01-01T00:00"
    )


def test_a_target_of_numbers_in_a_form_that_is_not_read_is_told_which(table, tmp_path):
    refused(
        table(y=lambda row: f"{row}.5 kg", x=income),
        tmp_path,
        "numbers with a unit or a mark, such as '0.5 kg'",
    )


def test_many_classes_of_codes_may_be_numbers_and_letters(table):
    raw = read_source(table(y=lambda row: [*map(str, range(15)), *"abcdefgh"][row % 23], x=income, rows=230))
    assert raw.task == "multiclass"
    assert len(raw.class_names) == 23


SHUFFLED = np.random.default_rng(0).permutation(200)


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "Unnamed: 0.1", "...1"])
@pytest.mark.parametrize("first", [0, 1, 100])
@pytest.mark.parametrize("kind", ["sorted", "shuffled", "part"])
def test_row_numbers_under_no_name_are_left_out_in_any_order(table, name, first, kind):
    numbers = {"sorted": range(200), "shuffled": SHUFFLED[SHUFFLED < ROWS], "part": SHUFFLED}[kind]
    raw = read_source(table(x=income, **{f"{name}": lambda row: numbers[row] + first}))
    assert list(raw.x.columns) == ["x"]
    assert "is dropped: it counts the rows" in raw.notes[0]


def test_row_numbers_are_those_of_the_whole_file(table):
    """Rows without a target are left out, and take their numbers with them."""
    raw = read_source(
        table(y=lambda row: "" if row % 3 else income(row), x=income, **{"": lambda row: SHUFFLED[row] // 4})
    )
    assert list(raw.x.columns) == ["x", "unnamed 2"]
    part = SHUFFLED[SHUFFLED < ROWS]
    raw = read_source(
        table(y=lambda row: "" if row % 3 else income(row), x=income, **{"": lambda row: part[row] + 5000})
    )
    assert list(raw.x.columns) == ["x"]


def test_row_numbers_of_several_files_one_below_the_other_are_left_out(table):
    raw = read_source(table(x=income, **{"": lambda row: row % 25}))
    assert list(raw.x.columns) == ["x"]


def test_without_a_header_only_row_numbers_of_this_file_are_left_out(table):
    raw = read_source(table("0", header=False, a=lambda row: row, b=lambda row: 3 * row, z=income))
    assert list(raw.x.columns) == ["2", "3"]
    assert raw.notes[0] == "the column '1' is dropped: it counts the rows"


def test_a_column_with_a_name_that_counts_rows_stays_and_is_told(table):
    part = SHUFFLED[SHUFFLED < ROWS]
    raw = read_source(
        table(
            Id=lambda row: part[row] + 1,
            rank=lambda row: 700 + row,
            unnamed_river_km=lambda row: 0.1 + 1.5 * row,
            year=lambda row: 1950 + row // 2,
            part=lambda row: SHUFFLED[SHUFFLED < 100][row],
        )
    )
    assert list(raw.x.columns) == ["Id", "rank", "unnamed_river_km", "year", "part"]
    assert [note.split(":")[0] for note in raw.notes] == [
        "column 'Id' counts the rows (1 to 60)",
        "column 'rank' counts the rows (700 to 759)",
        "column 'part' counts the rows (0 to 99)",
    ]


def test_a_column_without_a_name_that_measures_something_stays(table):
    raw = read_source(
        table(**{"": lambda row: row * 0.5, "Unnamed: 3": lambda row: 7 * row % 50, "x": income})
    )
    assert list(raw.x.columns) == ["unnamed 1", "Unnamed: 3", "x"]
    assert raw.notes == ()


def test_hundreds_of_columns_that_are_told_the_same_are_counted(table):
    columns = {f"c{number}": with_word("NULL") for number in range(300)}
    raw = read_source(table(**columns))
    assert raw.notes[-1] == "… and so it is with 295 more columns"
    assert len(raw.notes) == 6
    assert describe(raw).missing == 300 * 15


def test_how_numbers_are_written_is_kept_only_where_it_is_not_plain():
    """Studies that were made before say nothing of it, and are the same data."""
    plain = NumberColumn(name="a", input_name="a", median=1, mean=1, std=1, missing_flag=False)
    euros = plain.model_copy(update={"written": "€ 1.234,5"})
    assert "written" not in table_spec((plain,)).model_dump_json()
    assert DataSpec.model_validate_json(table_spec((euros,)).model_dump_json()).columns == (euros,)
    assert spec_changes(table_spec((plain,)), table_spec((euros,))) == []
