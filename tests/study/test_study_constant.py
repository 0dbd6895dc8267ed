"""A study says when its best is no better than one answer for every row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.analysis.facts.remarks import remarks
from search.data import DataRequest, PreparedData, prepare
from search.settings.metrics import METRICS
from search.settings.settings import StudySettings
from search.study.constant_answer import CONSTANTS, constant_value, keep_constant
from search.study.creation import create_study
from search.study.study import Study
from spaces import load_space
from storage import StorageURL


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PreparedData:
    """Nine rows in ten are `no`; the price is skewed, in units of a million."""
    monkeypatch.setenv("PERCEPTUNA_CACHE", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    rows = [
        f"{random.normal():.4f},{'yes' if row % 10 == 0 else 'no'},{1e6 * random.exponential():.1f}"
        for row in range(400)
    ]
    (tmp_path / "t.csv").write_text("\n".join(["x,label,price", *rows]))
    return prepare(DataRequest(str(tmp_path / "t.csv"), target="label"), tmp_path / "cache")


def with_values(folder: Path, data: PreparedData, values: list[float], **settings: object) -> Study:
    chosen = StudySettings.model_validate({"data": "t.csv", "space": "small", **settings})
    space, _ = load_space("small").restricted_to(data.spec.task, data.spec.kind, data.spec.components)
    study = create_study("one", StorageURL.parse(str(folder / "s.db")), chosen, space, data.spec)
    keep_constant(study, data)
    for value in values:
        trial = study.optuna.ask()
        space.suggest(trial)
        study.optuna.tell(trial, value)
    return study


def test_of_every_metric_it_is_known_what_one_answer_for_every_row_reaches() -> None:
    assert list(CONSTANTS) == list(METRICS)


def test_the_largest_class_is_told_where_it_does_as_well(tmp_path: Path, table: PreparedData) -> None:
    _, validation = table.validation()
    share = float(np.mean(validation == np.bincount(validation).argmax()))
    assert constant_value(table, "val_accuracy") == pytest.approx(share)
    (told,) = remarks(with_values(tmp_path, table, [share, share - 0.1], metric="val_accuracy"))[1:]
    assert f"The best val_accuracy, {share:.4f}, is no better than what the commonest class" in told
    assert f"reaches: {share:.4f}." in told


def test_a_best_within_chance_of_it_is_told_and_a_clear_one_is_not(
    tmp_path: Path, table: PreparedData
) -> None:
    (told,) = remarks(with_values(tmp_path, table, [0.93], metric="val_accuracy"))[1:]
    assert "is hardly better than" in told
    (tmp_path / "clear").mkdir()
    assert len(remarks(with_values(tmp_path / "clear", table, [1.0], metric="val_accuracy"))) == 1


@pytest.mark.parametrize("unit", [1e-5, 1.0, 1e9])
@pytest.mark.parametrize(("metric", "answer"), [("val_rmse", "mean"), ("val_mae", "median")])
def test_mean_and_median_are_told_in_any_unit(tmp_path: Path, unit: float, metric: str, answer: str) -> None:
    random = np.random.default_rng(1)
    rows = [f"{random.normal():.6f},{unit * random.exponential():.9e}" for _ in range(200)]
    (tmp_path / "r.csv").write_text("\n".join(["x,y", *rows]))
    request = DataRequest(str(tmp_path / "r.csv"), target="y", task="regression")
    data = prepare(request, tmp_path / "cache")
    x, y = data.validation()
    del x
    constant = constant_value(data, metric)
    assert constant is not None
    assert 0.3 < constant / unit < 2
    assert y.std() > 0
    (told,) = remarks(with_values(tmp_path, data, [constant * 0.99], metric=metric))
    assert f"is hardly better than what the {answer} for every row reaches" in told
    (tmp_path / "clear").mkdir()
    assert remarks(with_values(tmp_path / "clear", data, [constant * 0.5], metric=metric)) == []


def test_few_different_configurations_are_told(tmp_path: Path, table: PreparedData) -> None:
    study = with_values(tmp_path, table, [0.0, 0.0])
    assert remarks(study) == []
    for trial in study.finished() * 3:
        study.optuna.enqueue_trial(trial.params)
    for _ in range(6):
        asked = study.optuna.ask()
        study.space.suggest(asked)
        study.optuna.tell(asked, 0.0)
    (told,) = remarks(study)
    assert "Only 2 different configurations were tried in 8 trials" in told
