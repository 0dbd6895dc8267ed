"""`--ensemble`: several networks averaged in one file, which is written only where it is better."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from conclusion_calls import Killed, Outcome, Place, Story, unopened
from digits_spec import digits_spec

from search.conclusion.confirmation import finalizing
from search.conclusion.confirmation.record import Conclusion, read_conclusion
from search.conclusion.ensemble import comparing, exporting
from search.conclusion.ensemble.comparing import of_equal_weight
from search.conclusion.ensemble.judging import Judge
from search.conclusion.ensemble.record import Ensemble
from search.conclusion.ensemble.words import sentences
from search.conclusion.statistics.intervals import wilson
from search.data import prepare
from search.data.preparing.sealed import open_test_split
from search.study.data_cache import cache_folder
from search.study.look import Look
from search.study.record_of_looks import looks


def facts_of(place: Place, name: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((place.folder / f"{name}.json").read_text())
    return facts


def accuracy(place: Place, name: str) -> float:
    """Of an exported model on the validation rows."""
    x, y = prepare(place.study("one").settings.data_request(), cache_folder()).validation()
    model = keras.models.load_model(place.folder / f"{name}.keras")
    return float((np.argmax(model.predict(x, verbose=0), axis=1) == y).mean())


def export(place: Place, chosen: list[int], kept: bool) -> str:
    """What `export --ensemble` prints, with that choice and that verdict of its rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "greedy_choice", lambda *given: chosen)
        patch.setattr(comparing, "_is_better", lambda *given: kept)
        outcome = place(f"export one --ensemble 3 -o {place.folder}/averaged.keras")
    assert outcome.code == 0, outcome.err
    return outcome.words


@pytest.fixture(scope="module")
def exported(story: Story) -> str:
    return export(story.place, [0, 2, 0], kept=True)


def test_trials_are_trained_again_and_averaged_in_one_file(story: Story, exported: str) -> None:
    place = story.place
    facts = facts_of(place, "averaged")
    assert "choosing among the best 4 trials of study 'one'; 3 of them are trained again" in exported
    assert "came out otherwise" not in exported
    ensemble, study = facts["ensemble"], place.study("one")
    best = study.best_trial()
    assert best is not None
    assert ensemble["members"][0]["trial"] == best.number
    for member in ensemble["members"]:
        trial = study.trial(member["trial"])
        assert (member["value"], member["seed"]) == (pytest.approx(trial.value), trial.seed)
        assert member["hyperparameters"] == trial.hyperparameters(study.space).model_dump(mode="json")
    assert [member["weight"] for member in ensemble["members"]] == pytest.approx([2 / 3, 1 / 3])
    assert ensemble["kept"]
    assert ensemble["single"] == pytest.approx(best.value)
    assert accuracy(place, "averaged") == pytest.approx(ensemble["value"]) == facts["value"]
    cost = ensemble["cost"]
    assert cost["bytes"] == (place.folder / "averaged.keras").stat().st_size > cost["single_bytes"]
    assert cost["milliseconds"] > 0
    assert "it is written alone" not in exported
    assert "judged by what the other half would choose" in exported


def test_what_is_not_better_is_said_and_the_best_trial_is_written(story: Story, exported: str) -> None:
    """In place of the earlier ensemble."""
    place, best = story.place, story.place.study("one").best_trial()
    assert best is not None
    out = export(place, [0, 3], kept=False)
    assert f"that is not better, so trial {best.number} alone is in the file" in out
    facts = facts_of(place, "averaged")
    assert "ensemble" not in facts
    assert facts["trial"] == best.number
    assert accuracy(place, "averaged") == pytest.approx(best.value)


def test_one_network_is_an_export_and_a_trial_of_ones_own_is_refused(story: Story) -> None:
    place = story.place
    out = place(f"export one --ensemble 1 -o {place.folder}/alone.keras")
    assert out.words.startswith("wrote")
    assert "ensemble" not in facts_of(place, "alone")
    refused = place(f"export one --ensemble 2 --trial 1 -o {place.folder}/alone.keras")
    assert refused.code == 2
    assert "--ensemble: the networks are chosen among the best trials; leave out --trial" in refused.err


@dataclass(frozen=True)
class Averaged:
    """A study that is finalized with two networks: killed after the look, gone on with, and again with one."""

    place: Place
    killed: Outcome
    done: Outcome
    conclusion: Conclusion
    looks: list[Look]
    alone: Outcome


@pytest.fixture(scope="module")
def averaged(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Averaged:
    place = unopened(story.place, tmp_path_factory.mktemp("averaged"))
    command = f"finalize one --top 2 --seeds 2 --ensemble 2 -o {place.folder}/model.keras"

    def killed(*given: Any) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "_is_better", lambda *given: True)
        with pytest.MonkeyPatch.context() as kill:
            kill.setattr(finalizing, "write_conclusion", killed)
            first = place(command)
        done = place(command)
    conclusion = read_conclusion(place.study("one"))
    assert conclusion is not None, done
    seen = looks(place.study("one"))
    alone = place(command.replace("--ensemble 2", "--ensemble 1").replace("model.keras", "alone.keras"))
    return Averaged(place, first, done, conclusion, seen, alone)


