"""`--ensemble`: several networks averaged in one file, which is written only where it is better."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest
from conclusion_calls import Place, Story
from digits_spec import digits_spec

from search.conclusion.ensemble import comparing
from search.conclusion.ensemble.comparing import of_equal_weight
from search.conclusion.ensemble.judging import Judge
from search.conclusion.ensemble.record import Ensemble
from search.conclusion.ensemble.words import sentences
from search.data import prepare
from search.study.data_cache import cache_folder


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
