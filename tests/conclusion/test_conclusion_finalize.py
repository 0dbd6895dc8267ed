"""`perceptuna finalize`: fresh seeds, one look at the test split, and what it says and keeps."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from conclusion_calls import Place, Story

from search.analysis.facts.overview import overview
from search.conclusion.confirmation.record import Conclusion, read_conclusion
from search.conclusion.statistics.intervals import mean_of, wilson
from search.data import prepare
from search.data.preparing.sealed import open_test_split
from search.driving.note import note_text
from search.study.data_cache import cache_folder
from search.study.record_of_looks import by_others, looks, own
from search.study.row_scores import read_scores
from storage.artifacts import study_artifacts


def test_an_interrupted_one_says_how_to_go_on(story: Story) -> None:
    assert story.interrupted.code == 130
    assert "go on with: perceptuna finalize one --top 2 --seeds 2 -o " in story.interrupted.err
    assert "model.keras --storage" in story.interrupted.err
    assert story.killed.code is None


def test_it_goes_on_with_what_is_left(story: Story) -> None:
    """One training had ended when it was interrupted; the one that was killed is run again with its seed."""
    trials = story.place.study("one.finalize").optuna.trials
    assert story.done.code == 0
    assert "1 training was running when study 'one.finalize' was last left" in story.done.out
    assert len([trial for trial in trials if trial.state.name == "COMPLETE"]) == 5
    assert [trial.user_attrs["requeued"] for trial in trials if "requeued" in trial.user_attrs] == [
        "its driver died"
    ]
    assert len(story.place.trained) == 4


def test_both_candidates_are_trained_on_the_same_seeds_that_the_search_did_not_use(story: Story) -> None:
    study, companion = story.place.study("one"), story.place.study("one.finalize")
    searched = {trial.training_seed(study.settings.seed) for trial in study.trials()}
    plans = [trial.planned for trial in companion.finished()]
    seeds: dict[str, list[int | None]] = {}
    for plan in plans:
        assert plan is not None
        assert plan.seed not in searched
        seeds.setdefault(plan.label, []).append(plan.seed)
    best, second = (f"trial {trial.number} again" for trial in study.ranked()[:2])
    assert set(seeds[best]) == set(seeds[second]) == set(story.conclusion.seeds)
    assert len(seeds[best]) == len(seeds[second]) == 2
    (last,) = set(seeds) - {best, second}
    assert last.endswith(", to be tested")
    assert not set(seeds[last]) & {*seeds[best]}


def test_the_conclusion_is_of_the_trainings(story: Story) -> None:
    companion, conclusion = story.place.study("one.finalize"), story.conclusion
    for standing in conclusion.standings:
        values = {
            plan.seed: trial.value
            for trial in companion.finished()
            if (plan := trial.planned) and plan.label == f"trial {standing.trial} again"
        }
        assert standing.values == values
        assert standing.interval == mean_of(list(standing.values.values())).interval
    assert conclusion.final_validation == companion.optuna.trials[conclusion.final_trial].value
    winner = conclusion.standing(conclusion.winner)
    assert conclusion.cost_of_search == pytest.approx(winner.search - winner.mean)
    assert conclusion.cost_of_validation == pytest.approx(winner.mean - (conclusion.test.value or 0.0))


def test_the_scores_of_the_validation_rows_are_those_of_the_values(story: Story) -> None:
    companion = story.place.study("one.finalize")
    assert story.conclusion.by_rows
    for trial in companion.finished():
        plan, scores = trial.planned, read_scores(companion, trial)
        assert plan is not None
        assert (scores is not None) == plan.keep_scores
        assert scores is None or scores.mean() == pytest.approx(trial.value)


def test_the_exported_model_has_the_test_value_on_the_sealed_rows(story: Story) -> None:
    x, y = open_test_split(prepare(story.place.study("one").settings.data_request(), cache_folder()))
    model = keras.models.load_model(story.place.folder / "model.keras")
    right = np.argmax(model.predict(x, verbose=0), axis=1) == y
    test = story.conclusion.test
    assert test.value == pytest.approx(right.mean())
    assert test.interval == pytest.approx(wilson(right.mean(), len(y)))
    assert test.measured["accuracy"] == test.value


def test_the_facts_beside_the_model_hold_the_conclusion(story: Story) -> None:
    facts = json.loads((story.place.folder / "model.json").read_text())
    assert facts["study"] == "one"
    assert facts["trial"] == story.conclusion.winner
    assert facts["trained_as"] == {"study": "one.finalize", "trial": story.conclusion.final_trial}
    assert Conclusion.model_validate(facts["conclusion"]) == story.conclusion


def test_it_prints_each_value_each_gap_and_a_sentence(story: Story) -> None:
    words, test = story.done.words, story.conclusion.test
    assert "A tie: 2 seeds and the validation rows cannot tell" in words
    assert f"test, {test.rows} rows {100 * (test.value or 0.0):.1f} %" in words
    assert "than in the search" in words
    assert "than confirmed" in words
    assert "The test split was opened once, for this value." in words
    assert "warning" not in story.done.err


def test_a_second_one_trains_nothing_and_looks_at_nothing_anew(story: Story) -> None:
    """What is tested is the same model, so that its value is the one that is known."""
    study = story.place.study("one")
    assert story.again.code == 0
    assert len(story.place.trained) == 4
    assert "warning" not in story.again.err
    assert "The test split was opened once, for this value." in story.again.words
    assert looks(study) == own(study, looks(study)) == [story.conclusion.test]
    assert read_conclusion(study) == story.conclusion


def test_its_study_keeps_the_tested_model_and_says_what_it_is(story: Story) -> None:
    companion = story.place.study("one.finalize")
    best = companion.best_trial()
    assert best is not None
    kept = {f"trial-{best.number}.keras", f"trial-{story.conclusion.final_trial}.keras"}
    assert set(study_artifacts(companion.optuna).values()) == kept
    assert overview(companion).companion_of == "one"
    assert overview(companion).best is None
    assert "one.finalize (about one)" in story.place("list").words
    assert "again, to draw a conclusion about it" in note_text(companion, best)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("finalize one -o {folder}/model.keras", "model.keras is there already"),
        ("finalize one -o {folder}/facts.keras", "facts.json is there already"),
        ("finalize one -o {folder}/model.h5", "expected a file name ending in .keras"),
        ("finalize one -o {folder}/none/model.keras", "does not exist; create it first"),
        ("finalize one.finalize -o {folder}/new.keras", "finalize that one: `perceptuna finalize one -o"),
        ("finalize two -o {folder}/new.keras", "no study 'two'"),
        ("finalize one --seeds 1 -o {folder}/new.keras", "--seeds"),
    ],
)
def test_what_cannot_be_is_refused(story: Story, line: str, message: str) -> None:
    before = dict(story.place.study("one").optuna.user_attrs)
    (story.place.folder / "facts.json").write_text("{}")
    outcome = story.place(line.format(folder=story.place.folder))
    assert outcome.code == 2
    assert message in outcome.err
    assert story.place.study("one").optuna.user_attrs == before
    assert not (story.place.folder / "new.keras").exists()


def test_another_study_of_the_same_rows_hears_of_the_looks(story: Story, place_two: Place) -> None:
    two, other_split = place_two.study("two"), place_two.study("other-split")
    assert by_others(two, looks(two)) == {"one": 1}
    assert looks(other_split) == []


def test_show_and_the_page_say_search_confirmed_and_test(story: Story) -> None:
    place, winner = story.place, story.conclusion.winner
    shown = place("show one").words
    assert "than confirmed The test split was opened once, for this value." in shown
    facts = json.loads(place("show one --json").out)
    assert facts["test_split_opened"] == 1
    assert facts["conclusion"]["winner"] == winner
    page = place.folder / "report.html"
    assert place(f"report one -o {page}").code == 0
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert f"<th>trial {winner}</th><th>accuracy</th>" in text
    assert "Confirmed and tested" in text
    assert "test (opened once)" in text


def test_a_study_that_was_not_finalized_says_nothing_of_it(story: Story, place_two: Place) -> None:
    refused = place_two(f"finalize two -o {story.place.folder}/two.keras")
    assert refused.code == 2
    assert "study 'two' has no complete trial yet, so there is nothing to finalize" in refused.err
    page = story.place.folder / "two.html"
    assert story.place(f"report other-split -o {page}").code == 0
    text = page.read_text(encoding="utf-8")
    assert "Confirmed" not in text
    assert "test (sealed)" in text
    facts = json.loads(story.place("show two --json").out)
    assert (facts["conclusion"], facts["test_split_opened"]) == (None, 1)
