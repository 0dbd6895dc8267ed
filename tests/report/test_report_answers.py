"""What the page says of the best model's answers: pictures, classes, and the first paragraph."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from digits_spec import digits_spec
from made_studies import made_answers, made_study, made_trial

from search.analysis.report.answers import Answers
from search.analysis.report.class_figures import all_of as class_pictures
from search.analysis.report.drawing import page_style
from search.analysis.report.page import render
from search.analysis.report.residual_figures import all_of as residual_pictures
from search.analysis.report.snapshot import snapshot_of
from search.data.preparing.log_target import LogTarget
from search.data.preparing.spec import TargetSpec


def regression(rows: int = 2000) -> Answers:
    random = np.random.default_rng(0)
    answers = random.uniform(1, 5, rows)
    y = answers + answers * random.normal(size=rows)
    y[0] = 1000.0
    spec = digits_spec(task="regression", class_names=(), class_counts=(), target="price")
    return Answers(spec, answers, y)


def test_an_interval_of_the_metric_counts_rows_by_their_weights() -> None:
    found = regression()
    errors, weights = np.abs(found.errors), np.where(np.abs(found.errors) > 1, 0.0, 1.0)
    low, high = replace(found, weights=weights).interval("mae") or (0.0, 0.0)
    assert low < np.average(errors, weights=weights) < high < errors.mean()


def test_an_interval_is_in_the_targets_units_where_its_logarithm_is_learnt() -> None:
    found = regression()
    log = LogTarget(unit=1.0, mean=1.0, std=0.5, largest=2000.0)
    learnt_so = replace(found, spec=found.spec.model_copy(update={"target_log": log}))
    assert learnt_so.interval("mae") == found.interval("mae")


def test_precision_and_recall_of_each_class_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import precision_recall_fscore_support

    found = made_answers()
    precision, recall, f1, rows = precision_recall_fscore_support(found.y, found.answers[:, 1] > 0.5)
    for place, (name, of, _, *told) in enumerate(found.class_rows):
        assert name == found.spec.class_names[place]
        assert of == f"{rows[place]:,}"
        assert [float(value) for value in told] == pytest.approx(
            [precision[place], recall[place], f1[place]], abs=1e-4
        )


def test_a_point_of_the_curve_is_what_answering_above_its_threshold_comes_to() -> None:
    found = made_answers()
    with page_style():
        picture = str(class_pictures(found)[0][0])
    told = dict(re.findall(r"above (0\.\d): (precision [\d.]+, recall [\d.]+)", picture))
    assert list(told)[:3] == ["0.1", "0.2", "0.3"]
    for threshold, words in told.items():
        answered = found.answers[:, 1] > float(threshold)
        hits = (answered & (found.y > 0)).sum()
        assert words == f"precision {hits / answered.sum():.3f}, recall {hits / (found.y > 0).sum():.3f}"


def test_groups_of_a_calibration_hold_as_many_rows_each() -> None:
    with page_style():
        picture = str(class_pictures(made_answers())[1][0])
    told = re.findall(r"given ([\d.]+), true ([\d.]+) of 200 rows", picture)
    assert len(told) == 10
    assert all(abs(float(given) - float(true)) < 0.12 for given, true in told)


@pytest.mark.parametrize(
    "found",
    [made_answers(), made_answers(3), regression(), regression(2)],
    ids=["two classes", "of few rows", "quantities", "two of them"],
)
def test_pictures_have_words_for_who_does_not_see_them_and_names_are_text(found: Answers) -> None:
    of = residual_pictures if found.spec.task == "regression" else class_pictures
    with page_style():
        for picture, caption in of(found):
            assert re.search(r'role="img" aria-label="[^"]{20,}"', str(picture))
            assert "<b>" not in picture
            assert caption.endswith(".")


def test_more_than_a_few_classes_are_told_by_those_with_the_least_recall() -> None:
    random = np.random.default_rng(1)
    names = tuple(f"c{number}" for number in range(30))
    spec = digits_spec(class_names=names, class_counts=(10,) * 30)
    answers = random.dirichlet(np.ones(30), 600)
    found = Answers(spec, answers, random.integers(30, size=600))
    assert len(found.class_rows) == 20
    recalls = [float(row[4]) for row in found.class_rows]
    assert recalls == sorted(recalls)
    with page_style():
        assert len(class_pictures(found)) == 1  # the calibration


def test_one_wild_error_does_not_make_the_others_a_line() -> None:
    found = regression()
    with page_style():
        picture = str(residual_pictures(found)[0][0])
    drawn = [float(y) for y in re.findall(r'<use [^>]*y="([\d.]+)"', picture)]
    assert np.ptp(drawn) > 100
    assert np.std(drawn) > 15


def test_the_page_begins_with_how_good_how_sure_better_than_what_and_at_what_cost() -> None:
    study = made_study([made_trial(0, 0.9), made_trial(1, 0.96)])
    page = render(snapshot_of(study, 5), "its model is not there")
    lead = re.search(r'<p class="lead">(.*?)</p>', page, re.DOTALL)
    assert lead is not None
    assert "The best of 2 complete trials, trial 1, has val_accuracy 0.9600" in lead[1]
    assert "validation rows that chose it" in lead[1]
    assert "No reference model was fitted" in lead[1]
    assert "The search took" in lead[1]
    assert "finalize tests one model" in lead[1]
    assert "Not shown: its model is not there." in page
    assert 'class="lead"' not in render(snapshot_of(made_study([]), 5))


def several(targets: int, *, labels: bool) -> Answers:
    """The first is that of `made_answers` or `regression`, the others are it with other rows."""
    one = made_answers() if labels else regression()
    answers = one.answers[:, 1] if labels else one.answers
    shift = [np.roll(np.arange(len(answers)), place) for place in range(targets)]
    specs = tuple(
        TargetSpec(
            name=f"<i>{place}</i>", class_names=one.spec.class_names, class_counts=one.spec.class_counts
        )
        for place in range(targets)
    )
    task = "multilabel" if labels else "multioutput"
    spec = one.spec.model_copy(update={"task": task, "targets": specs, "class_names": (), "class_counts": ()})
    return Answers(
        spec, np.stack([answers[rows] for rows in shift], 1), np.stack([one.y[rows] for rows in shift], 1)
    )


@pytest.mark.parametrize("labels", [True, False])
def test_each_target_has_the_pictures_of_a_single_one_folded_from_the_second_on(labels: bool) -> None:
    found = several(3, labels=labels)
    study = made_study([made_trial(0, 0.9)], of=found.spec)
    section = re.search(
        r'<section id="answers">(.*?)</section>', render(snapshot_of(study, 5), found), re.DOTALL
    )
    assert section is not None
    opened, *folded = section[1].split("<details>")
    assert len(folded) == 2
    pictures = 3 if labels else 2
    assert [part.count("<figure>") for part in (opened, *folded)] == [pictures] * 3
    assert all(
        f"<summary>&lt;i&gt;{place}&lt;/i&gt;</summary>" in part for place, part in enumerate(folded, 1)
    )
    ids = re.findall(r' id="([^"]+)"', section[1])
    assert len(ids) == len(set(ids))
    alone = found.of_targets()[0]
    expected = made_answers() if labels else regression()
    assert np.array_equal(alone.answers, expected.answers)
    assert np.array_equal(alone.y, expected.y)
    assert ("precision over recall" in opened) == labels


def test_of_many_targets_the_first_are_drawn() -> None:
    found = several(12, labels=False)
    drawn = found.of_targets()
    assert [one.spec.target for one in drawn] == [f"<i>{place}</i>" for place in range(10)]
    assert len({one.mark for one in drawn}) == 10
