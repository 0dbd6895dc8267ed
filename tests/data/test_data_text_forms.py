"""Text tables in the forms that people have them in: packed, with Excel's first line, with blanks between columns."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from contextlib import suppress
from functools import partial

import pytest

from search.data import read_source
from search.data.reading.text_file import open_text_file
from search.errors import DataError

TABLE = "a,b,kind\n" + "".join(f"{row * 0.37:.3f},{row * 7 % 5},{'xy'[row % 2]}\n" for row in range(60))


def archive(members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in members.items():
            made.writestr(name, text)
    return content.getvalue()


@pytest.fixture
def table(csv):
    return partial(csv, target="kind")


def values(raw):
    return {name: column.values.tolist() for name, column in raw.x.columns.items()}


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("rows.csv.gz", gzip.compress(TABLE.encode(), mtime=0)),
        ("rows.csv.bz2", bz2.compress(TABLE.encode())),
        ("rows.csv.xz", lzma.compress(TABLE.encode())),
        ("rows.zip", archive({"rows.csv": TABLE})),
        ("mac.zip", archive({"rows.csv": TABLE, "__MACOSX/._rows.csv": b"\0\1"})),
        ("in-a-folder.zip", archive({"data/": "", "data/rows.csv": TABLE})),
        ("named-otherwise.csv", gzip.compress(TABLE.encode(), mtime=0)),
    ],
)
def test_a_packed_table_is_the_table_in_it(table, name, packed):
    assert values(read_source(table(packed, name=name))) == values(read_source(table(TABLE)))


@pytest.mark.parametrize(
    ("name", "packed", "parts"),
    [
        (
            "cut.csv.gz",
            gzip.compress(TABLE.encode(), mtime=0)[:-20],
            ["cannot be unpacked", "write it again"],
        ),
        ("bad.csv.gz", b"\x1f\x8b\x08\0" + b"\xff" * 60, ["cannot be"]),
        ("bad.csv.xz", lzma.compress(TABLE.encode())[:40], ["cannot be unpacked"]),
        ("bad.csv.bz2", b"BZh9" + b"\1" * 50, ["cannot be read"]),
        ("bad.zip", b"PK\3\4 and no more", ["cannot be unpacked"]),
        ("two.zip", archive({"one": TABLE, "two": TABLE}), ["2 files: one, two", "unpack it"]),
        ("none.zip", archive({"folder/": ""}), ["0 files"]),
        ("rows.csv.gz", gzip.compress(b"a,y\n\0", mtime=0), ["not text"]),
    ],
)
def test_what_cannot_be_unpacked_is_told(table, name, packed, parts):
    with pytest.raises(DataError) as error:
        read_source(table(packed, name=name))
    assert all(part in str(error.value) for part in [name, *parts])


def test_an_archive_that_is_damaged_anywhere_is_read_or_told(tmp_path):
    """Every byte, in two ways."""
    sound, path = archive({"é.csv": "x,y\n" + "1,a\n2,b\n" * 20}), tmp_path / "rows.zip"
    for place in range(4, len(sound)):
        for value in (0, 0xE4):
            path.write_bytes(sound[:place] + bytes([value]) + sound[place + 1 :])
            with suppress(DataError):
                open_text_file(path)


@pytest.mark.parametrize("pack", [gzip.compress, lambda text: archive({"rows": text})])
def test_a_few_kilobytes_cannot_fill_memory(table, monkeypatch, pack):
    """Ten megabytes out of ten kilobytes, where two are free."""
    monkeypatch.setattr("search.data.reading.text_file.free_memory", lambda: 8_000_000)
    packed = pack(b"a,kind\n" + b"1,x\n" * 2_500_000)
    assert len(packed) < 30_000
    with pytest.raises(DataError, match=r"unpacks to more than 0.0 GB, 25% of the memory that is free"):
        read_source(table(packed, name="rows.zip"))


@pytest.mark.parametrize("said", ["sep=;\r\n", '"sep=;"\n', "\ufeffSEP=;\n"])
def test_the_first_line_of_excel_names_the_separator(table, said):
    raw = read_source(table(said + TABLE.replace(",", ";")))
    assert values(raw) == values(read_source(table(TABLE)))


def test_the_first_line_of_excel_counts_in_messages(table):
    with pytest.raises(DataError, match="line 4: 2 fields where the first line has 3"):
        read_source(table("sep=;\na;b;kind\n1;2;x\n1;2\n"))


@pytest.mark.parametrize("between", [" ", "   ", "\t ", " \t"])
@pytest.mark.parametrize("option", [None, " "])
def test_columns_may_stand_apart_by_blanks(table, between, option):
    lines = [f"  {line.replace(',', between)}  " for line in TABLE.splitlines()]
    raw = read_source(table("\n".join(lines), name="rows.data", separator=option))
    assert values(raw) == values(read_source(table(TABLE)))


def test_names_in_quotes_hold_blanks_where_blanks_separate(table):
    rows = "".join(f'{row}.5   {row % 7}   7.  \t"car {row % 3}"   {"xy"[row % 2]}\n' for row in range(40))
    raw = read_source(table(rows, header=False, target="4"))
    assert set(raw.x.columns["3"].values) == {"car 0", "car 1", "car 2"}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_blanks_inside_fields_do_not_separate(table, separator):
    lines = ["first name,kind", *(f"New  York {row % 3},{'xy'[row % 2]}" for row in range(40))]
    raw = read_source(table("\n".join(lines).replace(",", separator)))
    assert set(raw.x.columns["first name"].values) == {"New  York 0", "New  York 1", "New  York 2"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_name_may_hold_a_line_end(table, end):
    text = TABLE.replace("a,b,kind", f'"Height{end}(cm)",b,"kind {end} of thing"')
    raw = read_source(table(text.replace("\n", end), target="kind of thing"))
    assert list(raw.x.columns) == ["Height (cm)", "b"]
    assert len(raw.y) == 60


@pytest.mark.parametrize("end", ["\x1a", "\n\x1a\x1a"])
def test_the_end_mark_of_dos_is_no_row(table, end):
    assert len(read_source(table(TABLE + end)).y) == 60


def test_blanks_around_labels_and_categories_make_no_others_and_are_told(table):
    text = "a,c,kind\n" + "".join(
        f"{row},{'red ' if row % 5 else 'red'},{'good ' if row % 3 else 'bad'}\n" for row in range(40)
    )
    raw = read_source(table(text.replace("39,red ", "39,blue")))
    assert raw.class_names == ("bad", "good")
    assert set(raw.x.columns["c"].values) == {"red", "blue"}
    told = " ".join(raw.notes)
    assert "blanks around 26 values of the target 'kind'" in told
    assert "blanks around values are left out in 'c'" in told


def test_blanks_behind_dates_are_told_and_behind_quantities_make_no_difference(table):
    """An exported model reads dates as they were read here: without the blanks, which it has to be asked without."""
    text = "a,day,kind\n" + "".join(f"{row},2020-01-{row % 28 + 1:02d} ,{row}.5 \n" for row in range(40))
    raw = read_source(table(text))
    assert raw.task == "regression"
    assert [note.split(":")[0] for note in raw.notes if "blanks" in note] == [
        "blanks around values are left out in 'day'"
    ]


def test_upper_and_lower_case_are_kept_apart_and_told(table):
    text = "a,c,kind\n" + "".join(
        f"{row},{'rR'[row % 2]},{['yes', 'YES', 'no'][row % 3]}\n" for row in range(60)
    )
    raw = read_source(table(text))
    assert raw.class_names == ("YES", "no", "yes")
    assert set(raw.x.columns["c"].values) == {"r", "R"}
    assert any("kept apart: 'YES', 'yes'" in note for note in raw.notes)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (f"Export of 2024\n\n{TABLE}", "remove the first line if it is a title"),
        (TABLE.replace("\n", ",\n").replace("kind,", "kind"), "remove the separator that ends the line"),
        (TABLE.replace("a,b", "b"), "give the first column a name"),
        (TABLE.replace("0.000,", r'"say \"hi\"",'), "not doubled"),
    ],
)
def test_a_ragged_table_is_told_what_it_probably_is(table, text, part):
    with pytest.raises(DataError, match=part):
        read_source(table(text))


def test_a_first_line_of_values_is_told(table):
    with pytest.raises(DataError, match="values and no names"):
        read_source(table("\n".join(TABLE.splitlines()[1:])))


def test_a_table_of_a_hundred_thousand_columns_is_refused_by_its_first_line(table):
    with pytest.raises(DataError, match=r"has 100,001 columns.*may have 25,000.*np\.savez"):
        read_source(table(",".join(map("gene{}".format, range(100_000))) + ",kind\n1,2\n"))
