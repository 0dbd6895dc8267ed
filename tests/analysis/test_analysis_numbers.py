"""Every number is written as what it is, in any unit."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.analysis.terminal.chart import line_chart
from search.analysis.terminal.trial import trial_view
from search.study.learning_curve import learning_curve_svg
from search.text.formats import apart, hyperparameter, number
from search.text.printable import open_console
from spaces.wording import quantity


@given(st.floats(1e-9, 1e15), st.sampled_from([1.0, -1.0]))
def test_a_metric_is_told_by_four_digits_in_any_unit(value: float, sign: float) -> None:
    told = float(number(sign * value).replace(",", ""))
    assert told == pytest.approx(sign * value, rel=5.1e-4)


@given(st.floats(1e-12, 1e20))
def test_a_quantity_of_data_is_told_by_six_digits(value: float) -> None:
    assert float(quantity(value).replace(",", "")) == pytest.approx(value, rel=5.1e-6)


def test_numbers_look_as_people_write_them() -> None:
    assert [number(value) for value in (0.91234, 0.0123456, 1e-5, 1234567.8, 1e9, 0.0)] == [
        "0.9123",
        "0.01235",
        "1.000e-5",
        "1,234,568",
        "1,000,000,000",
        "0.0000",
    ]
    assert [hyperparameter(value) for value in (64, 64.0, 1.0, 3.1234567e-4, 0.25, 1024, True, "relu")] == [
        "64",
        "64",
        "1",
        "3.123e-4",
        "0.25",
        "1,024",
        "true",
        "relu",
    ]
    assert [quantity(value) for value in (63930.0, 0.5, -1234567.0, 0.0, math.nan)] == [
        "63,930",
        "0.5",
        "-1,234,570",
        "0",
        "nan",
    ]


def test_an_axis_tells_its_values_apart() -> None:
    assert apart([1e-5, 1.2e-5]) == ["1e-5", "1.2e-5"]
    assert apart([123456.0, 123460.0]) == ["123,456", "123,460"]
    assert apart([5.0, 5.0]) == ["5", "5"]
    assert "123,460" in "\n".join(line_chart({"mae": [123460.0, 123456.0]}))
    history = {name: [1.0004e9, 1.0003e9] for name in ("mae", "val_mae", "loss", "val_loss")}
    drawn = learning_curve_svg(history, "val_mae", 2, "trial 1").decode()
    assert "1,000,300,000" in drawn
    assert "1,000,400,000" in drawn


def test_everything_on_a_trial_is_told_as_what_it_is() -> None:
    facts: dict[str, Any] = {
        "study": "one",
        "trial": 3,
        "state": "failed",
        "metric": "val_accuracy",
        "value": 0.9,
        "started": None,
        "ended": None,
        "hyperparameters": {"batch_size": 64, "taper": 1.0, "learning_rate": 1.23456e-4},
        "without_effect": [],
        "attributes": {
            "parameters": 8047,
            "seconds": 200.53,
            "accuracy": 0.95,
            "seed": 2357136044,
            "environment": {"python": "3.11"},
            "traceback": "Traceback:\n  line 1",
        },
        "history": {},
    }
    console = open_console(width=100, record=True, quiet=False)
    with console.capture() as captured:
        console.print(trial_view(facts))
    rows = {
        name: value.strip()
        for name, _, value in (line.partition("  ") for line in captured.get().splitlines())
    }
    wanted = {
        "batch_size": "64",
        "taper": "1",
        "learning_rate": "1.235e-4",
        "parameters": "8,047",
        "time": "3 min 21 s",
        "train accuracy": "0.9500",
        "seed": "2357136044",
        "environment": "python 3.11",
        "traceback": "Traceback:",
    }
    assert wanted.items() <= rows.items()
