"""Dates: the same days whether NumPy or the Keras graph reads them."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.data.dates import TEMPLATES, days_in_graph, days_since_1970, recognise

DIRECTIVES = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "hh": "%H", "mm": "%M", "ss": "%S"}


def written(moment, template):
    layout = template
    for letters, directive in DIRECTIVES.items():
        layout = layout.replace(letters, directive, 1)
    # strftime does not pad years below 1000 everywhere.
    return moment.strftime(layout.replace("%Y", f"{moment.year:04d}"))


@pytest.mark.parametrize("template", TEMPLATES)
@settings(deadline=None, max_examples=15)
@given(moments=st.lists(st.datetimes(datetime.datetime(1, 1, 1)), min_size=1, max_size=30))
def test_graph_and_numpy_agree(template, moments):
    import tensorflow as tf

    text = [written(moment, template) for moment in moments]
    expected = days_since_1970(text, template)
    days, fits = days_in_graph(tf.constant(text)[:, None], template)
    assert np.asarray(fits).all()
    np.testing.assert_allclose(np.asarray(days)[:, 0], expected, rtol=0, atol=1e-9)
    assert np.floor(expected[0]) == (moments[0] - datetime.datetime(1970, 1, 1)).days


@pytest.mark.parametrize(
    "text",
    ["", "2020", "2020-13-01", "2020-00-10", "2020-01-32", "2020-01-00", "2020-1-01x", "2020-01-011", "2020/01/01",
     "٢٠٢٠-01-01", "20200-01-1"],
)  # fmt: skip
def test_what_is_no_date_does_not_fit(text):
    import tensorflow as tf

    _, fits = days_in_graph(tf.constant([[text]]), "YYYY-MM-DD")
    assert not np.asarray(fits).any()
    assert np.isnan(days_since_1970([text], "YYYY-MM-DD")).all()


@pytest.mark.parametrize(
    ("values", "template", "ambiguous"),
    [
        (["2020-01-31"], "YYYY-MM-DD", False),
        (["2020-01-31T10:20:30"], "YYYY-MM-DDThh:mm:ss", False),
        (["2020-01-31T10:20:30Z"], "YYYY-MM-DDThh:mm:ssZ", False),
        (["31/01/2020", "01/02/2020"], "DD/MM/YYYY", False),
        (["01/31/2020", "01/02/2020"], "MM/DD/YYYY", False),
        (["01/02/2020"], "DD/MM/YYYY", True),
        (["31.01.2020"], "DD.MM.YYYY", False),
        (["2020-02-30"], None, False),
        (["2020-01-01", "2020-01-01 10:00"], None, False),
        (["1/2/2020"], None, False),
        ([], None, False),
    ],
)
def test_a_template_is_recognised(values, template, ambiguous):
    assert recognise(values) == (template, ambiguous)
