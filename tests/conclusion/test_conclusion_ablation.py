"""`perceptuna ablate`: interrupted, killed, gone on with; what it says, keeps and shows."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import optuna
import pytest
from conclusion_calls import Killed, Outcome, Place, Story
from optuna.trial import TrialState

from search.analysis.report import write_report
from search.analysis.report.ablated import intervals
from search.analysis.report.drawing import page_style
from search.conclusion.ablation import ablating
from search.conclusion.ablation.factors import Variation, variations, words
from search.conclusion.ablation.record import Ablation, Effect, best_ablation
from search.conclusion.ablation.words import chance, disagreements, headline, sentence
from search.conclusion.statistics.intervals import difference, difference_over_rows
from search.study.row_scores import read_scores
from search.study.study import Study, delete_study
from search.workers.messages import TrialTask
from storage import StorageURL

FACTORS = ("dropout", "learning_rate")


@dataclass(frozen=True)
class Ablated:
    """What each `ablate` did, and what the first that ended found."""

    place: Place
    trial: int
    interrupted: Outcome
    killed: Outcome
    done: Outcome
    again: Outcome
    trained: list[TrialTask]
    found: Ablation


def _few(*given: object) -> list[Variation]:
    """All of them are looked at elsewhere."""
    return [one for one in variations(*given) if one.parameter in FACTORS]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def ablated(story: Story) -> Iterator[Ablated]:
    """Of the study that `story` has searched."""
    place, count = story.place, story.place.after

    def interrupt(task: TrialTask) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def kill(task: TrialTask) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ablating, "variations", _few)
        command = "ablate one --seeds 2 --workers 1"
        place.after = interrupt
        interrupted = place(command)
        place.after = kill
        killed = place(command)
        trained: list[TrialTask] = []
        place.after = trained.append
        done = place(command)
        ended = len(trained)
        again = place(f"{command} --json")
        place.after = count
        assert len(trained) == ended
        study = place.study("one")
        found, best = best_ablation(study), study.best_trial()
        assert found is not None, done
        assert best is not None
        yield Ablated(place, best.number, interrupted, killed, done, again, trained, found)
        delete_study(place.study(found.companion))


def test_it_says_before_it_starts_how_much_it_will_do(ablated: Ablated) -> None:
    rows = 1 + len(ablated.found.effects)
    first = ablated.interrupted.out.splitlines()[0]
    assert first.startswith(
        f"{rows - 1} variations of trial {ablated.trial} of study 'one' and the trial itself, on 2 fresh seeds "
        f"each: {2 * rows} trainings, in study 'one.ablate-{ablated.trial}'; about 0:"
    )
    assert "on 1 worker, by the " in first
    assert f"{2 * rows} trainings, {2 * rows} of them done before" in ablated.again.err


def test_interrupted_and_killed_it_goes_on_with_what_is_left(ablated: Ablated) -> None:
    assert ablated.interrupted.code == 130
    again = f"go on with: perceptuna ablate one --trial {ablated.trial} --seeds 2 --workers 1 --storage"
    assert again in ablated.interrupted.err
    assert ablated.killed.code is None
    assert ablated.done.code == 0
    companion = ablated.place.study(ablated.found.companion)
    plans = [trial.planned for trial in companion.finished()]
    assert (
        len(plans)
        == len({(plan.label, plan.seed) for plan in plans if plan})
        == 2 * (1 + len(ablated.found.effects))
    )
    # One had ended when it was interrupted; the one that was killed is run again.
    assert len(ablated.trained) == len(plans) - 1


def test_all_are_trained_on_the_same_fresh_seeds_as_long_as_the_trial_was(ablated: Ablated) -> None:
    study = ablated.place.study("one")
    searched = {trial.training_seed(study.settings.seed) for trial in study.trials()}
    companion = ablated.place.study(ablated.found.companion)
    for trial in companion.finished():
        plan = trial.planned
        assert plan is not None
        assert plan.seed in ablated.found.seeds
        assert (plan.epochs, plan.patience) == (2, 10)
    assert not searched & set(ablated.found.seeds)
    assert companion.settings.pruner == "none"


def test_a_trial_is_chosen_among_those_that_the_rows_compared() -> None:
    """Not among those too large to be trained, nor among those whose values are of other data."""
    study = optuna.create_study()
    origin = {"study": "old", "trial": 0, "epochs": 3, "patience": 3}
    for state, attributes in (
        (TrialState.COMPLETE, {}),
        (TrialState.PRUNED, {}),
        (TrialState.COMPLETE, {"adopted": json.dumps(origin)}),
        (TrialState.FAIL, {}),
        (TrialState.PRUNED, {"infeasible": "its 9 GB are too many"}),
        (TrialState.COMPLETE, {"adopted": json.dumps({**origin, "different": ["data"]})}),
    ):
        value = None if state == TrialState.FAIL else 0.5
        study.add_trial(optuna.trial.create_trial(state=state, value=value, user_attrs=attributes))
    assert ablating._could_have_been_chosen(Study("one", StorageURL.parse("one.db"), study)) == 3


def test_changes_are_the_differences_of_the_trainings_worst_first(ablated: Ablated) -> None:
    found = ablated.found
    companion = ablated.place.study(found.companion)
    values: dict[str, dict[int, float]] = {}
    scores: dict[str, list[np.ndarray]] = {}
    for trial in companion.finished():
        plan, kept = trial.planned, read_scores(companion, trial)
        assert plan is not None
        assert kept is not None
        values.setdefault(plan.label, {})[plan.seed or 0] = float(trial.value or 0.0)
        scores.setdefault(plan.label, []).append(kept)
    as_it_is = f"trial {found.trial} as it is"
    base = values.pop(as_it_is)
    assert found.values == base
    assert (found.chosen_among, found.by_row_scores) == (4, True)
    assert len(found.effects) == len(values) == len(FACTORS) * 2
    for effect in found.effects:
        label = f"{words(effect.parameter)} {effect.before} -> {effect.after}"
        over_seeds = difference(values[label], base)
        assert (effect.values, effect.change) == (values[label], over_seeds.mean)
        tests = found.chosen_among if over_seeds.mean < 0 else 1
        over_rows = difference_over_rows(
            *(np.mean(scores[name], axis=0) for name in (label, as_it_is)), tests=tests or 1
        )
        halves = over_seeds.half, over_rows.half
        assert effect.by_rows == (None not in halves and halves[1] > halves[0])  # type: ignore[operator]
        assert effect.interval == (over_rows if effect.by_rows else over_seeds).interval
    changes = [effect.change for effect in found.effects]
    assert changes == sorted(changes, key=float)  # type: ignore[arg-type]


def test_the_table_and_the_facts_say_the_same(ablated: Ablated) -> None:
    facts = json.loads(ablated.again.out.splitlines()[-1])
    assert (facts["event"], facts["trial"]) == ("ablated", ablated.trial)
    for effect in facts["effects"]:
        assert " ".join(effect["sentence"].split()) in ablated.done.words
        assert f"{effect['before']} -> {effect['after']}" in ablated.done.words
    assert facts["importances"] == {}
    assert "too few complete trials to tell importances from chance" in ablated.done.words


def test_the_report_has_it_with_a_picture(ablated: Ablated) -> None:
    page = ablated.place.folder / "ablated.html"
    study = ablated.place.study("one")
    write_report(study, page)
    text = page.read_text(encoding="utf-8")
    assert 'id="ablation"' in text
    assert f"Trial {ablated.trial} as it is, on 2 fresh seeds: val_accuracy" in text
    with page_style():
        picture = intervals(study)
    assert picture is not None
    assert picture.count("<title") == len(ablated.found.effects)
    assert intervals(ablated.place.study("one.finalize")) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ablate one --trial 9", "--trial: study 'one' has trials 0 to 3, but got 9"),
        ("ablate one --seeds 1", "--seeds: expected at least 2, but got '1'"),
        (
            "ablate one.finalize",
            "is about study 'one' and no search of its own; ablate that one: `perceptuna ablate one",
        ),
        ("ablate none", "no study 'none'"),
    ],
)
def test_what_cannot_be_ablated_is_refused(story: Story, line: str, expected: str) -> None:
    outcome = story.place(line)
    assert outcome.code == 2
    assert expected in outcome.err


def test_a_study_without_a_complete_trial_is_refused(place_two: Place) -> None:
    assert "has no complete trial yet" in place_two("ablate two").err


def effect(parameter: str, change: float | None, half: float = 0.01, **more: object) -> Effect:
    values = {
        "before": "0.3",
        "after": "0",
        "technique": "",
        "adds": False,
        "note": "",
        "outside": False,
        "parameters": 1000,
        "seconds": 1.0,
        "values": {1: 0.9, 2: 0.9, 3: 0.9},
        "change": change,
        "interval": None if change is None else (change - half, change + half),
        "p": None if change is None else 0.02,
        **more,
    }
    return Effect.model_validate({"parameter": parameter, **values})


def made(*effects: Effect, metric: str = "val_accuracy", direction: str = "maximize") -> Ablation:
    return Ablation(
        study="s",
        companion="s.ablate-1",
        trial=1,
        what="",
        metric=metric,
        direction=direction,
        epochs=9,
        patience=3,
        seeds=[1, 2, 3],
        search=0.93,
        values={1: 0.9, 2: 0.91, 3: 0.92},
        mean=0.91,
        interval=(0.885, 0.935),
        parameters=1000,
        seconds=1.0,
        effects=list(effects),
    )


class TestWords:
    def test_a_technique_is_worth_what_is_lost_without_it(self) -> None:
        removed = effect("dropout", -0.021, 0.004, technique="dropout")
        assert sentence(removed, "val_accuracy") == "dropout is worth 2.1 ± 0.4 points here"
        added = effect("batch_norm", -0.012, 0.004, technique="batch normalization", adds=True)
        assert sentence(added, "val_accuracy") == "batch normalization costs 1.2 ± 0.4 points here"

    def test_another_value_stands_against_the_one_there_is(self) -> None:
        sgd = effect(
            "optimizer", 0.02, 0.004, before="adam", after="sgd", note="learning rate 0.01, Keras's default"
        )
        told = "adam rather than sgd (learning rate 0.01, Keras's default) costs 2.0 ± 0.4 points here"
        assert sentence(sgd, "val_accuracy") == told
        deeper = effect("depth", 0.001, 0.004, before="2", after="3")
        assert sentence(deeper, "val_accuracy").startswith(
            "depth 2 rather than 3 makes no difference that 3 seeds"
        )

    def test_of_a_metric_to_be_minimised_less_is_better(self) -> None:
        removed = effect("dropout", 0.2, 0.1, technique="dropout")
        assert sentence(removed, "val_loss") == "dropout is worth 0.20 ± 0.10 of val_loss here"

    def test_what_the_rows_cannot_show_is_said_of_them(self) -> None:
        narrow = effect("depth", -0.005, 0.01, before="2", after="3", by_rows=True)
        told = (
            "depth 2 rather than 3 makes no difference that the validation rows can show (+0.5 ± 1.0 points)"
        )
        assert sentence(narrow, "val_accuracy") == told

    def test_a_training_without_a_value_says_why(self) -> None:
        failed = effect(
            "learning_rate", None, failed="1 of 3 seeds ended without a value: loss not finite at epoch 2"
        )
        assert sentence(failed, "val_accuracy").startswith(
            "learning rate 0.3 -> 0: 1 of 3 seeds ended without"
        )

    def test_what_chance_would_show_is_said(self) -> None:
        ablation = made(effect("dropout", -0.02), effect("depth", 0.001), effect("l2", 0.03, p=0.2))
        told = (
            "2 of 3 comparisons show a difference; of so many, chance alone would show no more than about 0.2. Judged "
            "all together (Holm 1979), 2 still do."
        )
        chosen = ablation.model_copy(update={"chosen_among": 24, "by_row_scores": True})
        assert chance(chosen) == f"{told} Losses allow for trial 1 having been chosen among 24 by these rows."
        assert chance(chosen.model_copy(update={"chosen_among": 1})) == told
        assert chance(chosen.model_copy(update={"by_row_scores": False})) == (
            "2 of 3 comparisons show a difference over seeds. But trial 1 was chosen among 24 by these rows, and for "
            "val_accuracy rows have no scores that would allow for it: a loss may be no more than its luck on them."
        )
        assert chance(ablation).endswith(
            "call the same `perceptuna ablate` again, which trains nothing anew."
        )
        assert headline(ablation) == (
            "trial 1 as it is, on 3 fresh seeds: val_accuracy 91.0 ± 2.5 % (in the search 93.0 %)"
        )


class TestDisagreement:
    IMPORTANCES = (("learning_rate", 0.7), ("width", 0.2), ("dropout", 0.1))

    def test_what_is_important_and_changes_nothing_here_is_named(self) -> None:
        ablation = made(effect("learning_rate", -0.002, before="1e-3", after="1e-4"), effect("width", -0.004))
        (told,) = disagreements(ablation, self.IMPORTANCES)
        assert told == (
            "learning rate has 70% of the importance, but no change of it around this trial makes a difference that "
            "3 seeds can show (at most −0.2 ± 1.0 points, 1e-3 -> 1e-4)"
        )

    def test_what_is_unimportant_and_costs_something_here_is_named(self) -> None:
        ablation = made(
            effect("dropout", -0.02, technique="dropout"),
            effect("learning_rate", -0.2),
            effect("width", 0.03),
        )
        (told,) = disagreements(ablation, self.IMPORTANCES)
        assert told == "dropout has 10% of the importance, but dropout is worth 2.0 ± 1.0 points here"

    def test_where_they_agree_nothing_is_said(self) -> None:
        ablation = made(
            effect("learning_rate", None, failed="diverged"), effect("width", 0.001), effect("depth", 0.2)
        )
        assert disagreements(ablation, self.IMPORTANCES) == []


def test_the_configuration_as_it_is_is_the_trial(ablated: Ablated) -> None:
    study = ablated.place.study("one")
    base = study.trials()[ablated.trial].hyperparameters(study.space).model_dump_json()
    assert sum(task.hyperparameters == base for task in ablated.trained) >= 1
