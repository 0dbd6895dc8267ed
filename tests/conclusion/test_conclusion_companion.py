"""Trainings about a study, in a study beside it: more of them, failed ones, and other kinds of data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conclusion_calls import Place

from search.companion import Companion
from search.conclusion.confirmation.candidates import top_candidates
from search.conclusion.confirmation.finalizing import FinalizeOrder, check
from search.conclusion.confirmation.record import looks, read_conclusion
from search.conclusion.trainings import fresh_seeds
from search.creation import create_study
from search.errors import InputError
from search.workers.messages import TrialOutcome, TrialTask
from search.workers.trial import run_trial
from storage import StudyBusy, study_lock

SPACE = """
depth = 1
width = { low = 4, high = 16 }
learning_rate = { low = 0.001, high = 0.1, log = true }
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Studies of 200 rows: `quantity` minimises an error, `two-classes` maximises the area under the curve."""
    folder = tmp_path_factory.mktemp("companion")
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3)).astype(np.float32)
    y = 500 + 100 * np.tanh(x @ [1.0, -0.5, 0.25]) + random.normal(scale=5, size=200)
    np.savez(folder / "quantity.npz", x=x, y=y)
    np.savez(folder / "classes.npz", x=x, y=(y > 500).astype(int))
    (folder / "space.toml").write_text(SPACE)
    common = f"--space {folder}/space.toml --trials 3 --epochs 2 --pruner none --workers 1 --sampler random"
    made = Place(folder)
    assert made(f"run quantity --data {folder}/quantity.npz --task regression {common}").code == 0
    assert made(f"run two-classes --data {folder}/classes.npz --metric val_auc {common}").code == 0
    return made


def order(place: Place, **changes: int) -> FinalizeOrder:
    asked = FinalizeOrder(output=place.folder / "checked.keras", top=2, seeds=2, go_on="go on")
    return replace(asked, **changes)


def test_a_regression_is_confirmed_in_its_own_units(place: Place) -> None:
    done = place(f"finalize quantity --top 2 --seeds 2 -o {place.folder}/quantity.keras")
    assert done.code == 0, done.err
    conclusion = read_conclusion(place.study("quantity"))
    assert conclusion is not None
    assert conclusion.by_rows
    assert conclusion.standings[0].mean <= conclusion.standings[1].mean
    assert conclusion.test.interval is not None
    assert conclusion.test.interval[0] < (conclusion.test.value or 0.0) < conclusion.test.interval[1]
    assert set(conclusion.test.measured) == {"loss", "mae", "r2"}
    assert "of val_mae" in done.words


def test_a_metric_of_all_rows_together_is_compared_by_seeds_alone(place: Place) -> None:
    line = f"finalize two-classes --top 2 --seeds 2 --json -o {place.folder}/two.keras"
    facts = json.loads(place(line).out.splitlines()[-1])
    assert facts["event"] == "finalized"
    assert facts["by_rows"] is False
    assert facts["test"]["interval"] is None
    assert facts["test"]["value"] == facts["test"]["measured"]["auc"]


def test_more_seeds_and_candidates_add_trainings_to_those_that_are_there(place: Place) -> None:
    assert place(f"finalize quantity --top 2 --seeds 2 -o {place.folder}/before.keras").code == 0
    place.trained.clear()
    assert place(f"finalize quantity --top 3 --seeds 3 -o {place.folder}/more.keras").code == 0
    confirming = [task for task in place.trained if task.keep_scores]
    assert len(confirming) == 3 * 3 - 2 * 2
    assert len(looks(place.study("quantity"))) >= 2


def test_seeds_are_the_same_however_many_are_asked_for(place: Place) -> None:
    study = place.study("quantity")
    few, last = fresh_seeds(study, 3)
    more, same = fresh_seeds(study, 20)
    assert more[:3] == few
    assert last == same
    assert len({*more, last}) == 21


def test_a_candidate_that_fails_on_a_seed_is_not_compared(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained on the seed that it fails on in no other test: the fourth."""
    best = top_candidates(place.study("quantity"), 2)[0]

    def failing(task: TrialTask) -> TrialOutcome:
        planned = best.again.hyperparameters.model_dump_json()
        if task.keep_scores and task.hyperparameters == planned:
            return TrialOutcome("failed", reason="out of memory")
        return run_trial(task)

    monkeypatch.setattr("conclusion_calls.run_trial", failing)
    done = place(f"finalize quantity --top 2 --seeds 4 -o {place.folder}/failed.keras")
    assert done.code == 0, done.err
    assert f"Trial {best.number} was not compared: 1 of 4 seeds ended without a value: out of memory" in (
        done.words
    )
    assert "only candidate" in done.words


def test_what_is_about_an_earlier_study_of_the_name_is_refused(place: Place) -> None:
    quantity, other = place.study("quantity"), place.study("two-classes")
    companion = Companion(quantity, "finalize", "go on")
    assert companion.load() is not None
    strange = Companion(replace(other, name="quantity"), "finalize", "go on")
    with pytest.raises(
        InputError, match=r"is not about this study 'quantity'.*perceptuna delete quantity\.finalize"
    ):
        strange.load()


@pytest.mark.parametrize("name", ["quantity", "quantity.finalize"])
def test_a_study_that_is_driven_is_left_alone(place: Place, name: str) -> None:
    with study_lock(place.url, name), pytest.raises(StudyBusy, match=f"'{name}' is being driven"):
        check(place.study("quantity"), order(place))


def test_changed_data_is_refused(place: Place, tmp_path: Path) -> None:
    rows = place.folder / "classes.npz"
    kept = rows.read_bytes()
    try:
        np.savez(rows, x=np.zeros((100, 3), np.float32), y=np.arange(100) % 2)
        with pytest.raises(InputError, match="is not what the study was started with"):
            check(place.study("two-classes"), order(place))
    finally:
        rows.write_bytes(kept)


def test_the_best_configurations_are_taken_once_each(place: Place) -> None:
    study = place.study("quantity")
    assert [one.number for one in top_candidates(study, 2)] == [trial.number for trial in study.ranked()[:2]]
    assert len(top_candidates(study, 50)) == 3
    study.optuna.add_trial(study.ranked()[0])
    assert len(top_candidates(place.study("quantity"), 50)) == 3


def test_a_study_is_deleted_with_what_is_about_it(place: Place) -> None:
    like = place.study("quantity")
    doomed = create_study("doomed", place.url, like.settings, like.space, like.data)
    create_study("doomed.finalize", place.url, like.settings, like.space, like.data, about=doomed)
    gone = place("delete doomed --yes")
    assert gone.out.splitlines() == ["deleted study 'doomed.finalize'", "deleted study 'doomed'"]
    assert not {"doomed", "doomed.finalize"} & {row["study"] for row in json.loads(place("list --json").out)}
