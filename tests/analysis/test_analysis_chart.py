"""Curves in characters."""

from __future__ import annotations

import math

from search.analysis.terminal.chart import line_chart, sparkline


def test_a_sparkline_climbs_from_the_lowest_to_the_highest_block() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([5.0, 5.0]) == "▅▅"
    assert sparkline([]) == sparkline([math.nan]) == ""


def test_a_long_sparkline_ends_with_the_last_value() -> None:
    line = sparkline([*[0.0] * 999, 1.0], width=10)
    assert len(line) == 10
    assert line[-1] == "█"


def test_what_is_not_finite_is_left_blank() -> None:
    assert sparkline([0, math.inf, 1]) == "▁ █"
    assert line_chart({"loss": [math.nan, math.nan]}) == []


def test_a_chart_marks_train_and_validation_and_names_its_bounds() -> None:
    lines = line_chart({"accuracy": [0.5, 0.7, 0.9], "val_accuracy": [0.5, 0.6]}, width=30, height=5)
    assert lines[0].startswith("0.9 ┤")
    assert lines[4].startswith("0.5 ┤●")
    assert lines[0].rstrip().endswith("·")
    assert "●" not in lines[0], "the shorter curve ends where its epochs end"
    assert "· accuracy, ● val_accuracy" in lines[-1]
    assert "epoch 3" in lines[-2]
    assert max(map(len, lines)) < 40


def test_one_epoch_is_drawn_as_a_point_of_one_height() -> None:
    assert sum("●" in line for line in line_chart({"a": [1.0], "b": [1.0]})[:-1]) == 1
