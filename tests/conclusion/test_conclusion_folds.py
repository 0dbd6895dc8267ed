"""`finalize --folds`: the winner on folds of training and validation rows, their mean tested and written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from conclusion_calls import Outcome, Place, unopened

from search.conclusion.confirmation.record import read_conclusion
from search.data import PreparedData, fold_of, prepare
from search.data.preparing.sealed import open_test_split
from search.models.replay import replay
from search.study.data_cache import cache_folder
from search.study.planned_trial import Fold
from search.study.record_of_looks import looks
from search.workers.messages import TrialOutcome, TrialTask
from search.workers.trial import run_trial

FOLDS = 3


@dataclass(frozen=True)
class Concluded:
    """A study of a table that `finalize` was called for without a word of networks, twice."""

    place: Place
    done: Outcome
    again: Outcome

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.place.folder / "m.json").read_text())
        return facts

    @cached_property
    def networks(self) -> keras.Model:
        """Those in the file, which take prepared rows."""
        return keras.models.load_model(self.place.folder / "m.keras").get_layer("ensemble")

    @property
    def data(self) -> PreparedData:
        return prepare(self.place.study("one").settings.data_request(), cache_folder())


@pytest.fixture(scope="module")
def concluded(tmp_path_factory: pytest.TempPathFactory) -> Concluded:
    folder = tmp_path_factory.mktemp("folds")
    area = np.random.default_rng(0).uniform(50, 150, 90)
    pd.DataFrame({"area": area, "price": np.sin(area / 9)}).to_csv(folder / "prices.csv", index=False)
    place = Place(folder)
    searched = place(
        f"run one --data {folder}/prices.csv --target price --space small --no-known --trials 2 --epochs 3"
    )
    assert searched.code == 0, searched.err
    command = f"finalize one --top 1 --seeds 2 --folds {FOLDS} -o {folder}/m.keras"
    return Concluded(place, place(command), place(command))


def test_the_mean_of_the_folds_is_tested_once_and_written(concluded: Concluded) -> None:
    assert concluded.done.code == 0, concluded.done.err
    conclusion = read_conclusion(concluded.place.study("one"))
    assert conclusion is not None
    assert (conclusion.of_folds, conclusion.tested_together) == (True, FOLDS)
    (look,) = looks(concluded.place.study("one"))
    x, y = open_test_split(concluded.data)
    networks = [concluded.networks.get_layer(f"member_{number}") for number in range(1, FOLDS + 1)]
    mean = np.mean([network(np.asarray(x)) for network in networks], axis=0)[:, 0]
    rmse = concluded.data.spec.target_std * np.sqrt(np.mean((mean - y) ** 2))
    assert look.value == pytest.approx(rmse, rel=1e-5) == pytest.approx(conclusion.test.value, rel=1e-5)
    assert concluded.facts["conclusion"]["test"]["value"] == look.value


def test_each_row_is_judged_by_the_network_that_was_not_trained_on_it(concluded: Concluded) -> None:
    told, data = concluded.facts["ensemble"], concluded.data
    errors, values = [], []
    for number in range(FOLDS):
        x, y = fold_of(data, number, FOLDS).validation()
        error = np.asarray(concluded.networks.get_layer(f"member_{number + 1}")(np.asarray(x)))[:, 0] - y
        errors.append(error)
        values.append(data.spec.target_std * np.sqrt(np.mean(error**2)))
    rows = np.concatenate(errors)
    assert (told["of_folds"], told["rows"]) == (True, len(rows))
    assert len(rows) == data.spec.rows.train + data.spec.rows.validation
    assert told["value"] == pytest.approx(data.spec.target_std * np.sqrt(np.mean(rows**2)), rel=1e-4)
    assert [member["value"] for member in told["members"]] == pytest.approx(values, rel=1e-4)


def test_what_is_said(concluded: Concluded) -> None:
    rows = concluded.data.spec.rows.train + concluded.data.spec.rows.validation
    said = concluded.done.words
    assert f"on {FOLDS} folds of the training and validation rows" in said
    assert f"each of {rows} rows judged by the network that was not trained on it" in said
    assert f"{FOLDS} folds, {rows} rows" in said
    assert "The test split was opened once, for this value." in said


def test_the_same_command_again_trains_nothing_and_opens_nothing(concluded: Concluded) -> None:
    assert concluded.again.code == 0
    assert len(looks(concluded.place.study("one"))) == 1
    assert "warning" not in concluded.again.err
    assert len(concluded.place.study("one.finalize").finished()) == 2 + FOLDS


def test_a_training_on_a_fold_is_trained_again_on_its_rows(concluded: Concluded) -> None:
    companion = concluded.place.study("one.finalize")
    trial = next(
        one for one in companion.finished() if one.planned is not None and one.planned.fold is not None
    )
    # The threads of this process add in an order of their own.
    again = replay(companion, trial.number)
    assert again.now == pytest.approx(again.then, rel=1e-6)


def test_a_fold_that_diverged_is_no_reason_to_train_and_open_anew(
    concluded: Concluded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a word of networks as many are asked for as before, and the one that was left out is not one fewer."""
    place = unopened(concluded.place, tmp_path)

    def diverging(task: TrialTask) -> TrialOutcome:
        last = task.fold == Fold(number=3, of=4)
        return TrialOutcome("pruned", reason="its loss is no number") if last else run_trial(task)

    monkeypatch.setattr("workers_here.run_trial", diverging)
    command = f"finalize one --top 1 --seeds 2 -o {tmp_path}/m.keras"
    first = place(f"{command} --folds 4")
    assert "one of the 4 folds is left out" in first.words
    conclusion = read_conclusion(place.study("one"))
    assert conclusion is not None
    assert (conclusion.tested_together, conclusion.asked_for) == (3, 4)
    place.trained.clear()
    again = place(command)
    assert (again.code, again.err) == (0, "")
    assert place.trained == []
    assert len(looks(place.study("one"))) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--folds 3 --ensemble 3", "--folds and --ensemble: networks of folds, or of seeds on the same rows"),
        ("--folds 80", "--folds: the rows cannot be cut into 80: 76 rows are fewer than two for each"),
    ],
)
def test_folds_that_cannot_be_are_refused(
    concluded: Concluded, tmp_path: Path, options: str, said: str
) -> None:
    refused = concluded.place(f"finalize one --top 1 --seeds 2 {options} -o {tmp_path}/m.keras")
    assert refused.code == 2
    assert said in " ".join(refused.err.split())
    assert not (tmp_path / "m.keras").exists()
