"""Trials of an earlier study that fit a new one come along, as trials of the new one; the others are counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from earlier_study import EPOCHS, NARROWER, PLANNED, adoption_of, rungs
from study_fakes import SPACE

from search.analysis.facts.leaderboard import leaderboard
from search.data import PreparedData
from search.errors import InputError
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.study import Study, load_study
from search.study.trial_record import trial_record
from search.versions.adoption import inherited, space_left_by
from spaces import Hyperparameters
from spaces.parameters import Int
from storage import artifact_folder, study_lock


class TestWhichTrials:
    def test_those_that_fit_are_rewritten_for_the_new_space(self, next_version: Callable[..., Study]) -> None:
        new = next_version()
        first, pruned, third, planned = new.optuna.trials
        assert [trial.state.name for trial in new.optuna.trials] == [
            "COMPLETE",
            "PRUNED",
            "COMPLETE",
            "COMPLETE",
        ]
        assert first.params == {"depth": 2, "width": 8, "learning_rate": 1e-3, "optimizer": "adam"}
        assert trial_record(first).hyperparameters(NARROWER) == Hyperparameters(width=8)
        assert [first.value, pruned.value, third.value] == pytest.approx([0.60, 0.70, 0.80])
        assert trial_record(planned).planned == PLANNED
        asked = new.optuna.ask()
        new.space.suggest(asked)
        known = {**third.distributions, "momentum": asked.distributions.get("momentum")}
        assert asked.distributions == {name: known[name] for name in asked.distributions}

    def test_values_attributes_and_times_are_kept_and_artifacts_are_not(
        self, old: Study, next_version: Callable[..., Study]
    ) -> None:
        before, after = old.optuna.trials[1], next_version().optuna.trials[1]
        assert after.intermediate_values == before.intermediate_values
        assert (after.datetime_start, after.datetime_complete) == (
            before.datetime_start,
            before.datetime_complete,
        )
        assert before.user_attrs.items() <= after.user_attrs.items()
        assert not [key for key in after.system_attrs if key.startswith("artifacts")]

    def test_each_says_where_it_came_from(self, next_version: Callable[..., Study]) -> None:
        new = next_version()
        assert [
            (origin.study, origin.trial) for origin in (one.adopted for one in new.trials()) if origin
        ] == [
            ("old", 0),
            ("old", 1),
            ("old", 2),
            ("old", 6),
        ]
        assert new.trials()[0].describe(NARROWER) == "trial 0 of old: 8-8 relu, adam 1e-3, batch 64"
        assert new.trials()[3].describe(NARROWER).startswith("trial 6 of old: known: 16-16 relu")
        assert leaderboard(new)[0].what.startswith("trial 2 of old: 32-32 relu")
        assert new.trials()[0].limits(new.settings) == (EPOCHS, 10)
        assert new.trials()[3].limits(new.settings) == (4, 2)

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
        self, next_version: Callable[..., Study], digits: PreparedData
    ) -> None:
        adoption = adoption_of(next_version("second"), digits)
        assert [trial_record(trial).adopted.study for trial in adoption.trials] == ["old"] * 4  # type: ignore[union-attr]
        assert adoption.predecessor.study == "second"
        assert adoption.predecessor.numbers == 9

    def test_a_study_without_trained_trials_is_refused(self, old: Study, digits: PreparedData) -> None:
        empty = create_study("empty", old.url, StudySettings(data="digits"), SPACE, digits.spec)
        with pytest.raises(
            InputError, match="expected a study with complete or pruned trials, but 'empty' has none"
        ):
            adoption_of(empty, digits)

    def test_the_earlier_study_may_be_running(self, old: Study, next_version: Callable[..., Study]) -> None:
        before = old.optuna.get_trials()
        with study_lock(old.url, "old"):
            next_version()
        assert load_study("old", old.url).optuna.get_trials() == before


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
            "  data: seed of the split: 0 -> 4",
            "  data: the content of digits is not that of digits when this was prepared",
            "  metric: val_accuracy -> val_loss",
            "  epochs: 9 -> 30",
        ]

    def test_of_another_metric_values_are_read_from_the_learning_curves(
        self, next_version: Callable[..., Study]
    ) -> None:
        new = next_version(metric="val_loss", allow_different=True, pruner="asha")
        assert new.direction == "minimize"
        first, pruned, *_ = new.optuna.trials
        assert first.value == 1.0
        assert rungs(first) == [1.0]  # of the epochs 2.0, 1.0, 1.1 the best so far
        assert pruned.value == pytest.approx(1.1)
        assert list(first.intermediate_values.values())[:3] == pytest.approx([2.0, 1.0, 1.1])
        assert (first.user_attrs["best_epoch"], first.user_attrs["val_loss"]) == (2, 1.0)
        assert trial_record(first).describe(NARROWER).startswith("trial 0 of old, other metric: ")

    def test_a_trial_whose_curve_is_lost_has_no_other_metric(self, old: Study, digits: PreparedData) -> None:
        for file in artifact_folder(old.url).iterdir():
            file.unlink()
        with pytest.raises(InputError, match="7 × no learning curve of val_loss was kept"):
            adoption_of(old, digits, metric="val_loss", allow_different=True)

    def test_of_other_epochs_no_pruner_compares(self, old: Study, next_version: Callable[..., Study]) -> None:
        new = next_version(epochs=27, allow_different=True)
        for trial in new.optuna.trials:
            assert trial.intermediate_values == {}
            assert rungs(trial) == []
        assert new.optuna.trials[0].value == 0.60
        assert new.trials()[0].limits(new.settings) == (EPOCHS, 10)
        assert new.record.continues.different == ("epochs",)  # type: ignore[union-attr]

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
