"""Trainings about a study, in a study beside it: more of them, failed ones, and other kinds of data."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conclusion_calls import Place

from search.conclusion.ablation import ablating
from search.conclusion.ablation.factors import variations
from search.conclusion.companion import Companion
from search.conclusion.confirmation.candidates import top_candidates
from search.conclusion.confirmation.finalize_order import FinalizeOrder, check
from search.conclusion.confirmation.record import read_conclusion
from search.conclusion.trainings import Purpose, fresh_seeds
from search.driving.note import note_text
from search.errors import InputError
from search.study.creation import create_study
from search.study.record_of_looks import by_others, looks, new_look, record_look
from search.study.study import delete_study
from search.training.memory import idle_worker_bytes, training_bytes
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
    assert set(conclusion.test.measured) == {"loss", "rmse", "mae", "r2", "median_error", "mape"}
    assert "of val_rmse" in done.words


def test_a_metric_of_all_rows_together_is_compared_by_seeds_alone(place: Place) -> None:
    line = f"finalize two-classes --top 2 --seeds 2 --json -o {place.folder}/two.keras"
    facts = json.loads(place(line).out.splitlines()[-1])
    assert facts["event"] == "finalized"
    assert facts["by_rows"] is False
    assert facts["test"]["interval"] is None
    assert facts["test"]["value"] == facts["test"]["measured"]["auc"]


def test_a_regression_has_no_probabilities_to_calibrate(place: Place) -> None:
    refused = place(f"export quantity --calibrate -o {place.folder}/calibrated.keras")
    assert (refused.code, refused.err.count("is a regression, which answers no probabilities")) == (2, 1)
    assert not (place.folder / "calibrated.keras").exists()


def test_more_seeds_and_candidates_add_trainings_to_those_that_are_there(place: Place) -> None:
    assert place(f"finalize quantity --top 2 --seeds 2 -o {place.folder}/before.keras").code == 0
    place.trained.clear()
    assert place(f"finalize quantity --top 3 --seeds 3 -o {place.folder}/more.keras").code == 0
    confirming = [task for task in place.trained if task.keep_scores]
    assert len(confirming) == 3 * 3 - 2 * 2
    tested = [look.trained for look in looks(place.study("quantity"))]
    assert len(tested) == len(set(tested)) >= 1


def test_seeds_are_the_same_however_many_are_asked_for(place: Place) -> None:
    study = place.study("quantity")
    few, more = (fresh_seeds(study, Purpose.CONFIRMATION, count) for count in (3, 20))
    assert more[:3] == few
    # What an ablation showed on some seeds is confirmed on others, and tested on yet another.
    of_all = [seed for purpose in Purpose for seed in fresh_seeds(study, purpose, 20)]
    assert len(set(of_all)) == 60


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

    monkeypatch.setattr("workers_here.run_trial", failing)
    done = place(f"finalize quantity --top 2 --seeds 4 -o {place.folder}/failed.keras")
    assert done.code == 0, done.err
    assert f"Trial {best.number} was not compared: 1 of 4 seeds ended without a value: out of memory" in (
        done.words
    )
    assert "only candidate" in done.words


def test_what_failed_is_tried_again_by_the_same_command(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine is too small at first, then for the last training alone, and then it is not."""
    how = f"--space {place.folder}/space.toml --trials 2 --epochs 2 --pruner none --sampler random"
    assert place(f"run unlucky --data {place.folder}/classes.npz --test-fraction 0.1 {how}").code == 0
    command = f"finalize unlucky --top 2 --seeds 2 --ensemble 1 -o {place.folder}/unlucky.keras"

    def failing(task: TrialTask) -> TrialOutcome:
        return TrialOutcome("failed", reason="its worker died twice")

    def failing_at_last(task: TrialTask) -> TrialOutcome:
        return failing(task) if task.keep_model else run_trial(task)

    ended = []
    for played in (failing, failing_at_last, run_trial):
        monkeypatch.setattr("workers_here.run_trial", played)
        place.trained.clear()
        outcome = place(command)
        ended.append((outcome.code, len(place.trained)))
        if played is not run_trial:
            assert "its worker died twice" in outcome.err
            assert "The same command tries" in outcome.err
    assert ended == [(1, 4), (1, 5), (0, 1)]
    assert read_conclusion(place.study("unlucky")) is not None
    monkeypatch.setattr("workers_here.run_trial", failing)
    stopped = place(command.replace("--seeds 2", "--seeds 5").replace("unlucky.keras", "unlucky-more.keras"))
    assert stopped.code == 1
    assert "the first 5 trials all failed for one reason: its worker died twice" in stopped.err
    again = "the same command tries the others again: perceptuna finalize unlucky --top 2 --seeds 5"
    assert again in stopped.err


