"""A study whose rows do not count alike, from `run` to `evaluate`: searched, compared, concluded and answered for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from conclusion_calls import Outcome, Place
from sklearn import metrics

from search.conclusion.confirmation.record import read_conclusion
from search.data import PreparedData, prepare
from search.data.preparing.sealed import open_test_split, open_test_weights
from search.study.data_cache import cache_folder
from search.study.record_of_looks import looks
from search.study.row_scores import read_scores

SEARCH = "--space small --no-known --trials 2 --epochs 3 --pruner none"


@dataclass(frozen=True)
class Concluded:
    place: Place
    searched: Outcome
    done: Outcome

    @property
    def data(self) -> PreparedData:
        return prepare(self.place.study("one").settings.data_request(), cache_folder())


def homes(folder: Path) -> Path:
    """Two kinds, of which one is rare among many rows and common by weight."""
    random = np.random.default_rng(0)
    area, kind = random.uniform(50, 150, 120), random.random(120) < 0.3
    sold = np.where(random.random(120) < 0.15, ~kind, kind)
    frame = pd.DataFrame({"area": area + 20 * kind, "sold": np.where(sold, "yes", "no")})
    frame["count"] = np.where(sold, 4.0, 1.0) * random.integers(0, 4, 120)
    frame.to_csv(folder / "homes.csv", index=False)
    return folder / "homes.csv"


@pytest.fixture(scope="module")
def concluded(tmp_path_factory: pytest.TempPathFactory) -> Concluded:
    folder = tmp_path_factory.mktemp("weights")
    place = Place(folder)
    searched = place(f"run one --data {homes(folder)} --target sold --weight count {SEARCH}")
    assert searched.code == 0, searched.err
    return Concluded(place, searched, place(f"finalize one --top 2 --seeds 2 --folds 3 -o {folder}/m.keras"))


def test_the_test_value_is_a_weighted_mean_with_an_interval_around_it(concluded: Concluded) -> None:
    assert concluded.done.code == 0, concluded.done.err
    conclusion = read_conclusion(concluded.place.study("one"))
    assert conclusion is not None
    (look,) = looks(concluded.place.study("one"))
    (x, y), counts = open_test_split(concluded.data), open_test_weights(concluded.data)
    model = keras.models.load_model(concluded.place.folder / "m.keras").get_layer("ensemble")
    shares = np.asarray(model(np.asarray(x)))[:, 0]
    assert look.value == pytest.approx(metrics.log_loss(y, shares, sample_weight=counts), rel=1e-5)
    assert abs(look.value - metrics.log_loss(y, shares)) > 1e-3
    assert look.measured["accuracy"] == pytest.approx(
        metrics.accuracy_score(y, shares > 0.5, sample_weight=counts)
    )
    assert look.interval is not None
    assert look.interval[0] < look.value < look.interval[1]
    assert look.intervals_beside == {}


def test_what_it_is_compared_with_was_fitted_and_judged_by_the_same_weights(concluded: Concluded) -> None:
    (look,) = looks(concluded.place.study("one"))
    (_, y), counts = open_test_split(concluded.data), open_test_weights(concluded.data)
    ys = np.concatenate([concluded.data.training()[1], concluded.data.validation()[1]])
    of_both = [concluded.data.training_weights(), concluded.data.validation_weights()]
    share = np.average(ys, weights=np.concatenate([of for of in of_both if of is not None]))
    constant = next(one for one in look.references if one.name == "constant")
    expected = metrics.log_loss(y, np.full(len(y), share), sample_weight=counts)
    assert constant.value == pytest.approx(expected, rel=1e-6)
    assert {one.name for one in look.references if one.value is not None} == {"constant", "linear", "trees"}
    study = concluded.place.study("one")
    share = np.average(concluded.data.training()[1], weights=of_both[0])
    validation = concluded.data.validation()[1]
    assert study.record.constant == pytest.approx(
        metrics.log_loss(validation, np.full(len(validation), share), sample_weight=of_both[1]), rel=1e-6
    )


def test_scores_that_are_kept_of_validation_rows_have_the_value_as_mean(concluded: Concluded) -> None:
    companion = concluded.place.study("one.finalize")
    kept = [(trial, read_scores(companion, trial)) for trial in companion.trials()]
    found = [(trial.value, scores) for trial, scores in kept if scores is not None]
    assert found
    for value, scores in found:
        assert scores.mean() == pytest.approx(value, rel=1e-5)


def test_what_the_best_model_goes_by_is_judged_as_its_trial_was(concluded: Concluded) -> None:
    told = json.loads(concluded.place("show one --model --json").out)
    best = min(trial.value for trial in concluded.place.study("one").trials() if trial.value is not None)
    assert told["value"] == pytest.approx(best, rel=1e-5)


def test_weights_are_told_and_the_column_is_no_input(concluded: Concluded) -> None:
    assert "rows count as 'count' says" in " ".join((concluded.searched.out + concluded.searched.err).split())
    shown = concluded.place("show one --json")
    assert json.loads(shown.out)["settings"]["weight"] == "count"
    model = keras.models.load_model(concluded.place.folder / "m.keras")
    assert [tensor.name for tensor in model.inputs] == ["area"]


def test_new_rows_are_judged_by_their_weights_where_they_have_some(
    concluded: Concluded, tmp_path: Path
) -> None:
    model, frame = concluded.place.folder / "m.keras", pd.read_csv(homes(tmp_path))[:80]
    frame.to_csv(tmp_path / "new.csv", index=False)
    frame.drop(columns="count").to_csv(tmp_path / "alike.csv", index=False)
    place = concluded.place
    answers = tmp_path / "answers.csv"
    assert (done := place(f"predict {model} {tmp_path}/alike.csv -o {answers}")).code == 0, done.err
    shares = pd.read_csv(answers)["probability_yes"]
    for name, counts in (("new", frame["count"]), ("alike", None)):
        told = json.loads(place(f"evaluate {model} {tmp_path}/{name}.csv --json").out)
        expected = metrics.log_loss(frame["sold"] == "yes", shares, sample_weight=counts)
        assert told["metrics"]["crossentropy"]["value"] == pytest.approx(expected, rel=1e-5)
        assert told["metrics"]["accuracy"]["interval"] is not None
        assert told["explanation"]["value"] == pytest.approx(expected, rel=1e-4)
        words = "count rows as 'count' says" if counts is not None else "there is no 'count'"
        assert any(words in remark for remark in told["remarks"])
    frame["count"] = -1
    frame.to_csv(tmp_path / "negative.csv", index=False)
    refused = place(f"evaluate {model} {tmp_path}/negative.csv")
    assert refused.code == 2
    assert "'count' of" in refused.err
