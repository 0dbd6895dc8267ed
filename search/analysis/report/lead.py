"""The first paragraph: how good, how sure, better than what, and at what cost."""

from __future__ import annotations

from search.analysis.facts.leaderboard import Entry
from search.analysis.report.answers import Answers
from search.analysis.report.confirmed import Confirmed
from search.analysis.report.snapshot import Snapshot
from search.conclusion.statistics.words import level_between
from search.references.words import TITLES, strongest
from search.settings.metrics import direction_of, metric_of, sign_of
from search.study.at_best import reached
from search.text.formats import count, duration, number, plural


def lead_of(snapshot: Snapshot, confirmed: Confirmed | None, answers: Answers | str) -> list[str]:
    """Sentences; none before a trial is complete. `answers` of the best trial, or why there are none."""
    if not snapshot.entries:
        return []
    best = snapshot.entries[0]
    told = (
        _tested(confirmed) if confirmed else [*_searched(snapshot, best, answers), *_beside(snapshot, best)]
    )
    return [*told, _cost(snapshot, best, confirmed)]


def _tested(confirmed: Confirmed) -> list[str]:
    """By the test split."""
    conclusion = confirmed.conclusion
    test, metric = conclusion.test, conclusion.metric
    assert test.value is not None
    name = metric.removeprefix("val_")
    value = level_between(test.value, test.interval, metric)
    also = [
        f"{of} {level_between(test.measured[of], test.intervals_beside.get(of), of)}"
        for of in metric_of(metric).beside
        if of in test.measured
    ]
    what = (
        "the network"
        if conclusion.tested_together == 1
        else f"the mean of {conclusion.tested_together} networks"
    )
    with_interval = ", with 95 % intervals by the number of rows" if test.interval else ""
    told = [
        f"On {test.rows:,} test rows, which had no part in training or choosing it, {what} of trial "
        f"{conclusion.winner} has {name} {', '.join([value, *also])}{with_interval}."
    ]
    return [*told, *confirmed.ahead, confirmed.opened]


def _searched(snapshot: Snapshot, best: Entry, answers: Answers | str) -> list[str]:
    """By the validation rows, and what so many rows would know of a trial that they did not choose."""
    study, metric = snapshot.study, snapshot.study.metric
    what = "validation rows" if study.settings.folds is None else "rows of the folds"
    by = f"by {metric} " if study.has_several_aims else ""
    told = [
        f"The best {by}of {plural(len(snapshot.complete), 'complete trial')}, trial {best.trial}, has "
        f"{reached(metric, best.validation, best.beside)} on the {study.rows_judged_by:,} {what} that chose it, so "
        "expect somewhat worse on new rows."
    ]
    interval = None if isinstance(answers, str) else answers.interval(metric.removeprefix("val_"))
    if interval is not None:
        low, high = map(number, interval)
        told.append(
            f"Even of rows that chose nothing, so many would tell it no closer than {low} to {high} (95 %)."
        )
    return told


def _beside(snapshot: Snapshot, best: Entry) -> list[str]:
    """Beside the best reference model, on the same rows."""
    metric = snapshot.study.metric
    references = snapshot.study.record.references.models
    reference = strongest(references, metric, direction_of(metric))
    if reference is None:
        return ["No reference model was fitted, so what it gains over one is not known."]
    theirs = reference.value(metric) or 0.0
    ahead = sign_of(direction_of(metric)) * (best.validation - theirs)
    title = f"the best reference model, the {TITLES[reference.name]} with {number(theirs)} on the same rows"
    if ahead > 0:
        return [f"That is better than {title}, which these rows did not choose: the lead is flattered."]
    return [f"That is {'no better' if not ahead else 'worse'} than {title}: take that one, or search on."]


def _cost(snapshot: Snapshot, best: Entry, confirmed: Confirmed | None) -> str:
    cost = snapshot.cost
    parameters = best.parameters
    if confirmed is not None:
        conclusion = confirmed.conclusion
        parameters = conclusion.standing(conclusion.winner).parameters * conclusion.tested_together
    sealed = (
        "" if confirmed or snapshot.looks else " The test rows are sealed; finalize tests one model on them."
    )
    return (
        f"The search took {duration(cost.wall_seconds)} on the clock, {duration(cost.worker_seconds)} of its workers; "
        f"the model has {count(parameters)} parameters.{sealed}"
    )