def test_what_is_too_large_for_the_memory_is_not_compared_and_nothing_comes_in_its_place(
    place: Place,
) -> None:
    study = place.study("quantity")
    by_size = sorted(
        (training_bytes(one.again.hyperparameters, study.data), one.number)
        for one in top_candidates(study, 2)
    )
    limit = idle_worker_bytes(study.data) + (by_size[0][0] + by_size[1][0]) // 2
    settings = study.settings.model_copy(update={"memory_limit": limit})
    copied = create_study("tight", place.url, settings, study.space, study.data)
    copied.optuna.add_trials([trial.optuna for trial in study.ranked()[:2]])
    command = "finalize tight --top 2 --seeds 2 --ensemble 1 -o"
    done = place(f"{command} {place.folder}/tight.keras")
    assert done.code == 0, done.err
    larger = next(trial for trial in copied.ranked() if trial.params == study.trial(by_size[1][1]).params)
    assert f"Trial {larger.number} was not compared: 2 of 2 seeds ended without a value: needs" in done.words
    trials = place.study("tight.finalize").trials()
    assert all(trial.planned for trial in trials)
    assert len(trials) == 5
    roomy = settings.model_copy(update={"memory_limit": None})
    copied.optuna.set_user_attr("settings", roomy.model_dump_json())
    assert "not compared" not in place(f"{command} {place.folder}/roomy.keras").words


def test_what_an_earlier_study_trained_longer_is_confirmed_as_long(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ablating, "variations", lambda *given: variations(*given)[:1])
    line = f"run shorter --from quantity --epochs 1 --allow-different --trials 1 --data {place.folder}/quantity.npz"
    assert place(line).code == 0
    place.trained.clear()
    done = place("ablate shorter --trial 0 --seeds 2")
    assert done.code == 0, done.err
    assert {task.epochs for task in place.trained} == {2}
    # It is ablated where it is named. It is no candidate: its value had more epochs to come about.
    study = place.study("shorter")
    longer = {trial.number for trial in study.not_comparable()}
    assert 0 in longer
    assert longer.isdisjoint(trial.number for trial in study.ranked())


def test_its_own_command_goes_on_with_it_and_no_search(place: Place) -> None:
    command = f"finalize quantity --top 1 --seeds 6 -o {place.folder}/only.keras"
    assert place(command).code == 0
    refused = place("resume quantity.finalize --add 5")
    assert refused.code == 2
    assert (
        "is about study 'quantity' and no search of its own; go on with it by `perceptuna finalize quantity"
        in (refused.err)
    )
    refused = place("predict quantity.finalize quantity.npz -o -")
    assert refused.code == 2
    assert "is about study 'quantity', and none of its models is the best: name that study" in refused.err
    companion = place.study("quantity.finalize")
    assert f"perceptuna finalize quantity --top 1 --seeds 6 -o {place.folder}/only.keras" in companion.go_on
    assert companion.go_on in note_text(companion, None)
    assert "--add" not in note_text(companion, None)


def test_a_test_split_of_another_target_is_another(place: Place) -> None:
    like = place.study("two-classes")
    for name, target in (("sex", "sex"), ("species", "species"), ("again", "sex")):
        spec = like.data.model_copy(update={"target": target, "fingerprint": "table"})
        create_study(name, place.url, like.settings, like.space, spec)
    sex = place.study("sex")
    record_look(sex, "a model", new_look(sex, sex, trial=0, trained=0))
    assert by_others(place.study("again"), looks(place.study("again"))) == {"sex": 1}
    assert looks(place.study("species")) == []
    for name in ("sex", "species", "again"):
        delete_study(place.study(name))


def test_what_is_about_an_earlier_study_of_the_name_is_refused(place: Place) -> None:
    quantity, other = place.study("quantity"), place.study("two-classes")
    companion = Companion(quantity, "finalize", "go on")
    assert companion.load() is not None
    strange = Companion(replace(other, name="quantity"), "finalize", "go on")
    with pytest.raises(
        InputError, match=r"is not about this study 'quantity'.*perceptuna delete quantity\.finalize"
    ):
        strange.load()


def test_it_is_about_the_same_study_in_another_time_zone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for zone in ("Asia/Tokyo", "America/Lima"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert Companion(place.study("quantity"), "finalize", "go on").load() is not None
    monkeypatch.undo()
    time.tzset()


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
    study.optuna.add_trial(study.ranked()[0].optuna)
    assert len(top_candidates(place.study("quantity"), 50)) == 3


def test_a_study_is_deleted_with_what_is_about_it(place: Place) -> None:
    like = place.study("quantity")
    doomed = create_study("doomed", place.url, like.settings, like.space, like.data)
    create_study("doomed.finalize", place.url, like.settings, like.space, like.data, about=doomed)
    gone = place("delete doomed --yes")
    assert gone.out.splitlines() == ["deleted study 'doomed.finalize'", "deleted study 'doomed'"]
    assert not {"doomed", "doomed.finalize"} & {row["study"] for row in json.loads(place("list --json").out)}
