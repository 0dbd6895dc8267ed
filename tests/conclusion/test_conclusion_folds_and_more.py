"""Folds beside weights, texts, a logarithm, groups and a threshold: what judges, what is kept, what a report shows."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conclusion_calls import Place
from sklearn.metrics import f1_score, root_mean_squared_error

from search.analysis.report.answers import Answers, answers_of
from search.conclusion.confirmation.record import read_conclusion
from search.data import PreparedData, fitted_fold, fold_of
from search.models.saved_model import model_of_study, open_model
from search.models.validation_answers import OtherRows, other_rows
from search.study.data_cache import prepare_data
from search.study.study import Study
from search.training.decision import best_threshold

FOLDS, PARTS = 3, ("train", "validation", "test")
HOW = f"--space small --no-known --trials 2 --epochs 6 --pruner none --workers 1 --folds {FOLDS}"


def known_of(study: Study) -> tuple[PreparedData, OtherRows]:
    data = prepare_data(study.settings)
    return data, other_rows(open_model(model_of_study(study), 1), data, FOLDS)


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Study `one`: rows that count differently, a text, and a price whose logarithm is learnt."""
    folder = tmp_path_factory.mktemp("prices")
    random = np.random.default_rng(0)
    area, garden = random.uniform(50, 150, 180), random.integers(0, 2, 180)
    rows = pd.DataFrame(
        {
            "area": area,
            "note": [f"flat {number % 40} {'with garden' if one else 'high up'}" for number, one in enumerate(garden)],
            "people": random.integers(0, 9, 180),
            "price": np.exp(area / 25 + garden + random.normal(0, 0.2, 180)),
        }
    )  # fmt: skip
    rows.to_csv(folder / "prices.csv", index=False)
    place = Place(folder)
    done = place(
        f"run one --data {folder}/prices.csv --target price --weight people --text note --target-transform log {HOW}"
    )
    assert done.code == 0, done.err
    return place


def test_a_fold_is_judged_by_its_own_words_weights_and_logarithm(prices: Place) -> None:
    study = prices.study("one")
    data, known = known_of(study)
    assert known.weights is not None
    best, at, words = study.best_trial(), 0, set()
    assert best is not None
    for number in range(FOLDS):
        spec = fitted_fold(data, number, FOLDS).spec
        rows = slice(at, at + spec.rows.validation)
        at += spec.rows.validation
        value = root_mean_squared_error(known.y[rows], known.answers[rows], sample_weight=known.weights[rows])
        assert value == pytest.approx(best.intermediate_values[number + 1], rel=1e-3)
        words.add(next(column for column in spec.columns if column.name == "note").model_dump_json())
        assert spec.target_log is not None
    assert at == len(known.y)
    assert len(words) == FOLDS


def test_intervals_and_pictures_are_of_rows_that_did_not_train_the_network(prices: Place) -> None:
    folder = prices.folder
    answers = answers_of(prices.study("one"))
    assert isinstance(answers, Answers)
    assert len(answers.y) == prices.study("one").rows_judged_by
    page = folder / "page.html"
    assert prices(f"report one -o {page}").code == 0
    text = " ".join(page.read_text().split())
    assert (
        f"{len(answers.y)} rows of the folds, each answered by the network that was not trained on it" in text
    )
    assert "how many rows have which" in text
    assert prices(f"export one -o {folder}/m.keras").code == 0
    facts = json.loads((folder / "m.json").read_text())
    assert facts["intervals"]["rows"] == len(answers.y)
    inside = np.abs(answers.errors) <= facts["intervals"]["halves"]["0.9"][0]
    assert inside.mean() == pytest.approx(0.9, abs=0.02)
    for asked in ("one", f"{folder}/m.keras"):
        done = prices(f"predict {asked} {folder}/prices.csv --interval 0.9 -o {folder}/a.csv --force")
        assert done.code == 0, done.err
        told = pd.read_csv(folder / "a.csv")
        assert (told["lower"] < told["prediction"]).all()


