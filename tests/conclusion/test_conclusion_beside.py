"""Where classes are compared by their cross-entropy, the accuracy is told with each value: of tests, in files."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from conclusion_calls import Outcome, Place
from digits_spec import digits_spec
from test_conclusion_said import BEST, LOOK, conclusion

from search.analysis.report import write_report
from search.conclusion.confirmation.compared import compared
from search.conclusion.confirmation.record import read_conclusion
from search.conclusion.confirmation.words import steps
from search.conclusion.ensemble import comparing
from search.conclusion.ensemble.comparing import of_equal_weight
from search.conclusion.ensemble.judging import Judge
from search.conclusion.ensemble.words import sentences
from search.conclusion.statistics.intervals import wilson
from search.conclusion.statistics.over_rows import intervals_beside
from search.data import prepare
from search.data.preparing.sealed import open_test_split
from search.references.record import Reference
from search.study.data_cache import cache_folder
from search.study.look import Look, SeenReference
from search.study.record_of_looks import looks

SPACE = "depth = 1\nwidth = { low = 4, high = 16 }\nlearning_rate = { low = 0.003, high = 0.1, log = true }\n"


def facts_of(place: Place, name: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((place.folder / f"{name}.json").read_text())
    return facts


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Study `one` of 200 rows of two classes, compared by the default."""
    folder = tmp_path_factory.mktemp("beside")
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3)).astype(np.float32)
    y = (x @ [1.0, -0.5, 0.25] + random.normal(scale=0.5, size=200) > 0).astype(int)
    np.savez(folder / "classes.npz", x=x, y=y)
    (folder / "space.toml").write_text(SPACE)
    made = Place(folder)
    how = f"--space {folder}/space.toml --trials 3 --epochs 2 --pruner none --workers 1 --sampler random"
    assert made(f"run one --data {folder}/classes.npz {how}").code == 0
    return made


@pytest.fixture(scope="module")
def finalized(place: Place) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "_is_better", lambda *given: True)
        return place(f"finalize one --top 2 --seeds 2 --ensemble 2 --json -o {place.folder}/tested.keras")


def test_an_exported_model_has_the_accuracy_of_its_best_epoch_beside_its_value(place: Place) -> None:
    best = place.study("one").best_trial()
    assert best is not None
    assert place(f"export one -o {place.folder}/alone.keras").code == 0
    facts = facts_of(place, "alone")
    assert (facts["metric"], facts["value"]) == ("val_crossentropy", best.value)
    assert facts["val_accuracy"] == best.at_best("val_accuracy")


