"""Planned trials: run first, as they are written, whatever the space and the sampler say, and after a kill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.trial import TrialState
from study_fakes import SPACE, FakeWorkers, complete, with_settings

from search.data import PreparedData
from search.driving.asking import attach_search
from search.driving.driver import Driver
from search.driving.recovery import run_again
from search.errors import InputError
from search.settings.settings import StudySettings
from search.study.baselines import known_first, planned_baselines
from search.study.creation import create_study
from search.study.enqueueing import enqueue_planned
from search.study.planned_trial import PlannedTrial
from search.study.study import Study
from search.study.trial_record import trial_record
from search.workers.pool import WorkerLost
from spaces import Hyperparameters, known_configurations, load_space, preset_for
from spaces.effects import DataKind, Task
from storage import StorageURL

INSIDE = PlannedTrial(label="inside", hyperparameters=Hyperparameters(width=16, dropout=0.25), epochs=4)
OUTSIDE = PlannedTrial(
    label="outside",
    hyperparameters=Hyperparameters(width=512, dropout=0.5, activation="mish"),
    patience=2,
    seed=77,
    outside=True,
)


@pytest.fixture
def study(tmp_path: Path, settings: StudySettings, digits: PreparedData) -> Study:
    url = StorageURL.parse(str(tmp_path / "studies.db"))
    created = create_study("one", url, settings, SPACE, digits.spec, [INSIDE, OUTSIDE])
    return attach_search(created)


@pytest.fixture
def baselines(tmp_path: Path) -> Path:
    path = tmp_path / "known.toml"
    path.write_text('[[baseline]]\nname = "inside"\nwidth = 16\n[[baseline]]\nname = "wide"\nwidth = 512\n')
    return path


def test_the_plan_is_run_first_and_counts_toward_the_budget(
    study: Study, driver: Callable[..., Driver]
) -> None:
    enqueue_planned(study)
    workers = FakeWorkers(2, complete)
    assert driver(workers).run() == "budget"
    assert len(workers.tasks) == 6
    first, second, third, *_ = workers.tasks
    assert Hyperparameters.model_validate_json(first.hyperparameters) == INSIDE.hyperparameters
    assert Hyperparameters.model_validate_json(second.hyperparameters) == OUTSIDE.hyperparameters
    assert (first.epochs, first.patience) == (4, 10)
    assert (second.epochs, second.patience, second.seed) == (9, 2, 77)
    assert (third.epochs, third.patience) == (9, 10)
    assert len({task.seed for task in workers.tasks}) == 6


def test_a_sampler_learns_of_a_planned_trial_what_its_space_knows(
    study: Study, driver: Callable[..., Driver]
) -> None:
    enqueue_planned(study)
    driver(FakeWorkers(1, complete)).run()
    inside, outside, sampled, *_ = study.optuna.trials
    assert inside.params == {"width": 16, "dropout": 0.25, "learning_rate": 1e-3}
    assert outside.params == {"dropout": 0.5, "learning_rate": 1e-3}
    assert [trial_record(trial).hyperparameters(SPACE).width for trial in (inside, outside)] == [16, 512]
    assert trial_record(sampled).planned is None
    assert trial_record(sampled).hyperparameters(SPACE).width == sampled.params["width"]
    assert trial_record(inside).describe(SPACE) == "inside: 16-16 relu, dropout 0.25, adam 1e-3, batch 64"
    assert (
        trial_record(outside)
        .describe(SPACE)
        .startswith("outside (outside the space): 512-512 mish, dropout 0.5")
    )


def test_no_planned_trial_runs_longer_than_the_study_lets_it(study: Study) -> None:
    enqueue_planned(study)
    trial = study.optuna.trials[0]
    assert trial_record(trial).limits(StudySettings(data="digits", epochs=3)) == (3, 10)


def test_what_a_kill_kept_from_being_enqueued_is_enqueued_once(
    study: Study, driver: Callable[..., Driver]
) -> None:
    study.optuna.enqueue_trial(
        {"width": 16}, user_attrs={"planned": INSIDE.model_dump_json(exclude_defaults=True)}
    )
    enqueue_planned(study)
    enqueue_planned(study)
    assert [trial.planned for trial in study.trials()] == [INSIDE, OUTSIDE]


def test_a_planned_trial_whose_worker_dies_is_run_again_as_it_was_planned(
    study: Study, driver: Callable[..., Driver]
) -> None:
    enqueue_planned(study)
    died: list[int] = []

    def once(task: object) -> object:
        number = task.number  # type: ignore[attr-defined]
        if number < 2 and number not in died:
            died.append(number)
            return WorkerLost()
        return complete(task)  # type: ignore[arg-type]

    workers = FakeWorkers(1, once)  # type: ignore[arg-type]
    driver(workers).run()
    lost = [trial for trial in study.optuna.trials if trial.state is TrialState.FAIL]
    assert [trial_record(trial).planned for trial in lost] == [INSIDE, OUTSIDE]
    again = [task for task in workers.tasks if task.number >= 2][:2]
    assert {task.hyperparameters for task in again} == {task.hyperparameters for task in workers.tasks[:2]}
    of_outside = [task for task in workers.tasks if task.seed == 77]
    assert len(of_outside) == 2
    assert len(study.finished()) == 6


def test_tpe_draws_as_many_at_random_as_without_a_plan(
    study: Study, settings: StudySettings, driver: Callable[..., Driver]
) -> None:
    enqueue_planned(study)
    tpe = with_settings(study, settings.model_copy(update={"sampler": "tpe"}))
    assert attach_search(tpe).optuna.sampler._n_startup_trials == 12  # type: ignore[attr-defined]
    study.optuna.ask()
    run_again(study, study.trials()[0], "its driver died")
    assert attach_search(tpe).optuna.sampler._n_startup_trials == 12  # type: ignore[attr-defined]


class TestBaselines:
    def test_those_outside_the_space_are_refused_by_name(self, baselines: Path) -> None:
        with pytest.raises(InputError) as refused:
            planned_baselines(StudySettings(data="digits", space="mlp", baselines=str(baselines)), SPACE)
        first, *reasons = str(refused.value).splitlines()
        assert first.startswith(f"--baselines: 1 of {baselines} are outside the space mlp; ")
        assert "--allow-outside" in first
        assert reasons == ["  wide: width: must be within 4 to 64, but got 512"]

    def test_they_are_marked_where_they_are_allowed(self, baselines: Path) -> None:
        plan = planned_baselines(
            StudySettings(data="digits", baselines=str(baselines), allow_outside=True), SPACE
        )
        assert [(planned.label, planned.outside) for planned in plan] == [("inside", False), ("wide", True)]

    def test_more_than_the_budget_are_refused(self, baselines: Path) -> None:
        settings = StudySettings(data="digits", baselines=str(baselines), allow_outside=True, trials=1)
        with pytest.raises(
            InputError, match=r"--trials: .* alone has 2 baselines, but got 1; give at least 2"
        ):
            planned_baselines(settings, SPACE)

    def test_none_are_run_where_none_were_asked_for(self) -> None:
        assert planned_baselines(StudySettings(data="digits"), SPACE) == []


class TestKnownConfigurations:
    @pytest.mark.parametrize(
        ("task", "kind"), [("regression", "table"), ("binary", "vector"), ("multiclass", "image")]
    )
    def test_those_of_each_kind_are_in_its_space(self, task: Task, kind: DataKind) -> None:
        known = known_configurations(task, kind, components=64)
        space, _ = load_space(preset_for(kind)).restricted_to(task, kind, 64)
        assert known
        assert {one.name: space.contains(one.hyperparameters) for one in known} == {
            one.name: [] for one in known
        }
        assert len({one.name for one in known}) == len({one.hyperparameters for one in known}) == len(known)

    def test_they_follow_baselines_as_far_as_there_are_trials(self, digits: PreparedData) -> None:
        settings = StudySettings(data="digits", trials=2).for_data("image")
        space, _ = load_space(settings.space).restricted_to("multiclass", "image", digits.spec.components)
        best = known_first(settings, space, digits.spec, before=1)
        assert [one.label for one in best] == [known_configurations("multiclass", "image", 64)[0].name]
        assert best[0].to_its_end
        assert known_first(settings, space, digits.spec, before=2) == []
        assert known_first(settings.model_copy(update={"known": False}), space, digits.spec, before=0) == []

    def test_a_space_without_them_begins_with_its_own(self, digits: PreparedData) -> None:
        assert known_first(StudySettings(data="digits"), SPACE, digits.spec, before=0) == []

    def test_the_kind_of_the_data_decides_what_the_user_has_not(self) -> None:
        by_itself = StudySettings(data="digits")
        assert (by_itself.for_data("table").space, by_itself.for_data("table").epochs) == ("tables", 60)
        assert (by_itself.for_data("image").space, by_itself.for_data("image").epochs) == ("mlp", 30)
        given = StudySettings(data="digits", space="small", epochs=30)
        assert given.for_data("table") == given
