"""Dates: the same days whether NumPy or the Keras graph reads them, in every form that is recognised."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.data.columns.date_forms import (
    DAYS,
    MONTHS,
    TIMES,
    WEEKDAYS,
    WHOLE,
    ZONES,
    has_day,
    strftime_of,
    tokens,
    without_zone,
)
from search.data.columns.date_recognition import recognise
from search.data.columns.dates import days_since_1970, periods
from search.data.columns.likely_forms import looks_like_times
from search.data.preparing.dates_in_graph import days_in_graph

EPOCH = datetime.datetime(1970, 1, 1)
# Every day with one time, every time with one day, every zone with one of both.
FORMS = (
    *DAYS,
    *WHOLE,
    *(f"YYYY-MM-DD {time}" for time in TIMES),
    *(f"D/M/YYYYT{time}" for time in TIMES[:3]),
    *(f"YYYY-MM-DDThh:mm:ss{zone}" for zone in ZONES),
    "YYYY-MM-DD hh:mm:ss.f ±hh:mm",
    "M/D/YY h:mm AM",
    *TIMES,
)
# Every kind of field and segment once: a graph takes a third of a second.
IN_GRAPH = (
    "YYYY-MM-DD", "D.M.YY", "YYYYMMDDThhmmssZ",
    "D/Mon/YYYY:hh:mm:ss ±hhmm", "Day, Mon D, YYYY h:mm:ss AM", "YYYY-MM-DD hh:mm:ss.f ±hh:mm",
    "D Mon YYYYThh:mm±hhmm", "YYYY/MM hh.mm.ss UTC", "hh:mm±hh",
)  # fmt: skip


def written(moment, template, zone=0):
    """`moment`, which is in UTC, as a text of `template`; local time `zone` minutes ahead where it tells one."""
    local = moment + datetime.timedelta(minutes=zone)
    sign, hours, minutes = "+-"[zone < 0], abs(zone) // 60, abs(zone) % 60
    field = {
        "YYYY": f"{local.year:04d}",
        "YY": f"{local.year % 100:02d}",
        "MM": f"{local.month:02d}",
        "M": str(local.month),
        "Mon": MONTHS[local.month - 1].title()[: 3 if local.day % 2 else None],
        "DD": f"{local.day:02d}",
        "D": str(local.day),
        "Day": WEEKDAYS[local.weekday()].title()[: 3 if local.day % 3 else None],
        "hh": f"{local.hour:02d}",
        "h": str((local.hour - 1) % 12 + 1 if "AM" in template else local.hour),
        "mm": f"{local.minute:02d}",
        "ss": f"{local.second:02d}",
        "f": f"{local.microsecond:06d}"[: 3 if local.microsecond % 1000 == 0 else None],
        "AM": "PM" if local.hour >= 12 else "am",
        "±hh:mm": f"{sign}{hours:02d}:{minutes:02d}",
        "±hhmm": f"{sign}{hours:02d}{minutes:02d}",
        "±hh": f"{sign}{hours:02d}",
    }
    return "".join(field.get(token, token) for token in tokens(template))


def meant(moment, template):
    """Days of what a text of `template` still tells of a moment."""
    if "Y" not in template:
        moment = EPOCH + (moment - moment.replace(hour=0, minute=0, second=0, microsecond=0))
    if "D" not in template.replace("Day", "") and "Y" in template:
        moment = moment.replace(day=1)
    time = without_zone(template)
    moment = moment if "f" in time else moment.replace(microsecond=0)
    moment = moment if "ss" in time else moment.replace(second=0)
    moment = moment if "mm" in time else moment.replace(hour=0, minute=0)
    return (moment - EPOCH) / datetime.timedelta(days=1)


moments = st.datetimes(datetime.datetime(1970, 1, 3), datetime.datetime(2068, 12, 28))
zones = st.integers(-14, 14).map(lambda hours: 60 * hours)


@settings(max_examples=12)
@given(rows=st.lists(st.tuples(moments, zones), min_size=1, max_size=12))
def test_numpy_reads_every_form_as_it_was_written(rows):
    for template in FORMS:
        shifted = [zone if "±" in template else 0 for _, zone in rows]
        text = [written(moment, template, zone) for (moment, _), zone in zip(rows, shifted, strict=True)]
        expected = [meant(moment, template) for moment, _ in rows]
        np.testing.assert_allclose(
            days_since_1970(text, template), expected, rtol=0, atol=1e-9, err_msg=template
        )


@pytest.mark.parametrize("template", IN_GRAPH)
def test_graph_and_numpy_agree(template):
    """Also on what is no date of this form: other forms, cut short or with one character too many."""
    import keras
    import tensorflow as tf

    random = np.random.default_rng(len(template))
    times = [EPOCH + datetime.timedelta(seconds=int(second)) for second in random.integers(3e5, 3e9, size=40)]
    text = [written(moment, template, 60 * int(random.integers(-12, 13))) for moment in times]
    text += ["", "31/02/2020", "2020-02-30 10:61", "٢٠٢٠-01-01", text[0] + "1", " " + text[1], text[2][:-1]]
    text += [f"{text[3][:1]}x{text[3][1:]}", text[4].upper(), text[5].lower(), "a" * 99, "1" * 99]
    text += [written(times[0], other) for other in FORMS]
    expected = days_since_1970(text, template)
    given = keras.Input((1,), dtype="string")
    days, fits = keras.Model(given, days_in_graph(given, template))(tf.constant(text)[:, None])
    np.testing.assert_array_equal(np.asarray(fits)[:, 0], np.isfinite(expected))
    known = np.isfinite(expected)
    np.testing.assert_allclose(np.asarray(days)[known, 0], expected[known], rtol=0, atol=1e-9)
    assert known[:40].all()


@pytest.mark.parametrize(
    "text",
    ["", "2020", "2020-13-01", "2020-00-10", "2020-01-32", "2020-01-00", "2020-1-01x", "2020-01-011", "2020/01/01",
     "2019-02-29", "1900-02-29", "2020-04-31", "0000-01-01", "٢٠٢٠-01-01", "20200-01-1"],
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
        (["2020-01-31T10:20:30.250Z"], "YYYY-MM-DDThh:mm:ss.fZ", False),
        (["2020-01-31 10:20:30 UTC"], "YYYY-MM-DD hh:mm:ss UTC", False),
        (["2020-01-31T10:20:30+02:00", "2020-06-30T10:20:30+01:00"], "YYYY-MM-DDThh:mm:ss±hh:mm", False),
        (["2020-01-31 10:20:30.123456+02"], "YYYY-MM-DD hh:mm:ss.f±hh", False),
        (["31/01/2020", "01/02/2020"], "DD/MM/YYYY", False),
        (["01/31/2020", "01/02/2020"], "MM/DD/YYYY", False),
        (["01/02/2020"], "DD/MM/YYYY", True),
        (["1/2/2020", "12/3/2020"], "D/M/YYYY", True),
        (["1/2/2020", "1/13/2020"], "M/D/YYYY", False),
        (["1/13/2020 9:05"], "M/D/YYYY h:mm", False),
        (["01/13/2020 09:05:01 PM", "01/03/2020 11:05:01 AM"], "MM/DD/YYYY h:mm:ss AM", False),
        (["31.01.2020"], "DD.MM.YYYY", False),
        (["31.01.20", "05.12.19"], "DD.MM.YY", False),
        (["April 05, 2016", "Sept 1, 2016"], "Mon D, YYYY", False),
        (["05-Apr-2016", "5-MAY-2016"], "D-Mon-YYYY", False),
        (["Apr-2016", "May-2017"], "Mon-YYYY", False),
        (["2016-04", "2016-11"], "YYYY-MM", False),
        (["22:06", "06:06"], "hh:mm", False),
        (["Tue, 05 Apr 2016 10:00:00 GMT"], "Day, D Mon YYYY hh:mm:ss GMT", False),
        (["20160405T220607Z"], "YYYYMMDDThhmmssZ", False),
        (["Tue Apr 05 22:06:07 +0000 2016"], "Day Mon D hh:mm:ss ±hhmm YYYY", False),
        (["05APR2016:22:06:07"], "DMonYYYY:hh:mm:ss", False),
        (["05/Apr/2016:22:06:07 +0200"], "D/Mon/YYYY:hh:mm:ss ±hhmm", False),
    ],
)
def test_a_template_is_recognised(values, template, ambiguous):
    read = recognise(dict.fromkeys(values, 1))
    assert (read.template, read.ambiguous, read.strays) == (template, ambiguous, ())


@pytest.mark.parametrize(
    "value", ["2020-02-30", "3 baths", "Mayor 2016x", "", "12", "a" * 100_000, "10.0.0.1"]
)
def test_what_is_no_date_has_no_template(value):
    assert recognise({value: 1}) is None


def test_the_form_of_the_most_rows_is_taken_and_the_others_are_strays():
    read = recognise({"2020-01-01": 9, "2020-02-01": 9, "0000-00-00": 3, "1/2/2020": 1})
    assert (read.template, read.strays) == ("YYYY-MM-DD", ("0000-00-00", "1/2/2020"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("4/13/2016 9:30 PM", "is 2016-04-13 21:30"),
        ("April 5, 2016", "is 2016-04-05"),
        ("22:30", "is 22.5 hours"),
        ("9999-12-31T23:00:00-05:00", "is 10000-01-01 04:00"),
        ("0001-01-01T00:00:00+05:00", "is 0000-12-31 19:00"),
    ],
)
def test_an_example_says_how_dates_were_read(text, told):
    assert recognise({text: 1}).example() == f"{text!r} {told}"


def test_only_cycles_that_a_form_tells_are_features():
    assert [len(periods(form)) for form in ("YYYY-MM", "DD/MM/YY", "YYYY-MM-DD hh:mm", "h:mm AM")] == [
        1,
        2,
        3,
        1,
    ]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.arange(20160401, 20160431), "YYYYMMDD"),
        (np.arange(30) * 86_400.0 + 1.5e9, "seconds since 1970"),
        (np.arange(30) * 1e9 + 1.5e12, "milliseconds since 1970"),
        (np.arange(30) + 2.5e9, None),
        (np.arange(30.0), None),
        (np.arange(30) / 7 + 1.5e9, None),
    ],
)
def test_numbers_that_could_be_times_are_noticed(values, told):
    found = looks_like_times(np.asarray(values, dtype=np.float64))
    assert (found is None) if told is None else told in found


@pytest.mark.parametrize(
    "template", [*DAYS, *WHOLE, *(f"YYYY-MM-DD {time}" for time in TIMES), "YYYY-MM-DDThh:mm±hhmm"]
)
def test_points_in_time_are_written_as_a_template_reads_them(template):
    """Of a month its first day, and without the time that the template does not have."""
    moments = pd.Series(pd.to_datetime(["1999-12-31T23:59:58", "2000-01-01T00:00:00", "2024-02-29T12:05:00"]))
    units = {"ss": "s", "mm": "min", "D": "D"}
    unit = next((units[field] for field in units if field in template.replace("Day", "")), "D")
    expected = moments.dt.floor(unit) if has_day(template) else moments.dt.to_period("M").dt.to_timestamp()
    days = days_since_1970(moments.dt.strftime(strftime_of(template)), template)
    np.testing.assert_allclose(days, (expected - pd.Timestamp(0)) / pd.Timedelta(days=1), rtol=0, atol=1e-9)
