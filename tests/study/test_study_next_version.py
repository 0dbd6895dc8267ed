"""A study's next version: trials of an earlier study that fit it come along, and it starts where that one ended."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.pruners import _filter_study
from optuna.trial import TrialState
from study_fakes import SPACE, FakeWorkers, Killed, complete, killed_before

from search.adoption import adopt, inherited, space_left_by
from search.analysis.leaderboard import leaderboard
from search.attempts import counts, next_original_number, original_number
from search.data import PreparedData
from search.driving.driver import Driver
from search.driving.progress import Progress, Tally
from search.errors import InputError
from search.history import history_csv
from search.origin import Adoption, origin_of, predecessor_of
from search.planned import (
    PlannedTrial,
    enqueue_planned,
    hyperparameters_of,
    limits_of,
    planned_of,
    what_it_is,
)
from search.settings import StudySettings
from search.strategy import bracket_in, build_pruner
from search.study import Study, attach_search, create_study, is_half_made, load_study, study_names
from search.workers.trial import StudyJob, TrialOutcome, TrialTask
from spaces import Hyperparameters, Space
from spaces.parameters import Categorical, Fixed, Float, Int
from storage import StorageURL, artifact_folder, open_artifacts, study_lock
from storage.artifacts import write_artifact

EPOCHS = 9
# `dropout` is gone, `depth` and `momentum` are new, `width` ends earlier.
NARROWER = Space(
    parameters={
        "depth": Int(low=1, high=3),
        "width": Int(low=4, high=32),
        "dropout": Fixed(value=0.0),
        "learning_rate": Float(low=1e-4, high=1e-1, log=True),
        "optimizer": Categorical(choices=("adam", "sgd")),
        "momentum": Float(low=0.8, high=0.99, when={"optimizer": ("sgd",)}),
    }
)
PLANNED = PlannedTrial(label="known", hyperparameters=Hyperparameters(width=16), epochs=4, patience=2)
CONFIGURATIONS = [  # width, dropout, value, last epoch of a pruned trial
    (8, 0.0, 0.60, None),
    (16, 0.0, 0.70, 3),
    (32, 0.0, 0.80, None),
    (64, 0.0, 0.90, None),  # too wide
    (8, 0.5, 0.85, 1),  # dropout
    (64, 0.5, 0.95, None),  # both
]


def told(study: Study, number: int, value: float, pruned_after: int | None) -> None:
    """Ends a trial as a driver does, with the attributes and the curve that a worker leaves."""
    trial = optuna.Trial(study.optuna, study.optuna.get_trials(deepcopy=False)[number]._trial_id)
    last = pruned_after or EPOCHS
    curve = [value * epoch / last for epoch in range(1, last + 1)]
    for epoch, at in enumerate(curve, start=1):
        trial.report(at, epoch)
    facts = {
        "epochs": last,
        "seed": 70 + number,
        "accuracy": value + 0.01,
        "val_accuracy": value,
        "gap": 0.01,
    }
    for key, fact in {**facts, "best_epoch": last, "parameters": 100 + number}.items():
        trial.set_user_attr(key, fact)
    # Of the loss, the best epoch is the second.
    losses = [2.0, 1.0, *(1.0 + 0.1 * epoch for epoch in range(1, EPOCHS))][:last]
    history = {"accuracy": curve, "val_accuracy": curve, "loss": losses, "val_loss": losses}
    store = open_artifacts(artifact_folder(study.url))
    entry = write_artifact(store, "history.csv", history_csv(history))
    study.storage.set_trial_attributes(trial._trial_id, {}, entry)
    if pruned_after:
        study.optuna.tell(number, state=TrialState.PRUNED)
    else:
        study.optuna.tell(number, value)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, digits: PreparedData) -> Path:
    """A folder with study `old`: trials 0 to 5 as in `CONFIGURATIONS`, 6 was planned, 7 failed, 8 waits."""
    folder = tmp_path_factory.mktemp("old")
    settings = StudySettings(trials=20, epochs=EPOCHS, sampler="random", seed=3, workers=1)
    url = StorageURL.parse(str(folder / "studies.db"))
    study = create_study("old", url, settings, SPACE, digits.spec, [PLANNED])
    for number, (width, dropout, value, pruned_after) in enumerate(CONFIGURATIONS):
        study.optuna.enqueue_trial({"width": width, "dropout": dropout, "learning_rate": 1e-3})
        SPACE.suggest(study.optuna.ask())
        told(study, number, value, pruned_after)
    enqueue_planned(study.optuna, study.space)
    SPACE.suggest(study.optuna.ask())
    told(study, 6, 0.65, None)
    SPACE.suggest(study.optuna.ask())
    study.optuna.tell(7, state=TrialState.FAIL)
    study.optuna.enqueue_trial({"width": 5})
    with study_lock(url, "old"):  # leaves the database as one file
        pass
    del study
    gc.collect()
    return folder


@pytest.fixture
def old(written: Path, tmp_path: Path) -> Study:
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    return load_study("old", StorageURL.parse(str(tmp_path / "studies.db")))


def adoption_of(old: Study, digits: PreparedData, space: Space = NARROWER, **changes: Any) -> Adoption:
    changes = {"metric": "val_accuracy", "allow_different": False, "data": digits.spec, **changes}
    asked = {name: changes.pop(name) for name in ("metric", "allow_different", "data")}
    return adopt(old, old.settings.model_copy(update=changes), space, **asked)


@pytest.fixture
def make(old: Study, digits: PreparedData) -> Callable[..., Study]:
    """The next version of `old`, as `run` makes it."""

    def version(name: str = "new", space: Space = NARROWER, **changes: Any) -> Study:
        adoption = adoption_of(old, digits, space, **changes)
        changes.pop("allow_different", None)
        settings = old.settings.model_copy(update={"trials": 5, **changes})
        create_study(name, old.url, settings, space, digits.spec, adoption=adoption)
        return load_study(name, old.url)

    return version


def drive(study: Study, digits: PreparedData, play: Callable[[TrialTask], TrialOutcome]) -> FakeWorkers:
    settings = study.settings
    tally = Tally(study.name, "", study.metric, study.direction, settings.trials)
    job = StudyJob(study.name, study.url.full, study.metric, settings.model_dump_json(), digits.folder, "")
    workers = FakeWorkers(1, play)
    Driver(attach_search(study, settings), settings, job, workers, Progress(tally)).run()  # type: ignore[arg-type]
    return workers


class TestWhichTrials:
    def test_those_that_fit_are_rewritten_for_the_new_space(self, make: Callable[..., Study]) -> None:
        new = make()
        first, pruned, third, planned = new.optuna.trials
        assert [trial.state.name for trial in new.optuna.trials] == [
            "COMPLETE",
            "PRUNED",
            "COMPLETE",
            "COMPLETE",
        ]
        assert first.params == {"depth": 2, "width": 8, "learning_rate": 1e-3, "optimizer": "adam"}
        assert hyperparameters_of(NARROWER, first) == Hyperparameters(width=8)
        assert [first.value, pruned.value, third.value] == pytest.approx([0.60, 0.70, 0.80])
        assert planned_of(planned) == PLANNED
        asked = new.optuna.ask()
        new.space.suggest(asked)
        known = {**third.distributions, "momentum": asked.distributions.get("momentum")}
        assert asked.distributions == {name: known[name] for name in asked.distributions}

    def test_values_attributes_and_times_are_kept_and_artifacts_are_not(
        self, old: Study, make: Callable[..., Study]
    ) -> None:
        before, after = old.optuna.trials[1], make().optuna.trials[1]
        assert after.intermediate_values == before.intermediate_values
        assert (after.datetime_start, after.datetime_complete) == (
            before.datetime_start,
            before.datetime_complete,
        )
        assert before.user_attrs.items() <= after.user_attrs.items()
        assert not [key for key in after.system_attrs if key.startswith("artifacts")]

    def test_each_says_where_it_came_from(self, make: Callable[..., Study]) -> None:
        new = make()
        assert [(origin.study, origin.trial) for origin in map(origin_of, new.optuna.trials) if origin] == [
            ("old", 0),
            ("old", 1),
            ("old", 2),
            ("old", 6),
        ]
        assert what_it_is(NARROWER, new.optuna.trials[0]) == "trial 0 of old: 8-8 relu, adam 1e-3, batch 64"
        assert what_it_is(NARROWER, new.optuna.trials[3]).startswith("trial 6 of old: known: 16-16 relu")
        assert leaderboard(new)[0].what.startswith("trial 2 of old: 32-32 relu")
        assert limits_of(new.optuna.trials[0], new.settings) == (EPOCHS, 10)
        assert limits_of(new.optuna.trials[3], new.settings) == (4, 2)

    def test_the_others_are_counted_by_reason(self, old: Study, digits: PreparedData) -> None:
        assert adoption_of(old, digits).remarks == [
            "space, from study 'old' to this one:",
            "  depth: new",
            "  width: high 64 -> 32",
            "  dropout: range 0 to 0.5 -> fixed at 0",
            "  optimizer: new",
            "  momentum: new",
            "4 of the 7 trials of study 'old' come along; they do not count toward the budget, and their models and "
            "learning curves stay there",
            "3 do not fit this study:",
            "  2 × width: must be within 4 to 32",
            "  2 × dropout: must be within 0",
        ]

    def test_what_is_new_must_be_able_to_be_the_default(self, old: Study, digits: PreparedData) -> None:
        deeper = NARROWER.model_copy(
            update={"parameters": {**NARROWER.parameters, "depth": Int(low=3, high=5)}}
        )
        with pytest.raises(InputError) as refused:
            adoption_of(old, digits, deeper)
        first, *reasons = str(refused.value).splitlines()
        assert first.startswith(
            "--from: none of the 7 trials of study 'old' fits this study; widen its space"
        )
        assert reasons[0] == "  7 × depth: must be within 3 to 5"

    def test_of_a_version_of_a_version_the_first_origin_is_kept(
        self, make: Callable[..., Study], digits: PreparedData
    ) -> None:
        adoption = adoption_of(make("second"), digits)
        assert [origin_of(trial).study for trial in adoption.trials] == ["old"] * 4  # type: ignore[union-attr]
        assert adoption.predecessor.study == "second"
        assert adoption.predecessor.numbers == 9

    def test_a_study_without_trained_trials_is_refused(self, old: Study, digits: PreparedData) -> None:
        empty = create_study("empty", old.url, StudySettings(), SPACE, digits.spec)
        with pytest.raises(
            InputError, match="expected a study with complete or pruned trials, but 'empty' has none"
        ):
            adoption_of(empty, digits)

    def test_the_earlier_study_may_be_running(self, old: Study, make: Callable[..., Study]) -> None:
        before = old.optuna.get_trials()
        with study_lock(old.url, "old"):
            make()
        assert load_study("old", old.url).optuna.get_trials() == before


class TestGoingOn:
    def test_the_budget_counts_new_trials_alone(
        self, make: Callable[..., Study], digits: PreparedData
    ) -> None:
        new = make()
        assert new.finished() == []
        workers = drive(new, digits, complete)
        assert len(workers.tasks) == 5 == len(new.finished())
        assert [counts(trial) for trial in new.optuna.trials] == [False] * 4 + [True] * 5

    def test_numbers_go_on_behind_the_earlier_study_so_that_nothing_is_drawn_twice(
        self, old: Study, make: Callable[..., Study], digits: PreparedData
    ) -> None:
        again = make("again", SPACE)
        assert next_original_number(again.optuna) == 9 == next_original_number(old.optuna)
        drive(again, digits, complete)
        assert [original_number(trial) for trial in again.optuna.trials] == [*range(7), *range(9, 14)]
        drive(old, digits, complete)
        drawn = [trial.params for trial in load_study("old", old.url).optuna.trials[9:14]]
        assert [trial.params for trial in again.optuna.trials[7:]] == drawn

    def test_a_resumed_version_goes_on_where_it_was(
        self, make: Callable[..., Study], digits: PreparedData
    ) -> None:
        new = make(trials=2)
        drive(new, digits, complete)
        assert next_original_number(new.optuna) == 11

    def test_the_sampler_knows_them(self, make: Callable[..., Study]) -> None:
        new = make(sampler="tpe", pruner="hyperband")
        searched = attach_search(new, new.settings).optuna
        asked = searched.ask()
        known = _filter_study(searched, searched.get_trials()[asked.number]).get_trials()
        assert [trial.number for trial in known] == [0, 1, 2, 3, 4]

    def test_what_was_planned_and_came_along_is_not_run_again(self, old: Study, digits: PreparedData) -> None:
        other = PlannedTrial(label="other", hyperparameters=Hyperparameters(width=20))
        adoption = adoption_of(old, digits)
        create_study("new", old.url, old.settings, NARROWER, digits.spec, [PLANNED, other], adoption=adoption)
        new = load_study("new", old.url)
        enqueue_planned(new.optuna, new.space)
        enqueue_planned(new.optuna, new.space)
        waiting = new.optuna.get_trials(states=(TrialState.WAITING,))
        assert [planned_of(trial) for trial in waiting] == [other]
        assert [original_number(trial) for trial in waiting] == [9]

    def test_a_kill_at_any_write_leaves_what_run_makes_anew(
        self, old: Study, make: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = 8  # what comes before is as without --from
        while True:
            with monkeypatch.context() as patch:
                killed_before(write, patch)
                try:
                    make()
                    break
                except Killed:
                    write += 1
            assert is_half_made("new", old.url) == ("new" in study_names(old.url))
        assert write > 13
        new = load_study("new", old.url)
        assert len(new.optuna.trials) == 4
        assert predecessor_of(new.optuna) is not None
        assert not is_half_made("new", old.url)


class TestPruning:
    """First rung at epoch 1, then 3; the third is the last epoch."""

    def test_new_trials_are_compared_with_those_that_came_along(self, make: Callable[..., Study]) -> None:
        new = make(pruner="asha")
        assert [rungs(trial) for trial in new.optuna.trials] == [
            pytest.approx([0.6 / 9, 0.2]),
            pytest.approx([0.7 / 3, 0.7]),
            pytest.approx([0.8 / 9, 0.8 / 3]),
            pytest.approx([0.65 / 9, 0.65 / 3]),
        ]
        new.optuna.pruner = build_pruner(new.settings)
        for value, hopeless in ((0.08, True), (0.2, False)):
            trial = new.optuna.ask()
            trial.report(value, 1)
            assert trial.should_prune() is hopeless

    def test_hyperband_compares_each_in_the_bracket_that_it_was_in(
        self, old: Study, make: Callable[..., Study]
    ) -> None:
        new = make(pruner="hyperband")
        pruners = build_pruner(old.settings), build_pruner(new.settings)
        before = [bracket_in(pruners[0], old.optuna, old.optuna.trials[number]) for number in (0, 1, 2, 6)]
        after = [bracket_in(pruners[1], new.optuna, trial) for trial in new.optuna.trials]
        assert before == after
        assert len(set(before)) > 1
        for trial, bracket in zip(new.optuna.trials, after, strict=True):
            assert len(rungs(trial)) == max(0, 2 - int(bracket or 0))

    def test_after_another_pruner_they_are_in_the_first_bracket(
        self, old: Study, digits: PreparedData
    ) -> None:
        old.settings.__dict__["pruner"] = "median"
        origins = [origin_of(trial) for trial in adoption_of(old, digits, pruner="hyperband").trials]
        assert [origin.bracket for origin in origins if origin] == [0, 0, 0, 0]


def rungs(trial: optuna.trial.FrozenTrial) -> list[float]:
    return [value for key, value in sorted(trial.system_attrs.items()) if key.startswith("completed_rung_")]


class TestDifferences:
    def test_other_data_another_metric_and_other_epochs_are_refused_with_what_differs(
        self, old: Study, digits: PreparedData
    ) -> None:
        other = digits.spec.model_copy(update={"fingerprint": "f" * 64, "seed": 4})
        with pytest.raises(InputError) as refused:
            adoption_of(old, digits, data=other, metric="val_loss", epochs=30)
        first, *lines = str(refused.value).splitlines()
        assert first.startswith("--from: values of study 'old' are not comparable with those of this study; ")
        assert "--allow-different" in first
        assert lines == [
            "  data: seed: 0 -> 4",
            "  data: the content of digits is not that of digits when this was prepared",
            "  metric: val_accuracy -> val_loss",
            "  epochs: 9 -> 30",
        ]

    def test_of_another_metric_values_are_read_from_the_learning_curves(
        self, make: Callable[..., Study]
    ) -> None:
        new = make(metric="val_loss", allow_different=True, pruner="asha")
        assert new.direction == "minimize"
        first, pruned, *_ = new.optuna.trials
        assert first.value == 1.0
        assert rungs(first) == [2.0, 1.0]  # of the epochs 2.0, 1.0, 1.1 the best so far
        assert pruned.value == pytest.approx(1.1)
        assert list(first.intermediate_values.values())[:3] == pytest.approx([2.0, 1.0, 1.1])
        assert (first.user_attrs["best_epoch"], first.user_attrs["val_loss"]) == (2, 1.0)
        assert what_it_is(NARROWER, first).startswith("trial 0 of old, other metric: ")

    def test_a_trial_whose_curve_is_lost_has_no_other_metric(self, old: Study, digits: PreparedData) -> None:
        for file in artifact_folder(old.url).iterdir():
            file.unlink()
        with pytest.raises(InputError, match="7 × no learning curve of val_loss was kept"):
            adoption_of(old, digits, metric="val_loss", allow_different=True)

    def test_of_other_epochs_no_pruner_compares(self, old: Study, make: Callable[..., Study]) -> None:
        new = make(epochs=27, allow_different=True)
        for trial in new.optuna.trials:
            assert trial.intermediate_values == {}
            assert rungs(trial) == []
        assert new.optuna.trials[0].value == 0.60
        assert limits_of(new.optuna.trials[0], new.settings) == (EPOCHS, 10)
        assert predecessor_of(new.optuna).different == ("epochs",)  # type: ignore[union-attr]

    def test_a_change_that_matters_less_is_told(self, old: Study, digits: PreparedData) -> None:
        remarks = adoption_of(old, digits, patience=4).remarks
        assert remarks[-1] == "note: trials of study 'old' had patience 10, here it is 4"


class TestSettings:
    def test_those_of_the_earlier_study_hold_but_for_what_it_has_carried_out(self, old: Study) -> None:
        before = old.settings.model_copy(update={"timeout": 60.0, "baselines": "cifar10_mlp"})
        old.__dict__["settings"] = before
        settings = inherited(old)
        assert (settings["seed"], settings["epochs"], settings["trials"]) == (3, EPOCHS, 20)
        assert not {"timeout", "baselines", "allow_outside"} & settings.keys()

    def test_its_own_copy_of_a_space_is_used_where_the_file_is_gone(self, old: Study, tmp_path: Path) -> None:
        gone = old.settings.model_copy(update={"space": str(tmp_path / "gone.toml")})
        assert space_left_by(old, old.settings) is None  # a preset
        assert space_left_by(old, gone) is None  # another one was named, which is then reported
        old.__dict__["settings"] = gone
        assert space_left_by(old, gone) == SPACE


def test_what_is_kept_is_json(make: Callable[..., Study]) -> None:
    new = make()
    assert json.loads(new.optuna.user_attrs["continues"]) == {
        "study": "old",
        "trials": 4,
        "of": 7,
        "numbers": 9,
        "different": [],
    }
