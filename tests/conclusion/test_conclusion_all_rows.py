"""`finalize --all-rows`: the winner on folds of all rows, after the one look at those that tested it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from conclusion_calls import Place

from search.data import PreparedData, fold_of, prepare
from search.data.preparing.sealed import open_test_split
from search.errors import DataError
from search.study.data_cache import cache_folder
from search.study.record_of_looks import looks
from search.workers.messages import TrialTask

FOLDS = 3
ROWS = 90


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("all-rows")
    area = np.random.default_rng(1).uniform(50, 150, ROWS)
    pd.DataFrame({"area": area, "price": np.cos(area / 9)}).to_csv(folder / "prices.csv", index=False)
    place = Place(folder)
    command = (
        f"run one --data {folder}/prices.csv --target price --space small --no-known --trials 1 --epochs 3"
    )
    assert place(command).code == 0
    return place


@pytest.fixture(scope="module")
def finalized(searched: Place) -> tuple[Place, str]:
    """Finalized twice, first without `--all-rows`; and what the second said."""
    command = f"finalize one --top 1 --seeds 2 --folds {FOLDS} -o {searched.folder}/m.keras"
    assert searched(command).code == 0
    searched.trained.clear()
    second = searched(f"{command} --all-rows")
    assert (second.code, second.err) == (0, "")
    return searched, second.words


def _facts(place: Place) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((place.folder / "m.json").read_text())
    return facts


def _data(place: Place) -> PreparedData:
    return prepare(place.study("one").settings.data_request(), cache_folder())


def test_the_networks_are_trained_on_all_rows_and_test_rows_are_opened_once(
    finalized: tuple[Place, str],
) -> None:
    place, said = finalized
    assert len(looks(place.study("one"))) == 1
    assert len(place.trained) == FOLDS  # the candidates and the tested mean were there
    assert f"on {FOLDS} folds of all {ROWS} rows, test rows too" in said
    assert f"each of {ROWS} rows judged by the network that was not trained on it" in said
    assert "no row is left to test it" in said


def test_each_row_is_judged_by_the_network_that_was_not_trained_on_it(finalized: tuple[Place, str]) -> None:
    place, _ = finalized
    data, told = _data(place), _facts(place)
    networks = keras.models.load_model(place.folder / "m.keras").get_layer("ensemble")
    errors, seen = [], []
    for number in range(FOLDS):
        x, y = fold_of(data, number, FOLDS, all_rows=True).validation()
        errors.append(np.asarray(networks.get_layer(f"member_{number + 1}")(np.asarray(x)))[:, 0] - y)
        seen.append(np.asarray(x)[:, 0])
    # Each row of the file once, those of the sealed split among them.
    assert len(np.concatenate(seen)) == ROWS
    assert set(np.asarray(open_test_split(data)[0])[:, 0]) <= set(np.concatenate(seen))
    rmse = data.spec.target_std * np.sqrt(np.mean(np.concatenate(errors) ** 2))
    assert told["all_rows"] is True
    assert (told["ensemble"]["rows"], told["ensemble"]["value"]) == (ROWS, pytest.approx(rmse, rel=1e-4))


def test_the_test_value_stays_that_of_the_mean_that_did_not_see_the_rows(
    finalized: tuple[Place, str],
) -> None:
    place, _ = finalized
    (look,) = looks(place.study("one"))
    conclusion = _facts(place)["conclusion"]
    assert conclusion["test"]["value"] == look.value
    assert conclusion["ensemble"]["rows"] == ROWS - look.rows


def test_interrupted_the_same_command_goes_on(searched: Place, tmp_path: Path) -> None:
    command = f"finalize one --top 1 --seeds 2 --folds 4 --all-rows -o {tmp_path}/m.keras"

    def interrupt_on_all_rows(task: TrialTask) -> None:
        if task.fold is not None and task.fold.all_rows:
            raise KeyboardInterrupt

    searched.after = interrupt_on_all_rows
    first = searched(command)
    searched.after = searched.trained.append
    assert first.code == 130
    assert "--all-rows" in first.err
    assert not (tmp_path / "m.keras").exists()
    before = len(looks(searched.study("one")))
    searched.trained.clear()
    again = searched(command)
    assert again.code == 0, again.err
    assert len(looks(searched.study("one"))) == before
    assert all(task.fold is not None and task.fold.all_rows for task in searched.trained)
    assert json.loads((tmp_path / "m.json").read_text())["all_rows"] is True


def test_said_again_nothing_is_trained_and_no_fold_is_written(finalized: tuple[Place, str]) -> None:
    place, _ = finalized
    folds = sorted(_data(place).folder.glob(f"all-rows-fold-*-of-{FOLDS}/*"))
    written = [file.stat().st_mtime_ns for file in folds]
    place.trained.clear()
    again = place(f"finalize one --top 1 --seeds 2 --folds {FOLDS} -o {place.folder}/again.keras --all-rows")
    assert again.code == 0, again.err
    assert place.trained == []
    assert folds
    assert [file.stat().st_mtime_ns for file in folds] == written


def test_a_fold_of_all_rows_is_never_made_by_who_only_trains(searched: Place) -> None:
    with pytest.raises(DataError, match="finalize … --all-rows` writes them again"):
        fold_of(_data(searched), 0, 9, all_rows=True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            "--ensemble 2",
            "--all-rows: it trains the winner on folds of all rows, where --ensemble says seeds",
        ),
        (
            "--cluster tcp://127.0.0.1:1",
            "--all-rows and --cluster: the machines of a cluster have no test rows",
        ),
    ],
)
def test_what_has_no_folds_of_all_rows_is_refused(
    searched: Place, tmp_path: Path, options: str, said: str
) -> None:
    refused = searched(f"finalize one --top 1 --seeds 2 --all-rows {options} -o {tmp_path}/m.keras")
    assert refused.code == 2
    assert said in " ".join(refused.err.split())
    assert not (tmp_path / "m.keras").exists()
