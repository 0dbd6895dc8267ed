"""`run --folds`: a trial is judged by its mean over folds, and what the other commands make of such a study."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import fmean

import keras
import numpy as np
import pandas as pd
import pytest
from conclusion_calls import Killed, Outcome, Place

from search.data import DataSpec, NumberColumn, PreparedData, fitted_fold, raw_inputs
from search.models.replay import replay
from search.study.data_cache import prepare_data
from search.study.history import best_epochs_on_folds, history_of
from search.workers.messages import TrialTask

FOLDS, ROWS = 3, 90
SETTINGS = f"--space small --no-known --trials 3 --epochs 3 --pruner none --workers 1 --folds {FOLDS}"


@dataclass(frozen=True)
class Searched:
    """A study of folds of a table, killed after its first trial was trained and gone on with."""

    place: Place
    killed: Outcome
    done: Outcome

    @property
    def data(self) -> PreparedData:
        return prepare_data(self.place.study("one").settings)

    @property
    def rows(self) -> pd.DataFrame:
        return pd.read_csv(self.place.folder / "prices.csv")


def _kill(task: TrialTask) -> None:
    raise Killed


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    folder = tmp_path_factory.mktemp("folds")
    random = np.random.default_rng(0)
    area = random.uniform(50, 150, ROWS)
    town = [*random.choice(["old", "new"], ROWS - 1), "alone"]
    table = pd.DataFrame({"area": area, "town": town, "price": np.sin(area / 9)})
    table.to_csv(folder / "prices.csv", index=False)
    place = Place(folder)
    count, place.after = place.after, _kill
    killed = place(f"run one --data {folder}/prices.csv --target price {SETTINGS}")
    place.after = count
    return Searched(place, killed, place("resume one"))


def test_a_trial_is_worth_the_mean_of_its_folds(searched: Searched) -> None:
    assert searched.done.code == 0, searched.done.err
    for trial in searched.place.study("one").ranked():
        assert sorted(trial.intermediate_values) == [1, 2, 3]
        assert trial.value == pytest.approx(fmean(trial.intermediate_values.values()))
        assert trial.at_best("val_rmse") == trial.value
        assert (trial.epochs, trial.best_epoch) == (9, None)


def test_a_killed_study_goes_on_and_every_trial_is_whole(searched: Searched) -> None:
    study = searched.place.study("one")
    assert searched.killed.code is None
    assert len(study.finished()) == 3
    assert sum(trial.requeued is not None for trial in study.trials()) == 1
    assert {trial.original for trial in study.finished()} == {0, 1, 2}


def test_show_says_what_judges(searched: Searched) -> None:
    rows = searched.data.spec.rows
    shown = searched.place("show one").words
    assert (
        f"mean over {FOLDS} folds of the {rows.train + rows.validation} training and validation rows" in shown
    )
    best = searched.place.study("one").ranked()[0]
    facts = json.loads(searched.place(f"show one --trial {best.number} --json").out)
    assert fmean(facts["values_by_fold"].values()) == pytest.approx(facts["value"])
    assert len(facts["history"]["val_loss"]) == 3
    assert "by fold" in searched.place(f"show one --trial {best.number}").out
    assert json.loads(searched.place("show one --json").out)["settings"]["folds"] == FOLDS


def test_the_model_is_the_mean_of_the_folds_and_each_judged_rows_that_it_had_not_seen(
    searched: Searched,
) -> None:
    place, study = searched.place, searched.place.study("one")
    assert place(f"export one --no-refit -o {place.folder}/m.keras").code == 0
    facts = json.loads((place.folder / "m.json").read_text())
    best = study.ranked()[0]
    assert facts["folds"]["values"] == [*best.intermediate_values.values()]
    model = keras.models.load_model(place.folder / "m.keras")
    answers = np.asarray(model(raw_inputs(dict(searched.rows), study.data)))
    members = []
    for number in range(FOLDS):
        fold = fitted_fold(searched.data, number, FOLDS)
        member = model.get_layer(f"fold_{number + 1}")
        members.append(np.asarray(member(raw_inputs(dict(searched.rows), fold.spec))))
        x, y = fold.validation()
        inner = next(layer for layer in member.layers if isinstance(layer, keras.Model))
        rmse = fold.spec.target_std * np.sqrt(np.mean((np.asarray(inner(np.asarray(x)))[:, 0] - y) ** 2))
        assert rmse == pytest.approx(best.intermediate_values[number + 1], rel=1e-4)
    assert answers == pytest.approx(np.mean(members, axis=0))


def test_exported_is_a_mean_of_networks_that_all_rows_of_the_folds_trained(searched: Searched) -> None:
    place, study = searched.place, searched.place.study("one")
    done = place(f"export one -o {place.folder}/refit.keras")
    assert done.code == 0, done.err
    best, spec = study.ranked()[0], searched.data.spec
    rows = spec.rows.train + spec.rows.validation
    epochs = round(fmean(best_epochs_on_folds(study, best)))
    assert f"on all {rows} rows of its folds, on {FOLDS} seeds, for {epochs} epoch" in done.words
    assert "--no-refit writes that mean" in done.words
    facts = json.loads((place.folder / "refit.json").read_text())
    assert facts["refit"] == {"networks": FOLDS, "rows": rows, "epochs": epochs}
    assert facts["data"]["rows"] == {"train": rows, "validation": 0, "test": spec.rows.test}
    # Prepared by all of them: the mean of the areas is that of the rows that are not sealed.
    fitted = DataSpec.model_validate(facts["data"])
    (area,) = (one for one in fitted.columns if isinstance(one, NumberColumn))
    folds = [fitted_fold(searched.data, number, FOLDS).spec for number in range(FOLDS)]
    assert area.mean not in [
        one.mean for fold in folds for one in fold.columns if isinstance(one, NumberColumn)
    ]
    network = keras.models.load_model(place.folder / "refit.keras").get_layer("ensemble")
    answers = [
        np.asarray(network.get_layer(f"member_{number}")(np.zeros((1, fitted.input_shape[0]), np.float32)))
        for number in range(1, FOLDS + 1)
    ]
    assert len({float(answer[0, 0]) for answer in answers}) == FOLDS
    # Intervals are of rows that the networks of the folds had not seen; what it goes by can be told.
    assert facts["intervals"]["rows"] == rows
    judged = place(f"evaluate {place.folder}/refit.keras {place.folder}/prices.csv --json")
    assert judged.code == 0, judged.err
    assert "explanation" in json.loads(judged.out)


def test_without_its_rows_the_mean_of_the_folds_is_exported_and_said(searched: Searched) -> None:
    place = searched.place
    table, away = place.folder / "prices.csv", place.folder / "away.csv"
    table.rename(away)
    try:
        done = place(f"export one -o {place.folder}/mean.keras --force")
        refused = place(f"export one --refit -o {place.folder}/none.keras")
    finally:
        away.rename(table)
    assert done.code == 0, done.err
    assert "the mean of the folds' networks is written" in done.words
    assert "refit" not in json.loads((place.folder / "mean.json").read_text())
    assert refused.code == 2
    assert not (place.folder / "none.keras").exists()


def test_another_trial_is_trained_again_on_its_folds(searched: Searched) -> None:
    place, study = searched.place, searched.place.study("one")
    last = study.ranked()[-1]
    again = replay(study, last.number)
    # The threads of this process add in an order of their own.
    assert again.now == pytest.approx(again.then, rel=1e-5)
    assert again.step == "fold"
    assert place(f"export one --trial {last.number} -o {place.folder}/last.keras").code == 0
    answered = place(
        f"predict {place.folder}/last.keras {place.folder}/prices.csv -o {place.folder}/answers.csv --force"
    )
    assert answered.code == 0, answered.err
    assert len(pd.read_csv(place.folder / "answers.csv")) == ROWS
    judged = place(f"evaluate one {place.folder}/prices.csv --json")
    assert judged.code == 0, judged.err
    assert "explanation" not in json.loads(judged.out)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("export one --ensemble 2 -o {}/no.keras", "--ensemble: a model of study 'one' is the mean of the networks"),
        ("export one --calibrate -o {}/no.keras", "--calibrate: "),
        ("show one --model", "all of the study's rows but the test rows have trained some of them"),
        ("plan one --trials 9", "plan: a study of folds cannot be forecast yet"),
        ("run two --from one --folds 4", "folds: 3 -> 4"),
    ],
)  # fmt: skip
def test_what_is_about_one_network_or_one_split_is_refused(
    searched: Searched, command: str, said: str
) -> None:
    place = searched.place
    refused = place(command.format(place.folder))
    assert refused.code == 2
    assert said in " ".join(refused.err.split())
    assert not (place.folder / "no.keras").exists()


def test_the_next_version_takes_trials_of_the_same_folds(searched: Searched) -> None:
    assert searched.place("run next --from one --trials 1").code == 0
    adopted = [trial for trial in searched.place.study("next").trials() if trial.is_adopted]
    assert [len(trial.intermediate_values) for trial in adopted] == [FOLDS] * 3


def test_it_is_finalized_as_any_other(searched: Searched) -> None:
    place = searched.place
    done = place(f"finalize one --top 1 --seeds 2 --folds 2 -o {place.folder}/final.keras")
    assert done.code == 0, done.err
    assert place.study("one.finalize").settings.folds is None


def test_a_report_is_written(searched: Searched) -> None:
    done = searched.place(f"report one -o {searched.place.folder}/page.html")
    assert done.code == 0, done.err
    assert history_of(searched.place.study("one"), searched.place.study("one").ranked()[0])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--folds 1", "--folds: expected"),
        ("--folds 3 --time area", "--folds and --time: rows in the order of time have one past"),
        ("--folds 3 --pruner median", "--folds and --pruner median"),
        ("--folds 3 --cluster tcp://127.0.0.1:1", "--folds and --cluster"),
        ("--folds 3 --group town", "--folds: the rows cannot be cut into 3: they are of "),
    ],
)
def test_folds_that_cannot_be_are_refused(searched: Searched, options: str, said: str) -> None:
    place = searched.place
    refused = place(f"run no --data {place.folder}/prices.csv --target price --trials 1 {options}")
    assert refused.code == 2, refused.err
    assert said in " ".join(refused.err.split())
    assert "no study 'no'" in " ".join(place("show no").err.split())


def test_small_tables_are_told_what_folds_would_buy(searched: Searched) -> None:
    place = searched.place
    said = place(
        f"run split --data {place.folder}/prices.csv --target price --no-known --trials 1 --epochs 1"
    )
    rows = searched.data.spec.rows
    told = f"on {rows.validation} rows alone; --folds 5 compares them on {rows.train + rows.validation}"
    assert told in " ".join((said.out + said.err).split())
    refused = place(f"export split --refit -o {place.folder}/no.keras")
    assert (refused.code, (place.folder / "no.keras").exists()) == (2, False)
    assert "--refit: study 'split' has one split" in " ".join(refused.err.split())
