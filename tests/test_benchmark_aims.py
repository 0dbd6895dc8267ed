"""The benchmark of several aims: what a front is worth, equal CPU time, and the quick form from end to end."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from workers_here import trained_here

from benchmarks import aims
from benchmarks.aims import CONTESTANTS, Point, compared, lines, smallest, volume
from benchmarks.children import Child, Line
from search import cli


def test_the_volume_is_the_mean_of_the_best_accuracy_over_sizes() -> None:
    assert volume([]) == 0
    assert volume([Point(1, 0.8, 100)]) == pytest.approx(0.8)
    assert volume([Point(1, 0.8, 100_000)]) == pytest.approx(0.4)
    of_both = [Point(1, 0.9, 1_000_000), Point(2, 0.8, 100_000), Point(3, 0.7, 200_000)]
    assert volume(of_both) == pytest.approx((0.8 + 0.9) / 4)


def test_the_smallest_is_at_most_half_a_point_behind() -> None:
    found = [Point(1, 0.9, 9000), Point(2, 0.895, 700), Point(3, 0.894, 50)]
    assert smallest(found, 0.9) == 700
    assert smallest(found[2:], 0.9) is None


def test_contestants_of_a_seed_are_compared_after_equal_cpu_seconds() -> None:
    rows = [
        {"seed": 0, "contestant": "one aim", "points": [[5.0, 0.9, 9000.0], [30.0, 0.99, 100.0]]},
        {"seed": 0, "contestant": "several aims", "points": [[6.0, 0.9, 900.0], [8.0, 0.8, 90.0]]},
    ]
    found = compared(rows)
    assert (found["one aim"]["trials"], found["several aims"]["trials"]) == (1, 2)
    assert found["several aims"]["smallest"] == 900
    assert found["several aims"]["times smaller"] == 1  # of equal accuracies the smaller network is the best
    assert "| several aims | 1 | 2 | 0.9000 |" in "\n".join(lines(rows))


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands are carried out in the process of the tests."""

    def run(arguments: list[str], **environment: str) -> Child:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["perceptuna", *arguments[2:]])
        capsys.readouterr()
        with trained_here(), pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        assert end.value.code == 0, err
        return Child(1.0, 1.0, 1.0, [Line(0.0, time.process_time(), line) for line in out.splitlines()])

    monkeypatch.setattr(aims, "run_child", run)


def test_the_quick_form_tells_of_each_contestant(
    in_this_process: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "aims.json"
    aims.main(["--quick", "--output", str(output)])
    rows = json.loads(output.read_text())["rows"]
    assert [row["contestant"] for row in rows] == list(CONTESTANTS)
    assert all(1 <= len(row["points"]) <= 2 for row in rows)  # the second one may be pruned
    told = capsys.readouterr().out
    assert all(f"| {contestant} | 1 |" in told for contestant in CONTESTANTS)
