"""How often the interval of a share that is no mean over rows holds the true one, by the scores of the rows."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from digits_spec import digits_spec

from search.conclusion.statistics.over_rows import interval_over_rows
from search.settings.metrics import METRICS
from search.training.measures import logs_of, scores_of
from search.training.network.recorded import recorded

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
SPEC = digits_spec(task="binary", class_names=("no", "yes"))
NAMES = [name for name, metric in METRICS.items() if metric.within]
STUDIES = 300


def table_of(random: np.random.Generator, rows: int) -> np.ndarray:
    """Of a network that sees something: a fifth of the rows is of the second class."""
    y = (random.random(rows) < 0.2).astype(int)
    return recorded(random.normal(size=rows) + 2 * y - 1.7, y, SPEC)


@cache
def held(rows: int) -> dict[str, float]:
    """By metric, in how many of 100 studies."""
    truth = logs_of(table_of(np.random.default_rng(0), 1_000_000), SPEC, NAMES)
    random, found = np.random.default_rng(rows), dict.fromkeys(NAMES, 0.0)
    for _ in range(STUDIES):
        table = table_of(random, rows)
        for name in NAMES:
            value = logs_of(table, SPEC, (name,))[name]
            low, high = interval_over_rows(name, value, scores_of(table, name, SPEC)) or (1.0, 0.0)
            found[name] += (low <= truth[name] <= high) * 100 / STUDIES
    return found


@pytest.mark.parametrize("rows", [150, 500])
def test_it_holds_about_as_often_as_the_documentation_says(rows: int) -> None:
    part = PAGE.read_text(encoding="utf-8").partition("## Shares that are no means")[2].partition("\n## ")[0]
    lines = [line.split("|")[1:] for line in part.splitlines() if line.startswith("| `")]
    said = {line[0].strip(" `"): float(line[{150: 1, 500: 2}[rows]].split("/")[0]) for line in lines}
    assert held(rows) == pytest.approx(said, abs=3.5)


def test_no_end_is_beyond_a_bound_and_a_bound_has_no_interval() -> None:
    almost, perfect = np.array([0, 0, 1, 1, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 1, 1, 1, 1])
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    for answers, there in ((almost, True), (perfect, False)):
        table = recorded(answers - 0.5, labels, SPEC)
        value = logs_of(table, SPEC, ("f1",))["f1"]
        interval = interval_over_rows("f1", value, scores_of(table, "f1", SPEC))
        assert (interval is not None) == there
        if interval is not None:
            assert 0 < interval[0] < value < interval[1] < 1
