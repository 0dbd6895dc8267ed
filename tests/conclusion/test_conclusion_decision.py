"""The threshold of a study that is compared by F1: kept with its trials, exported, answered by, and tested."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conclusion_calls import Outcome, Place
from sklearn.metrics import f1_score, recall_score

from search.conclusion.confirmation.record import read_conclusion
from search.conclusion.confirmation.words import steps
from search.data import prepare
from search.data.preparing.sealed import open_test_split
from search.study.data_cache import cache_folder
from search.study.study import Study

ROWS = 3000
SPACE = "depth = 1\nwidth = 8\nlearning_rate = { low = 0.01, high = 0.02, log = true }\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Study `rare`: a seventh of the rows is of the class that is looked for, and hardly ever more likely than not."""
    folder = tmp_path_factory.mktemp("decision")
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, 3)).astype(np.float32)
    y = np.where(x @ [1.0, -0.5, 0.25] + random.normal(scale=1.5, size=ROWS) > 2, "yes", "no")
    table = pd.DataFrame({**dict(zip("abc", x.T, strict=True)), "sick": y})
    table.to_csv(folder / "rows.csv", index=False)
    (folder / "space.toml").write_text(SPACE)
    made = Place(folder)
    how = f"--space {folder}/space.toml --no-known --trials 2 --epochs 5 --pruner none --workers 1 --sampler random"
    done = made(f"run rare --data {folder}/rows.csv --target sick --metric val_f1 {how}")
    assert done.code == 0, done.err
    return made


def facts_of(file: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(file.with_suffix(".json").read_text())
    return facts


def answered(place: Place, model: object) -> pd.DataFrame:
    out = place.folder / "answers.csv"
    done = place(f"predict {model} {place.folder}/rows.csv -o {out} --force --keep sick")
    assert done.code == 0, done.err
    return pd.read_csv(out)


def validation_of(study: Study) -> tuple[np.ndarray, np.ndarray]:
    return prepare(study.settings.data_request(), cache_folder()).validation()


def test_a_model_answers_by_the_threshold_that_its_validation_rows_fitted(place: Place) -> None:
    study, model = place.study("rare"), place.folder / "fitted.keras"
    done = place(f"export rare -o {model}")
    best = study.best_trial()
    assert best is not None
    decision = best.decision(study.metric)
    assert decision is not None
    assert decision.kept
    assert decision.before == best.value
    assert f"'yes' is answered above a probability of {decision.threshold:.4f}" in done.words
    facts = facts_of(model)
    assert (facts["threshold"], facts["decision"]) == (decision.threshold, decision.model_dump())
    for asked in (model, "rare"):
        answers = answered(place, asked)
        expected = np.where(answers["probability_yes"] > decision.threshold, "yes", "no")
        assert (answers["prediction"] == expected).all()
        assert 0 < (expected == "yes").sum() < ROWS
        found = json.loads(place(f"evaluate {asked} {place.folder}/rows.csv --json").out)
        assert found["threshold"] == decision.threshold
        f1 = f1_score(answers["sick"], expected, pos_label="yes")
        assert found["metrics"]["f1"]["value"] == pytest.approx(f1, abs=1e-9)
        assert found["classes"][1]["recall"] == pytest.approx(
            recall_score(answers["sick"], expected, pos_label="yes")
        )
    assert (
        "'yes' is answered above a probability of" in place(f"evaluate {model} {place.folder}/rows.csv").words
    )
    assert "'yes' is answered above a probability of" in place("show rare").words
    assert json.loads(place("show rare --json").out)["threshold"] == decision.threshold


@pytest.mark.parametrize("more", ["", " --calibrate", " --ensemble 2"])
def test_a_threshold_that_is_said_holds_with_all_that_is_exported(place: Place, more: str) -> None:
    model = place.folder / "said.keras"
    assert place(f"export rare -o {model} --threshold 0.25{more}").code == 0
    facts = facts_of(model)
    assert (facts["threshold"], "decision" in facts) == (0.25, False)
    answers = answered(place, model)
    assert ((answers["prediction"] == "yes") == (answers["probability_yes"] > 0.25)).all()


@pytest.mark.parametrize(
    ("more", "metric"), [("--threshold mcc", "mcc"), ("--ensemble 2", "f1"), ("--calibrate", "f1")]
)
def test_it_is_fitted_to_the_probabilities_that_are_exported(place: Place, more: str, metric: str) -> None:
    model = place.folder / "again.keras"
    assert place(f"export rare -o {model} {more}").code == 0
    decision = facts_of(model)["decision"]
    assert decision["metric"] == metric
    _, y = validation_of(place.study("rare"))
    assert decision["rows"] == len(y)
    assert decision["value"] >= decision["before"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("1.5", "expected a probability from 0 to 1, such as 0.3"),
        ("nan", "expected a probability from 0 to 1"),
        ("auc", "one of accuracy, f1, balanced_accuracy, mcc; but got 'auc'"),
    ],
)
def test_what_is_no_threshold_is_refused_before_anything_is_written(
    place: Place, said: str, told: str
) -> None:
    done = place(f"export rare -o {place.folder}/refused.keras --threshold {said}")
    assert (done.code, told in " ".join(done.err.split())) == (2, True), done.err
    assert not list(place.folder.glob("refused*"))


