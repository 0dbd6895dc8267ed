"""A text column is read by its words: those that the training rows have, counted as an exported model counts them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import refused
from table_spec import table_spec

from search.answering.drift import drifts
from search.answering.remarks import remarks
from search.data import DataRequest, describe, prepare, preprocessing_model, raw_inputs, read_source
from search.data.preparing.as_trained import Found, as_trained
from search.data.preparing.column_spec import TextColumn
from search.data.preparing.fitted_columns import fit_columns
from search.data.preparing.sealed import open_test_split
from search.data.preparing.spec import DataSpec
from search.data.preparing.splits import split_rows
from search.data.preparing.words import MOST_WORDS, kept_words, words_of
from search.data.rows.raw import Table, TableColumn

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
phrases = st.lists(
    st.sampled_from(["a", "A", "b,", "b.", "B'c", "É", "é", "\t", "ab\n", "-"]), max_size=9
).map(" ".join)
GOOD, BAD = "A fine room, the view is fine.", "The room is small & dark"


def column_of(values):
    return TableColumn("text", np.array(values, dtype=object), said=True)


def counted(text, words):
    """`log2(1 + how often)` of each word, in plain Python."""
    found = words_of(text)
    return [np.log2(1 + found.count(word)) for word in words]


def test_words_are_of_any_case_without_punctuation_and_pairs_of_neighbours_count():
    assert words_of("To be,  or NOT to-be") == [
        *("to", "be", "or", "not", "tobe"),
        *("to be", "be or", "or not", "not tobe"),
    ]
    assert words_of(" ?! ") == []


@settings(max_examples=60, deadline=None)
@given(st.lists(texts | phrases, min_size=1, max_size=8))
def test_features_are_what_plain_counting_says_of_any_text(rows):
    words = tuple(dict.fromkeys(word for text in rows for word in words_of(text) if "\0" not in word))[:40]
    if not words:
        return
    spec = table_spec((TextColumn(name="note", input_name="note", words=words, without=0.0),))
    assert DataSpec.model_validate_json(spec.model_dump_json()) == spec
    found = np.asarray(preprocessing_model(spec)(raw_inputs({"note": rows}, spec)))
    np.testing.assert_allclose(found, [counted(text, words) for text in rows], rtol=1e-6)


@given(st.lists(phrases, min_size=3, max_size=30))
def test_kept_words_do_not_depend_on_the_order_of_rows_and_vary_over_them(rows):
    kept = kept_words(rows)
    assert kept == kept_words(rows[::-1])
    for word in kept:
        often = [words_of(text).count(word) for text in rows]
        assert sum(map(bool, often)) >= 3
        assert len(set(often)) > 1


def test_no_kept_word_holds_what_tensorflow_drops():
    assert kept_words(["a\0", "a\0", "a\0 b", "", "b", "b"]) == ("b",)


def test_at_most_so_many_words_are_kept_the_commonest():
    rows = [" ".join(f"w{n}" for n in range(1, 900) if row % (n % 7 + 2) == 0) for row in range(40)]
    kept = kept_words(rows)
    assert len(kept) == MOST_WORDS
    assert kept.index("w7") < kept.index("w1") < kept.index("w2")


def table(rows=80, others=None):
    """Reviews, of which those of `others` say what no other row says."""
    said = [f"{(GOOD, BAD)[row % 2]} visit{row}" for row in range(rows)]
    for row in () if others is None else others:
        said[row] += " unheard of"
    lines = [f'"{text}",{row % 7},{(5.0, 1.0)[row % 2] + row / 1000}' for row, text in enumerate(said)]
    return "review,n,y\n" + "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def reviews(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reviews")
    (folder / "reviews.csv").write_text(table())
    request = DataRequest(str(folder / "reviews.csv"), target="y", task="regression", text=("review",))
    return request, prepare(request, folder / "cache")


def test_a_text_that_nobody_speaks_of_is_left_out_and_the_note_says_what_keeps_it(csv):
    request = csv(table(), task="regression")
    note = "80 of 80 rows have a text of their own; --text review keeps it, by its words"
    assert any(note in told for told in describe(read_source(request)).notes)


def test_every_part_is_what_an_exported_model_makes_of_raw_texts(reviews):
    request, prepared = reviews
    raw = read_source(request)
    assert "as you say: 'review' text" in raw.notes
    split = split_rows(raw.y, class_names=(), val_fraction=0.15, test_fraction=0.15, seed=0)
    model, column = preprocessing_model(prepared.spec), prepared.spec.columns[0]
    assert column.kind == "text"
    parts = (prepared.training(), prepared.validation(), open_test_split(prepared))
    for rows, (x, _) in zip((split.train, split.validation, split.test), parts, strict=True):
        np.testing.assert_array_equal(np.asarray(model(raw_inputs(raw.x.take(rows), prepared.spec))), x)
        counts = [counted(text, column.words) for text in raw.x.columns["review"].values[rows]]
        np.testing.assert_allclose(x[:, 1:], counts, rtol=1e-6)


def test_no_word_of_validation_and_test_rows_is_known(tmp_path, reviews):
    _, prepared = reviews
    split = split_rows(np.arange(80.0), class_names=(), val_fraction=0.15, test_fraction=0.15, seed=0)
    (tmp_path / "other.csv").write_text(table(others=[*split.validation, *split.test]))
    request = DataRequest(str(tmp_path / "other.csv"), target="y", task="regression", text=("review",))
    assert prepare(request, tmp_path / "cache").spec.columns == prepared.spec.columns


def test_data_show_says_how_long_texts_are(reviews):
    request, _ = reviews
    described = describe(read_source(request))
    shown = described.columns[0]
    assert described.notes[-1] == "column 'review' is read by 15 words and pairs of words"
    assert (shown.kind, shown.values) == ("text", "7 to 8, median 7.5 words")


def test_texts_without_a_known_word_are_told_and_drift():
    import pandas as pd

    said = column_of([GOOD, BAD] * 10 + ["", "unique words"])
    columns, notes = fit_columns(Table({"note": said}))
    spec = table_spec(columns)
    assert notes == (f"column 'note' is read by {len(columns[0].words)} words and pairs of words",)
    assert columns[0].without == pytest.approx(1 / 22)
    found = {"note": Found()}
    frame = pd.DataFrame({"note": [GOOD, "nothing known", "", None]})
    read = as_trained(frame, spec, found)
    assert read.columns["note"].values.tolist() == [GOOD, "nothing known", "", ""]
    assert remarks(found, spec) == (
        "1 of 4 rows has a text of 'note' without any word that training kept: it counts as empty",
    )
    (drift,) = drifts(found, spec)
    assert (drift.column, drift.what, drift.size) == ("note", "never seen", pytest.approx(1 / 4 - 1 / 22))


def test_a_text_without_words_that_tell_anything_is_left_out(csv, tmp_path):
    text = "note,y\n" + "".join(f"same words {row},{row}.5\n" for row in range(60))
    refused(
        csv(text, text=("note",)), tmp_path, "column 'note' is dropped: no word is in 3 training rows or more"
    )
    _, notes = fit_columns(
        Table({"n": TableColumn("number", np.arange(60.0)), "note": column_of(["one text"] * 59 + [""])})
    )
    assert notes == ("column 'note' is read by 3 words and pairs of words",)
