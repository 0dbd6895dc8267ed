"""Replays on tables: that a study of them keeps to its clock, its pruner and its plan."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.tables_curves import EPOCHS, Draw, configurations, draws_of, write_curves
from benchmarks.tables_draws import Job, train_one
from benchmarks.tables_policies import Studied, against_random, difference, lines, studied
from benchmarks.tables_replay import WORKERS, Policy, Replay
from benchmarks.tables_stops import kept_table, patience_table
from benchmarks.tables_surrogate import Surrogate
from spaces import Hyperparameters

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def draws() -> list[Draw]:
    """Made up: what learns faster is better in the end, and a wide network takes longer."""
    made = []
    for name, one in configurations(12).items():
        off = abs(math.log10(one.learning_rate / 2e-3)) + one.dropout
        curve = [0.3 + off + 2 * (1 + off) / epoch for epoch in range(1, EPOCHS + 1)]
        made.append(Draw(name, "bank", one, curve, one.width / 20))
    return made


@pytest.fixture(scope="module")
def surrogate(draws: list[Draw]) -> Surrogate:
    return Surrogate(draws, trees=5)


def test_draws_are_read_as_they_were_written(draws: list[Draw], tmp_path: Path) -> None:
    diverged = Draw("draw99", "bike", draws[0].hyperparameters, [2.0, math.inf], 1.0)
    write_curves([*draws, diverged], tmp_path / "curves.json")
    *others, last = draws_of(tmp_path / "curves.json")
    assert last == diverged
    assert [one.hyperparameters for one in others] == [one.hyperparameters for one in draws]
    assert others[0].curve == pytest.approx(draws[0].curve, rel=1e-4)


def test_a_training_is_kept_with_its_curve_and_what_it_says_of_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.machine.tensorflow_start.start_tensorflow", lambda threads: None)
    monkeypatch.setenv("PERCEPTUNA_CACHE", str(tmp_path / "cache"))
    numbers = np.random.default_rng(0)
    for part, rows in (("train", 60), ("test", 30)):
        area = numbers.uniform(50, 150, rows)
        frame = pd.DataFrame({"area": area, "target": np.where(area > 90, "large", "small")})
        frame.rename(columns={"target": "deposit"}).to_csv(tmp_path / f"bank-{part}.csv", index=False)
    one = Hyperparameters(depth=1, width=8)
    job = Job("known plain", one, "bank", tmp_path, tmp_path, epochs=2)
    assert train_one(job).startswith("known plain, bank: ")
    (draw,) = draws_of(tmp_path)
    assert (draw.hyperparameters, draw.known, len(draw.curve)) == (one, True, 2)
    with np.load(job.file) as written:
        assert written["t"].shape == written["ta"].shape == (30, 1)


def test_a_known_configuration_has_its_recorded_curve(draws: list[Draw], surrogate: Surrogate) -> None:
    told = surrogate.training(draws[0].hyperparameters)
    floor = min(min(draw.curve) for draw in draws)
    assert told.best == pytest.approx([math.log(value / floor) for value in draws[0].curve])
    assert told.seconds == draws[0].seconds


def test_known_configurations_come_first_and_run_to_their_end(
    draws: list[Draw], surrogate: Surrogate
) -> None:
    ends = Replay(surrogate, Policy("random"), seed=0, budget=0.0, trials=30).run()
    known = [min(surrogate.training(draw.hyperparameters).best) for draw in draws if draw.known]
    assert set(known) <= {end.value for end in ends[: len(known) + WORKERS]}
    assert any(end.value is None for end in ends)


def test_the_same_seed_draws_the_same_study(surrogate: Surrogate) -> None:
    policy = Policy("random", power=1)
    first, second = (Replay(surrogate, policy, seed=3, budget=300.0).run() for _ in range(2))
    assert first == second
    assert [end.spent for end in first] == sorted(end.spent for end in first)


def test_recorded_draws_come_once_each(surrogate: Surrogate) -> None:
    policy, count = Policy("draws", "none", known=False), len(surrogate.drawn)
    ends = Replay(surrogate, policy, seed=0, budget=0.0, trials=count - WORKERS + 1).run()
    assert len(ends) == len({end.value for end in ends}) == count


def test_a_rung_by_time_ends_what_is_behind_after_the_same_seconds(surrogate: Surrogate) -> None:
    policy = Policy("draws", rung=1 / 3, by_time=True, known=False)
    ends = Replay(surrogate, policy, seed=0, budget=0.0, trials=10).run()
    whole = sum(training.seconds for training in surrogate.trained)
    assert sum(end.value is None for end in ends) >= 3
    assert ends[-1].spent < whole


def test_policies_are_compared_table_by_table(draws: list[Draw], tmp_path: Path) -> None:
    write_curves(draws, tmp_path / "curves.json")
    policies = (Policy("draws"), Policy("draws", power=1))
    rows = [studied(tmp_path / "curves.json", "bank", policy, seeds=1) for policy in policies]
    shown = list(lines(rows))
    assert len(shown) == 4
    assert difference(np.full((3, 2), 0.5), np.full((3, 2), 0.2)) == pytest.approx((0.3, 0.3, 0.3))


def test_the_page_says_of_samplers_what_is_made_of_the_raw_numbers() -> None:
    raw = json.loads(
        (ROOT / "benchmarks" / "results" / "tables-policies-2026-11-29.json").read_text(encoding="utf-8")
    )
    shown = list(against_random([Studied(**row) for row in raw["rows"]]))[2:]
    assert shown[0].startswith("| after known configurations | +3.84 (+1.26 to +6.41) | ")
    assert shown[1].startswith("| without them | +3.21 (+0.03 to +7.07) | ")


def test_what_early_comparisons_keep_and_what_patience_costs(draws: list[Draw]) -> None:
    assert "| half | 100% (least 100%) |" in "\n".join(kept_table(draws))
    late = [Draw(one.name, one.table, one.hyperparameters, [1.0] * 7 + [0.5] * 53, 1.0) for one in draws]
    assert list(patience_table(late))[2] == "| 5 | 100.00 | 100.00 (at most 100.00, n = 2) | 90% |"
