"""The picture every trial has."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from search.study.history import History
from search.study.learning_curve import learning_curve_svg

SVG = "{http://www.w3.org/2000/svg}"


def drawn(history: History, best_epoch: int, title: str = "trial 3") -> ElementTree.Element:
    return ElementTree.fromstring(learning_curve_svg(history, "val_accuracy", best_epoch, title))


def history(*rising: float) -> History:
    falling = [1 - value for value in rising]
    return {name: list(rising) for name in ("accuracy", "val_accuracy")} | dict.fromkeys(
        ("loss", "val_loss"), falling
    )


def points(line: ElementTree.Element) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]  # type: ignore[misc]


def test_the_metric_rises_above_the_falling_loss_epoch_by_epoch() -> None:
    lines = [points(line) for line in drawn(history(0.1, 0.5, 0.9), 3).iter(f"{SVG}polyline")]
    assert [len(line) for line in lines] == [3, 3, 3, 3]
    accuracy, loss = lines[1], lines[3]
    assert accuracy[0][1] > accuracy[1][1] > accuracy[2][1]  # down is more in SVG
    assert loss[0][1] < loss[2][1]
    assert max(y for _, y in accuracy) < min(y for _, y in loss)


@pytest.mark.parametrize("values", [(0.5,), (0.5, float("nan"), 0.7), (float("inf"),), (0.0, 0.0)])
def test_one_epoch_and_values_that_are_no_numbers_are_drawn(values: tuple[float, ...]) -> None:
    root = drawn(history(*values), best_epoch=0 if values[0] > 1 else 1)
    written = ElementTree.tostring(root, encoding="unicode")
    assert "nan" not in written
    assert ("no best epoch" in written) == (values[0] > 1)


def test_a_title_is_text_and_nothing_else() -> None:
    root = drawn(history(0.5, 0.6), 2, title="<script>alert(1)</script>")
    assert not list(root.iter(f"{SVG}script"))
    assert any("<script>" in (text.text or "") for text in root.iter(f"{SVG}text"))