def test_facts_with_a_threshold_that_is_none_are_refused(place: Place) -> None:
    model = place.folder / "damaged.keras"
    assert place(f"export rare -o {model}").code == 0
    model.with_suffix(".json").write_text(json.dumps({**facts_of(model), "threshold": 7}))
    assert place(f"predict {model} {place.folder}/rows.csv -o {place.folder}/none.csv").code == 2


@pytest.fixture(scope="module")
def finalized(place: Place) -> Outcome:
    return place(f"finalize rare --top 1 --seeds 2 --folds 2 -o {place.folder}/tested.keras")


def test_finalize_tests_at_the_threshold_of_the_rows_that_its_networks_did_not_train_on(
    place: Place, finalized: Outcome
) -> None:
    assert finalized.code == 0, finalized.err
    study = place.study("rare")
    conclusion = read_conclusion(study)
    assert conclusion is not None
    decision, look = conclusion.decision, conclusion.test
    assert decision is not None
    assert decision.kept
    assert look.threshold == decision.threshold == facts_of(place.folder / "tested.keras")["threshold"]
    assert conclusion.final_validation == decision.elsewhere
    assert f"threshold {decision.threshold:.4f}, {decision.rows:,} rows" in [
        what for what, _, _ in steps(conclusion)
    ]
    assert "at the threshold on validation rows" in finalized.words
    # One class for every row needs no threshold.
    _, y = open_test_split(prepare(study.settings.data_request(), cache_folder()))
    constant = next(one for one in look.references if one.name == "constant")
    share = float(np.mean(np.asarray(y) == 1))
    assert constant.value == pytest.approx(2 * share / (1 + share))
    linear = next(one for one in look.references if one.name == "linear")
    assert linear.value is not None
    assert look.value is not None
    assert look.interval is not None
    # At 0.5 neither names the class as often as it is there.
    assert min(linear.value, look.value) > 0.3


def test_a_look_of_a_version_that_knew_no_threshold_stays_as_it_was_seen(
    place: Place, finalized: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    from search.conclusion.confirmation import finalizing

    real = finalizing.look_at_test_split

    def before(*given: Any) -> Any:
        return real(*given).model_copy(update={"threshold": None})

    monkeypatch.setattr(finalizing, "look_at_test_split", before)
    again = place(f"finalize rare --top 1 --seeds 2 --folds 2 -o {place.folder}/as-before.keras")
    assert again.code == 0, again.err
    facts = facts_of(place.folder / "as-before.keras")
    assert ("threshold" in facts, facts["conclusion"].get("decision")) == (False, None)
