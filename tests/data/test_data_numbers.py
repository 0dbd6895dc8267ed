"""Numbers as people write them: each way of writing is read back, and no text ends in a traceback."""

from __future__ import annotations

import itertools
import string
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.data.columns.date_recognition import recognise
from search.data.columns.likely_forms import looks_like_a_date
from search.data.columns.numbers import numbers_written, read_numbers

numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=2)
WAYS = {
    "plain": lambda number: f"{number}",
    "thousands": lambda number: f"{number:,}",
    "decimal comma": lambda number: f"{number:,}".translate(str.maketrans(",.", ".,")),
    "blanks": lambda number: f"{number:,}".replace(",", "\u202f"),
    "blanks and comma": lambda number: f"{number:,}".translate(str.maketrans(",.", " ,")),
    "apostrophes": lambda number: f"{number:,}".replace(",", "'"),
    "dollars": lambda number: f"{'-' * (number < 0)}${abs(number):,}",
    "euros": lambda number: f"{number:,} €".translate(str.maketrans(",.", ".,")),
    "percent": lambda number: f"{number}%",
    "accounts": lambda number: f"({-number:,})" if number < 0 else f"{number:,}",
}


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=25)
@given(values=st.lists(numbers, min_size=1, max_size=20))
def test_every_way_of_writing_is_read_to_the_last_digit(way, values):
    texts = [WAYS[way](value) for value in values]
    read = read_numbers(dict.fromkeys(texts, 1))
    assert read.strays == ()
    assert [Decimal(read.plain[text]) for text in texts] == values
    assert bool(read.form) == any(text != read.plain[text] for text in texts)
    assert numbers_written(texts, read.written) == read.plain


@given(
    rows=st.dictionaries(st.text("0123456789.,'’ $€%()+-eE\u00a0\u2212aUSD", max_size=12), st.integers(1, 9))
)
def test_any_text_is_a_number_or_a_stray(rows):
    read = read_numbers(rows)
    assert {*read.plain, *read.strays} == {*rows}
    assert len(read.plain) + len(read.strays) == len(rows)
    assert numbers_written(rows, read.written) == read.plain
    for plain in read.plain.values():
        assert plain.isascii()
        float(plain)


@pytest.mark.parametrize(
    "text",
    ["", "1,2,3", "1.2.3", "1,23,4", "1 2", "--5", "$-", "5 $ %", "(5", "-(5)", "1_000", "٣", "0x10", "12 kg",
     "1,2345,678"],
)  # fmt: skip
def test_what_is_no_number_is_a_stray(text):
    assert read_numbers({text: 1}).strays == (text,)


def test_a_long_text_that_is_nearly_a_number_is_no_burden():
    """A pattern that tries every cut of it would take hours."""
    for text in ("1" * 200_000 + "x", "1,111" * 50_000 + "x", "1 " * 100_000 + "x", "may " * 50_000):
        assert read_numbers({text: 1}).strays == (text,)
        assert recognise({text: 1}) is None
        assert not looks_like_a_date(text)


def test_the_way_of_the_most_rows_is_taken():
    assert read_numbers({"1,5": 9, "2.5": 1}).plain == {"1,5": "1.5"}
    assert read_numbers({"1,5": 1, "2.5": 9}).plain == {"2.5": "2.5"}


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["2 239 963", "7"], "with blanks between thousands"),
        (["3.528.573", "12"], "with points between thousands"),
        (["1.234,5", "1 000"], "with blanks and points between thousands and decimal commas"),
        (["$1,244.59", "($3)"], "in $ with commas between thousands in brackets where negative"),
        (["45 %", "7%"], "in percent"),
        (["(12)", "13"], "in brackets where negative"),
        (["\u22125", "3"], "in another form"),
    ],
)
def test_a_form_is_told_by_what_stands_in_it(texts, form):
    assert read_numbers(dict.fromkeys(texts, 1)).form == form


def test_thousands_of_units_are_looked_at_once_each():
    """A column of codes such as ABC$17: to look at all texts once for each unit would take minutes."""
    texts = ["".join(letters) + "$1" for letters in itertools.product(string.ascii_uppercase, repeat=3)]
    assert len(read_numbers(dict.fromkeys(texts, 1)).plain) == 1
