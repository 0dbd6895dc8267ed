"""The short form of `make soak`: a driver is killed at random instants and resumed until its study is finished."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.soak import soak
from benchmarks.soak_scenarios import CHEAP


@pytest.mark.slow
def test_nothing_is_lost_doubled_or_changed_by_kills_at_random_instants(tmp_path: Path) -> None:
    scenario = replace(CHEAP[0], budget=6, kills_per_study=2)
    report = soak(scenario, 2, random.Random("short"), tmp_path, tmp_path / "cache")
    assert report.wrong == []
    assert report.finished == 6 * report.studies
    assert sum(report.moments.values()) == sum(report.kills.values()) == 2
    said = (tmp_path / "undisturbed-0" / "output-0.txt").read_text()
    assert said.index("reading") < said.index("starting")  # what kills are timed by
