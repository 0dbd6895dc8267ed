"""Reference models are fitted again on training rows, and judged in the same look at the test rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bundled_tables import bundled
from test_conclusion_said import BEST, LOOK, conclusion

from search.conclusion.confirmation.compared import compared, seen_references
from search.conclusion.confirmation.words import against_references, steps
from search.conclusion.statistics.intervals import difference_over_rows, wilson
from search.references.record import NAMES, Reference
from search.settings.settings import StudySettings
from search.study.look import Look, SeenReference

SETTINGS = StudySettings(data="t.csv", seed=3)


def test_each_has_the_interval_of_the_network_and_is_compared_with_it_row_by_row(tmp_path: Path) -> None:
    data = bundled("multiclass").saved(tmp_path)
    rows = tuple(np.load(tmp_path / f"test_{letter}.npy", mmap_mode="r") for letter in "xy")
    scores = np.ones(len(rows[1]))
    said: list[str] = []
    found = seen_references(data, (rows[0], rows[1]), SETTINGS, "accuracy", (1.0, scores), said.append)
    assert [one.name for one in found] == list(NAMES)
    assert len(said) == 1
    for one in found:
        assert one.value is not None
        assert one.interval == wilson(one.value, len(scores))
        assert one.ahead == pytest.approx(1 - one.value)
        assert one.measured.keys() == {"accuracy", "crossentropy", "auc", "f1", "balanced_accuracy"}
    constant, *others = found
    assert constant.p is not None
    assert constant.p < 0.001
    assert all((one.value or 0) > (constant.value or 0) for one in others)


def test_images_have_none_and_a_loss_compares_none(tmp_path: Path) -> None:
    table = bundled("multiclass")
    data = table.saved(tmp_path)
    images = type(data)(tmp_path, table.spec.model_copy(update={"kind": "image"}))
    assert seen_references(images, table.validation, SETTINGS, "accuracy", (1.0, None), print) == ()
    assert seen_references(data, table.validation, SETTINGS, "loss", (1.0, None), print) == ()


def test_several_comparisons_widen_the_interval() -> None:
    random = np.random.default_rng(0)
    own, other = random.normal(1.0, 0.1, 40), random.normal(1.05, 0.1, 40)
    trees = Reference(name="trees", metrics={"mae": float(other.mean())})
    found = compared(trees, other, "mae", (float(own.mean()), own), tests=3, rows=40)
    wanted = difference_over_rows(own.tolist(), other.tolist(), 3).times(-1)
    assert (found.ahead, found.ahead_interval, found.p) == (wanted.mean, wanted.interval, wanted.p)
    assert found.ahead is not None
    assert found.ahead > 0  # less is better


@pytest.mark.parametrize("value", [None, float("inf")])
def test_one_without_a_value_says_why(value: float | None) -> None:
    metrics = {} if value is None else {"r2": value}
    reason = "not finished within 600 s of CPU time" if value is None else None
    found = compared(
        Reference(name="trees", metrics=metrics, reason=reason), None, "r2", (0.5, None), tests=0, rows=40
    )
    assert found.ahead is found.value is None
    assert found.reason == (reason or "its r2 is no finite number")


def sentences(*references: SeenReference) -> list[str]:
    looked = conclusion(BEST, winner=3, test=LOOK.model_copy(update={"references": references}))
    return against_references(looked)


def seen(name: str, ahead: float, p: float | None) -> SeenReference:
    interval = None if p is None else (ahead - 0.01, ahead + 0.01)
    return SeenReference(name=name, value=0.8 - ahead, ahead=ahead, ahead_interval=interval, p=p)


def test_who_is_ahead_is_said_and_whether_that_may_be_chance() -> None:
    constant, linear = seen("constant", 0.3, 0.001), seen("linear", 0.05, 0.001)
    assert sentences() == []
    assert sentences(constant, linear, seen("trees", -0.02, 0.001)) == [
        "On the test rows the network is behind the boosted trees by 2.0 ± 1.0 points, more than chance."
    ]
    assert sentences(constant, linear) == [
        "On the test rows the network is ahead of the linear model by 5.0 ± 1.0 points, more than chance."
    ]
    assert sentences(constant, seen("trees", 0.004, 0.4)) == [
        "On the test rows the network is ahead of the boosted trees by 0.4 ± 1.0 points, which may be chance."
    ]
    assert sentences(constant, seen("trees", 0.0, None)) == [
        "On the test rows the network is no better than the boosted trees: both have the same val_accuracy."
    ]
    (said,) = sentences(seen("constant", 0.3, None), seen("trees", 0.1, None))
    assert said.endswith("by 10.0 points; whether that is more than chance, rows do not show of accuracy.")


def test_a_network_that_does_not_beat_one_answer_for_every_row_is_told_so() -> None:
    _, said = sentences(seen("constant", -0.01, 0.5), seen("linear", 0.01, 0.5))
    assert said == "No better than one answer for every row: nothing was learnt from the features."
    _, said = sentences(seen("constant", 0.01, 0.5), seen("linear", 0.02, 0.5))
    assert said == "It is not better than one answer for every row by more than chance could make."


def test_they_stand_below_the_winners_values() -> None:
    references = (seen("trees", -0.02, 0.001), SeenReference(name="linear", reason="too large"))
    looked = conclusion(BEST, winner=3, test=LOOK.model_copy(update={"references": references}))
    assert steps(looked)[3:] == [
        ("boosted trees, test", "82.0 %", "2.0 ± 1.0 points better than the network"),
        ("linear model, test", "–", "not fitted: too large"),
    ]


def test_a_look_without_them_is_written_as_before_there_were_any() -> None:
    assert "references" not in LOOK.model_dump(mode="json")
    looked = LOOK.model_copy(update={"references": (seen("trees", 0.1, 0.2),)})
    assert Look.model_validate_json(looked.model_dump_json()) == looked
