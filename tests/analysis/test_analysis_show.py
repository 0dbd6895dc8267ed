"""What `show` and `list` say of a study that was really trained."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest
from rich.console import Console, RenderableType

from search.analysis.facts.importance import importances
from search.analysis.facts.overview import overview
from search.analysis.facts.time_left import time_left
from search.analysis.terminal.study import WIDE_ENOUGH, in_order, next_steps, study_json, study_view
from search.analysis.terminal.trial import trial_json, trial_view
from search.driving.progress import durations
from search.study.history import history_of
from search.study.study import Study
from search.study.trial_record import trial_record
from storage import study_lock


def printed(what: RenderableType, width: int) -> list[str]:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(what)
    return capture.get().splitlines()


def test_the_words_of_a_leaderboard_stand_below_its_figures_where_there_is_no_room(
    trained_study: Study,
) -> None:
    wide, narrow = printed(study_view(trained_study, 3), 160), printed(study_view(trained_study, 3), 80)
    assert max(map(len, narrow)) <= 80
    assert "what it is" in wide[2]
    assert ", adam " in wide[3] or ", sgd " in wide[3]
    assert narrow[3].split()[0] == "1"
    assert "batch" in narrow[4]


def test_words_beside_the_figures_of_a_leaderboard_have_room_for_a_few(trained_study: Study) -> None:
    head = printed(study_view(trained_study, 3), WIDE_ENOUGH)[2]
    assert head.index("what it is") <= WIDE_ENOUGH - 35, "raise WIDE_ENOUGH by the width of the new column"


def test_the_best_so_far_only_gets_better(trained_study: Study) -> None:
    facts = study_json(trained_study, 3)["best_so_far"]
    values = [one["value"] for one in facts]
    assert values == sorted(set(values))
    assert facts[0]["trial"] == in_order(trained_study)[0].number
    assert facts[-1]["trial"] == trained_study.ranked()[0].number
    shown = "\n".join(printed(study_view(trained_study, 3), 160))
    assert f"best configuration  trial {trained_study.ranked()[0].number}: depth " in shown
    assert "█ " in shown or len(set(values)) == 1


def test_one_trial_has_no_course(trained_study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    ranked = trained_study.ranked()
    monkeypatch.setattr(type(trained_study), "ranked", lambda study: ranked[:1])
    shown = "\n".join(printed(study_view(trained_study, 3), 160))
    assert "best configuration" in shown
    assert "over trials" not in shown


def test_facts_of_a_study_are_json(trained_study: Study) -> None:
    facts = json.loads(json.dumps(study_json(trained_study, 2), allow_nan=False))
    assert facts["state"] == "finished"
    assert facts["driver"] is facts["seconds_left"] is None
    assert facts["best_so_far"][-1]["value"] == facts["best"]
    assert facts["importances"] == {}, "six trials say nothing of importance"


def test_a_trials_learning_curve_is_drawn_from_its_history(trained_study: Study) -> None:
    best = trained_study.ranked()[0]
    history = history_of(trained_study, best)
    assert set(history) >= {"loss", "val_loss", "accuracy", "val_accuracy"}
    assert history["val_accuracy"][(best.best_epoch or 0) - 1] == pytest.approx(best.value)
    facts = json.loads(json.dumps(trial_json(trained_study, best.number), allow_nan=False))
    lines = printed(trial_view(facts), 80)
    assert f"val_accuracy {best.value:.4f}" in lines[0]
    assert any("· accuracy, ● val_accuracy" in line for line in lines)
    assert any("· loss, ● val_loss" in line for line in lines)


def test_only_hyperparameters_that_count_are_shown_of_a_trial(trained_study: Study) -> None:
    trial = next(
        one for one in trained_study.ranked() if one.hyperparameters(trained_study.space).optimizer != "sgd"
    )
    facts = trial_json(trained_study, trial.number)
    assert {"momentum", "nesterov", "augment", "pca"} & set(facts["without_effect"]) == {
        "momentum",
        "nesterov",
    }
    assert set(facts["without_effect"]) < set(facts["hyperparameters"])
    shown = {line.split()[0] for line in printed(trial_view(facts), 80) if line.split()}
    assert "momentum" not in shown
    assert {"optimizer", "augment", "pca"} <= shown


def test_a_trial_whose_artifact_is_gone_still_shows_what_was_reported(trained_study: Study) -> None:
    best = trained_study.ranked()[0]
    bare = trained_study.optuna.get_trials(deepcopy=True)[best.number]
    bare.system_attrs = {}
    assert history_of(trained_study, trial_record(bare)) == {
        "val_accuracy": [*best.intermediate_values.values()]
    }
    bare.intermediate_values = {}
    assert history_of(trained_study, trial_record(bare)) == {}


def test_a_study_that_runs_is_listed_with_host_and_process_and_the_time_left(trained_study: Study) -> None:
    assert overview(trained_study).state == "finished"
    with study_lock(trained_study.url, trained_study.name):
        row = overview(trained_study)
        lines = printed(study_view(trained_study, 3), 160)
    assert row.state == "running"
    assert row.driver is not None
    assert ", process " in row.driver
    assert lines[0].split("  ")[1] == f"running by {row.driver}"
    assert lines[0].endswith("left")


def test_time_left_comes_from_the_durations_of_trials(trained_study: Study) -> None:
    assert len(durations(trained_study)) == 6
    assert all(0 < seconds < 120 for seconds in durations(trained_study))
    left = time_left(trained_study, trained_study.settings)
    assert left is not None
    assert left.high == 0


def test_importances_find_what_decides(trained_study: Study) -> None:
    """A study in which the learning rate alone decides the value."""
    import optuna

    def objective(trial: optuna.Trial) -> float:
        trial.suggest_int("width", 1, 64)
        return -abs(trial.suggest_float("learning_rate", 0, 1) - 0.3)

    made = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    made.optimize(objective, 60)
    found = importances(Study("made", trained_study.url, made))
    assert [name for name, _ in found] == ["learning_rate", "width"]
    assert found[0][1] > 0.7
    assert sum(share for _, share in found) == pytest.approx(1)


def test_importances_are_optunas_and_leave_its_forests_to_others() -> None:
    """In a process that has imported neither, which is where scikit-learn is spared."""
    program = """
        import optuna, sys
        from search.analysis.facts.ped_anova import ped_anova

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        made = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
        made.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_int("y", 1, 9) / 50, 40)
        found = ped_anova(made, 0.2)
        assert "sklearn" not in sys.modules
        ours = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=0.2)
        assert found == optuna.importance.get_param_importances(made, evaluator=ours, normalize=False)
        forests = optuna.importance.FanovaImportanceEvaluator(n_trees=2, seed=0)
        print(*optuna.importance.get_param_importances(made, evaluator=forests))
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)], capture_output=True, text=True
    )
    assert done.stdout.split() == ["x", "y"], done.stderr


@pytest.mark.parametrize(
    ("ending", "resume", "confirmed"),
    [("budget", " --add 20", True), ("timeout", "", True), ("interrupted", None, False)],
)
def test_what_comes_next_can_be_pasted_as_it_is(
    trained_study: Study, ending: str, resume: str | None, confirmed: bool
) -> None:
    """After its budget a study needs more of it, after its time it has trials left; a killed one says so elsewhere."""
    lines = next_steps(trained_study, ending)
    name, option = trained_study.name, trained_study.url.option
    expected = [] if resume is None else [f"resume:  perceptuna resume {name}{resume}{option}"]
    assert [line for line in lines if line.startswith("resume:")] == expected
    assert any(line.startswith("confirm: perceptuna finalize") for line in lines) == confirmed