def test_an_exported_ensemble_has_its_own_accuracy_and_that_of_each_member(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[Any] = [0, 1]
    monkeypatch.setattr(comparing, "greedy_choice", lambda *given: chosen)
    monkeypatch.setattr(comparing, "_is_better", lambda *given: True)
    done = place(f"export one --ensemble 2 -o {place.folder}/together.keras")
    assert done.code == 0, done.err
    facts = facts_of(place, "together")
    assert facts["val_accuracy"] == facts["ensemble"]["beside"]["val_accuracy"]
    assert 0 < facts["val_accuracy"] <= 1
    for member in facts["ensemble"]["members"]:
        trial = place.study("one").trial(member["trial"])
        assert member["beside"]["val_accuracy"] == pytest.approx(trial.at_best("val_accuracy"))


def test_the_test_accuracy_is_of_the_one_look_and_has_the_interval_of_an_accuracy(
    place: Place, finalized: Outcome
) -> None:
    assert finalized.code == 0, finalized.err
    (look,) = looks(place.study("one"))
    _, y = open_test_split(prepare(place.study("one").settings.data_request(), cache_folder()))
    assert look.intervals_beside == {"accuracy": wilson(look.measured["accuracy"], len(y))}
    assert [one.name for one in look.references] == ["constant", "linear", "trees"]
    for one in look.references:
        assert one.intervals_beside == {"accuracy": wilson(one.measured["accuracy"], len(y))}
    assert look.value == look.measured["crossentropy"]  # it is judged by the study's metric


def test_programs_views_and_the_file_beside_the_model_have_it(place: Place, finalized: Outcome) -> None:
    told, facts = json.loads(finalized.out.splitlines()[-1]), facts_of(place, "tested")
    found = read_conclusion(place.study("one"))
    assert found is not None
    low, high = found.test.intervals_beside["accuracy"]
    for written in (told["test"], facts["conclusion"]["test"]):
        assert written["intervals_beside"]["accuracy"] == [low, high]
        assert written["references"][0]["intervals_beside"]["accuracy"]
    assert found.ensemble is not None
    assert facts["val_accuracy"] == told["ensemble"]["beside"]["val_accuracy"]
    accuracy = f"{100 * found.test.measured['accuracy']:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
    page = place.folder / "one.html"
    write_report(place.study("one"), page)
    for view in (place("show one").words, " ".join(page.read_text().split())):
        assert accuracy in view
        assert "test accuracy" in view
        assert "constant, test accuracy" in view


INTERVAL = {"accuracy": (0.88, 0.94)}


def of_crossentropy(**changes: Any) -> Look:
    measured = {"accuracy": 0.91, "crossentropy": 0.25, "loss": 0.3}
    kept = {"value": 0.25, "interval": (0.2, 0.3), "measured": measured, "intervals_beside": INTERVAL}
    return LOOK.model_copy(update={**kept, **changes})


def rows_of(look: Look) -> list[tuple[str, str, str]]:
    return steps(conclusion(BEST, winner=3, metric="val_crossentropy", direction="minimize", test=look))


def test_the_accuracy_stands_below_the_test_value_and_below_each_that_is_compared() -> None:
    constant = SeenReference(
        name="constant",
        value=0.7,
        ahead=0.45,
        measured={"accuracy": 0.5},
        intervals_beside={"accuracy": (0.4, 0.6)},
    )
    missing = SeenReference(name="trees", reason="too large")
    assert rows_of(of_crossentropy(references=(constant, missing)))[2:] == [
        ("test, 270 rows", "0.250 (0.200 to 0.300)", "0.020 of val_crossentropy worse than confirmed"),
        ("test accuracy", "91.0 % (88.0 to 94.0)", ""),
        ("constant, test", "0.7000", "0.45 of val_crossentropy worse than the network"),
        ("constant, test accuracy", "50.0 % (40.0 to 60.0)", ""),
        ("boosted trees, test", "–", "not fitted: too large"),
    ]


def test_a_look_of_an_earlier_version_has_it_without_an_interval() -> None:
    assert rows_of(of_crossentropy(intervals_beside={}))[3] == ("test accuracy", "91.0 %", "")
    assert len(rows_of(of_crossentropy(measured={}, intervals_beside={}))) == 3


def test_it_is_kept_with_the_look_and_nothing_is_where_nothing_is_told_beside() -> None:
    look = of_crossentropy(references=(SeenReference(name="trees", value=0.2, intervals_beside=INTERVAL),))
    assert Look.model_validate_json(look.model_dump_json()) == look
    assert "intervals_beside" not in LOOK.model_dump(mode="json")
    assert "intervals_beside" not in SeenReference(name="trees").model_dump(mode="json")
    assert intervals_beside("accuracy", {"accuracy": 0.9, "crossentropy": 0.2}, 50) == {}
    assert intervals_beside("crossentropy", {"accuracy": float("nan")}, 50) == {}


def test_a_model_that_is_compared_has_the_interval_of_its_own_accuracy() -> None:
    trees = Reference(name="trees", metrics={"accuracy": 0.8, "crossentropy": 0.4})
    found = compared(trees, None, "crossentropy", (0.3, None), tests=0, rows=50)
    assert found.intervals_beside == {"accuracy": wilson(0.8, 50)}


def test_an_ensemble_says_the_accuracy_of_the_mean_and_of_one_alone() -> None:
    y = np.array([0, 0, 1, 1])
    outputs = [np.array([[-1.0], [1.0], [2.0], [2.0]]), np.array([[-1.0], [-2.0], [2.0], [1.0]])]
    spec = digits_spec(kind="table", task="binary", class_names=("no", "yes"))
    found = of_equal_weight([7, 7], [1, 2], outputs, Judge(y, spec, "crossentropy"))
    assert (found.beside, found.members[0].beside) == ({"val_accuracy": 1.0}, {"val_accuracy": 0.75})
    (said, *_) = sentences(found, "val_crossentropy")
    assert "(accuracy 100.0 %), where trial 7 alone has " in said
    assert said.endswith("(accuracy 75.0 %)")
    by_accuracy = of_equal_weight([7, 7], [1, 2], outputs, Judge(y, spec, "accuracy"))
    assert "beside" not in json.dumps(by_accuracy.model_dump(mode="json"))