@pytest.fixture(scope="module")
def customers(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Study `rare`: several rows of each customer, of whom few are looked for."""
    folder = tmp_path_factory.mktemp("customers")
    random = np.random.default_rng(0)
    customer = np.arange(900) % 150
    x = random.normal(size=(900, 3)) + random.normal(size=(150, 1))[customer]
    y = np.where(x @ [1.0, -0.5, 0.25] + random.normal(scale=1.0, size=900) > 1.8, "yes", "no")
    rows = pd.DataFrame({**dict(zip("abc", x.T, strict=True)), "customer": customer, "left": y})
    rows.to_csv(folder / "rows.csv", index=False)
    place = Place(folder)
    done = place(f"run rare --data {folder}/rows.csv --target left --group customer --metric val_f1 {HOW}")
    assert done.code == 0, done.err
    return place


def test_the_rows_of_all_folds_fit_the_threshold(customers: Place) -> None:
    study = customers.study("rare")
    _, known = known_of(study)
    best = study.best_trial()
    assert best is not None
    decision = best.decision(study.metric)
    assert decision is not None
    assert decision.rows == len(known.y) == study.rows_judged_by
    second = known.answers[:, 1].astype(np.float64)
    assert decision.threshold == pytest.approx(best_threshold(second, known.y, "f1"), abs=1e-6)
    assert decision.value == pytest.approx(f1_score(known.y, second > decision.threshold))
    model = customers.folder / "m.keras"
    assert customers(f"export rare -o {model}").code == 0
    facts: dict[str, Any] = json.loads(model.with_suffix(".json").read_text())
    assert (facts["threshold"], facts["decision"]) == (decision.used, decision.model_dump())
    assert f"{decision.rows} rows of the folds" in customers(f"export rare --no-refit -o {model}").words
    assert customers(f"export rare --no-refit --threshold mcc -o {model} --force").code == 0
    told = json.loads(model.with_suffix(".json").read_text())["decision"]
    assert (told["metric"], told["rows"]) == ("mcc", decision.rows)
    assert told["threshold"] == pytest.approx(best_threshold(second, known.y, "mcc"), abs=1e-6)
    other = next(trial.number for trial in study.ranked() if trial.number != best.number)
    refused = customers(f"export rare --threshold mcc --trial {other} -o {customers.folder}/no.keras")
    assert refused.code == 2
    assert f"it is fitted for the best trial, {best.number}, alone" in " ".join(refused.err.split())
    report = customers.folder / "page.html"
    assert customers(f"report rare -o {report}").code == 0
    assert "Not shown" not in report.read_text()


def test_finalize_leaves_groups_whole_in_its_folds_and_in_those_of_all_rows(customers: Place) -> None:
    how = "--top 1 --seeds 2 --folds 3 --calibrate --all-rows"
    done = customers(f"finalize rare {how} -o {customers.folder}/final.keras")
    assert done.code == 0, done.err
    conclusion = read_conclusion(customers.study("rare"))
    assert conclusion is not None
    assert (conclusion.of_folds, conclusion.tested_together) == (True, 3)
    data = prepare_data(customers.study("rare.finalize").settings)
    parts = {
        part: (np.load(data.folder / f"{part}_x.npy"), np.load(data.folder / f"{part}_g.npy"))
        for part in PARTS
    }
    of = {row.tobytes(): group for x, groups in parts.values() for row, group in zip(x, groups, strict=True)}
    rows = {part: len(groups) for part, (_, groups) in parts.items()}
    assert len(of) == sum(rows.values())
    for number, all_rows in itertools.product(range(3), (False, True)):
        fold = fold_of(data, number, 3, all_rows=all_rows)
        trained, judged = (
            {of[row.tobytes()] for row in np.asarray(side)}
            for side in (fold.training()[0], fold.validation()[0])
        )
        assert not trained & judged
    # The mean of all rows has a temperature of its own, by all of them.
    facts = json.loads((customers.folder / "final.json").read_text())
    assert conclusion.calibration is not None
    assert conclusion.calibration.rows == rows["train"] + rows["validation"]
    assert facts["calibration"]["rows"] == sum(rows.values())
    folds = customers(f"finalize rare --top 1 --seeds 2 --folds 100 -o {customers.folder}/no.keras")
    assert folds.code == 2
    assert "the rows cannot be cut into 100: the groups of class 'yes' are in" in " ".join(folds.err.split())
    assert not Path(customers.folder / "no.keras").exists()