def test_seeds_of_the_winner_are_averaged_and_tested_once(averaged: Averaged, story: Story) -> None:
    """The first of them is the network that is tested without --ensemble."""
    place, conclusion = averaged.place, averaged.conclusion
    assert (averaged.killed.code, averaged.done.code) == (None, 0), averaged.done
    assert len(place.trained) == 1
    assert f"training trial {conclusion.winner} on 2 other seeds, about " in averaged.killed.out
    assert conclusion.ensemble is not None
    (look,) = averaged.looks
    assert conclusion.test == look
    assert (look.trained, look.trial) == (look.members[0], story.conclusion.winner)
    assert len(look.members) == 2
    assert conclusion.final_trial == story.conclusion.final_trial
    first = conclusion.ensemble.members[0]
    assert first.value == conclusion.ensemble.single == pytest.approx(story.conclusion.final_validation)
    assert conclusion.cost_of_validation == pytest.approx(conclusion.ensemble.value - (look.value or 0.0))
    assert "warning" not in averaged.done.err
    assert "The test split was opened once, for this value." in averaged.done.words
    assert "mean of 2 networks" in averaged.done.words
    assert f"The mean of trial {conclusion.winner} on 2 seeds, on 270 validation rows:" in averaged.done.words


def test_the_averaged_file_has_the_tested_value_and_names_its_members(averaged: Averaged) -> None:
    place, conclusion = averaged.place, averaged.conclusion
    x, y = open_test_split(prepare(place.study("one").settings.data_request(), cache_folder()))
    model = keras.models.load_model(place.folder / "model.keras")
    right = np.argmax(model.predict(x, verbose=0), axis=1) == y
    assert conclusion.test.value == pytest.approx(right.mean())
    assert conclusion.test.interval == pytest.approx(wilson(right.mean(), len(y)))
    facts = facts_of(place, "model")
    assert Conclusion.model_validate(facts["conclusion"]) == conclusion
    trained = [member["trained_as"]["trial"] for member in facts["ensemble"]["members"]]
    assert trained == list(conclusion.test.members)
    assert {member["weight"] for member in facts["ensemble"]["members"]} == {0.5}
    assert facts["ensemble"]["cost"]["bytes"] == (place.folder / "model.keras").stat().st_size


def test_one_of_them_alone_is_another_look(averaged: Averaged) -> None:
    assert averaged.alone.code == 0
    assert len(averaged.place.trained) == 1
    assert "the test split of this study was opened once before" in averaged.alone.err
    one, other = looks(averaged.place.study("one"))
    assert (one.trained, bool(one.members)) == (other.trained, True)
    assert other.members == ()


def test_where_the_mean_is_not_better_one_is_tested(averaged: Averaged) -> None:
    """Which was tested before, so that nothing is opened, and that is known before."""
    place = averaged.place
    command = f"finalize one --top 2 --seeds 2 --ensemble 2 -o {place.folder}/one.keras"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "_is_better", lambda *given: False)
        done, again = place(command), place(command)
    assert (done.code, again.code) == (0, 0)
    assert "That is not better, so trial" in done.words
    assert "warning" not in again.err
    assert len(looks(place.study("one"))) == 2
    conclusion = read_conclusion(place.study("one"))
    assert conclusion is not None
    assert (conclusion.tested_together, conclusion.test.members) == (1, ())
    assert "ensemble" not in facts_of(place, "one")
    assert "That is not better, so trial" in place("show one").words


def test_trials_of_an_earlier_study_that_cannot_be_trained_again_here_are_no_candidates() -> None:
    def trial(number: int, can: bool | None) -> Any:
        return SimpleNamespace(
            number=number, adopted=None if can is None else SimpleNamespace(can_be_retrained=can)
        )

    ranked = [trial(4, False), trial(1, None), trial(2, False), *(trial(one, True) for one in range(5, 14))]
    study: Any = SimpleNamespace(ranked=lambda: ranked)
    found = exporting._candidates(study, ranked[0], 2)
    assert [one.number for one in found] == [4, 1, 5, 6, 7, 8]


def compared(second: float, metric: str = "mae") -> Ensemble:
    """Of a network that is 1 below each target, and of one that is `second` above it."""
    y = np.arange(6.0)
    outputs = [y[:, None] - 1, y[:, None] + second * np.array([[1.0], [1.1]] * 3)]
    return of_equal_weight([7, 7], [1, 2], outputs, Judge(y, digits_spec(task="regression"), metric))


def test_seeds_are_averaged_where_that_is_better_on_the_validation_rows() -> None:
    better, worse = compared(0.8), compared(4.0)
    assert (better.kept, worse.kept) == (True, False)
    assert better.single == pytest.approx(1)
    assert better.gain == pytest.approx(better.single - better.value)
    assert better.gain_interval is not None
    assert better.gain_interval[0] < (better.gain or 0.0) < better.gain_interval[1]
    first, second = sentences(better, "val_mae")
    assert first.startswith("the mean of trial 7 on 2 seeds, on 6 validation rows: 0.08")
    assert second.endswith("of val_mae better")
    same = better.model_copy(update={"gain": 0.0, "gain_interval": None})
    assert sentences(same, "val_mae")[1] == "row by row that is as good"
    assert sentences(worse, "val_mae")[-1] == "that is not better, so trial 7 alone is in the file"


def test_a_choice_of_one_network_says_so() -> None:
    one = compared(0.8).model_copy(update={"members": compared(0.8).members[:1], "kept": False})
    (said,) = sentences(one, "val_mae")
    assert said.startswith("no mean of networks is better than trial 7 alone on the validation rows")


def test_a_metric_of_all_rows_together_has_no_interval() -> None:
    ensemble = compared(0.8, "r2")
    assert ensemble.kept
    assert ensemble.gain is None
    assert len(sentences(ensemble, "val_r2")) == 1
    chosen = ensemble.model_copy(update={"chosen_among": 4})
    assert "this metric of all rows together cannot tell" in sentences(chosen, "val_r2")[1]
