"""What `evaluate` found, in the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from search.analysis.terminal.explanation import explanation_parts
from search.analysis.terminal.tables import facts_table, plain_table
from search.answering.drift import MOST_TOLD, OTHER_SHARE, SHARE, SHIFT, Drift, MovedMost
from search.answering.evaluation import MOST_CLASSES, ClassAnswers, Evaluation
from search.text.formats import number, plural
from search.text.printable import printable

MOST_CLASSES_SHOWN = 20
# Metrics of each of several targets that are shown; --json has all.
_OF_TARGETS = ("rmse", "mae", "r2", "accuracy", "crossentropy", "f1", "auc")


def evaluation_view(evaluation: Evaluation, title: str) -> RenderableType:
    """Metrics, then classes or errors, then what has moved since training, then what the model goes by."""
    return Group(Text(printable(title), style="bold"), *_parts(evaluation))


def _parts(evaluation: Evaluation) -> Iterator[RenderableType]:
    yield plain_table(["metric", "value", "95 % interval"], _metric_rows(evaluation), right=(1,))
    yield from _told(evaluation)
    if evaluation.targets:
        yield ""
        yield from _targets(evaluation)
    if evaluation.confusion is not None:
        yield ""
        yield from _classes(evaluation.classes())
        yield ""
        yield from _mistakes(evaluation)
    if evaluation.residuals is not None:
        facts = facts_table()
        errors = evaluation.residuals
        facts.add_row("mean", number(errors.mean))
        facts.add_row("median", number(errors.median))
        facts.add_row("standard deviation", number(errors.deviation))
        yield from ("", "prediction minus target", facts)
    if evaluation.coverage:
        yield ""
        yield from _coverage(evaluation)
    if evaluation.drift is not None:
        yield ""
        yield from _drift(evaluation.drift)
    if evaluation.explanation is not None:
        yield ""
        yield from explanation_parts(evaluation.explanation)


def _targets(evaluation: Evaluation) -> Iterator[RenderableType]:
    """A line for each, of the rows that have a value of it, quantities in their own units."""
    shown = evaluation.targets[:MOST_CLASSES_SHOWN]
    metrics = [one.metric for one in shown[0][1].metrics if one.metric in _OF_TARGETS]
    rows = []
    for name, one in shown:
        values = {measured.metric: number(measured.value) for measured in one.metrics}
        rows.append((printable(name), f"{one.rows:,}", *(values.get(metric, "–") for metric in metrics)))
    yield plain_table(["target", "rows", *metrics], rows, right=range(1, 2 + len(metrics)))
    if more := len(evaluation.targets) - len(shown):
        yield f"and {plural(more, 'target')} more: --json tells of all"


def _coverage(evaluation: Evaluation) -> Iterator[RenderableType]:
    yield "rows whose target is within the prediction interval"
    rows = (
        (
            f"{one.level:.0%}",
            f"{one.share:.1%}",
            " to ".join(f"{end:.1%}" for end in one.interval),
            number(one.width),
        )
        for one in evaluation.coverage
    )
    yield plain_table(["level", "within", "95 % interval", "mean width"], rows, right=(0, 1, 3))


def _metric_rows(evaluation: Evaluation) -> Iterator[tuple[str, str, str]]:
    for one in evaluation.metrics:
        interval = "–" if one.interval is None else " to ".join(map(number, one.interval))
        yield one.metric, number(one.value), interval


def _told(evaluation: Evaluation) -> Iterator[str]:
    yield f"on {plural(evaluation.rows, 'row')}"
    if evaluation.targets:
        yield (
            f"means over {len(evaluation.targets)} targets, errors in deviations of each; below is each by itself, in "
            "its own units"
        )
    if evaluation.threshold is not None:
        yield f"'{evaluation.class_names[1]}' is answered above a probability of {number(evaluation.threshold)}"
    if evaluation.unlabelled:
        lacking = "a known value of each target" if evaluation.targets else "a target"
        yield f"{plural(evaluation.unlabelled, 'row')} without {lacking} left out"
    if evaluation.unseen:
        yield f"classes that training never saw count as wrong, and only in the accuracy: {_unseen(evaluation)}"
    for name, one in evaluation.targets:
        if one.unseen:
            yield (
                f"classes of '{printable(name)}' that training never saw count as wrong, and only in its own accuracy: "
                f"{_unseen(one)}"
            )


def _unseen(evaluation: Evaluation) -> str:
    shown = ", ".join(f"'{name}' ({rows:,})" for name, rows in evaluation.unseen[:5])
    return shown + (f" and {len(evaluation.unseen) - 5:,} more" if len(evaluation.unseen) > 5 else "")


def _classes(classes: list[ClassAnswers]) -> Iterator[RenderableType]:
    shown = classes
    if len(classes) > MOST_CLASSES_SHOWN:
        there = [one for one in classes if one.rows]
        shown = sorted(there, key=lambda one: one.recall or 0.0)[:MOST_CLASSES_SHOWN]
    rows = (
        (one.name, f"{one.rows:,}", f"{one.predicted:,}", number(one.precision), number(one.recall))
        for one in shown
    )
    yield plain_table(["class", "rows", "predicted", "precision", "recall"], rows, right=range(1, 5))
    if len(shown) < len(classes):
        yield f"the {len(shown)} of {len(classes):,} classes with the least recall: --json tells of all"


def _mistakes(evaluation: Evaluation) -> Iterator[RenderableType]:
    """All of them where classes are few, else the commonest."""
    if evaluation.confusion is not None and len(evaluation.class_names) <= MOST_CLASSES:
        counts = evaluation.confusion.tolist()
        rows = (
            (name, *(f"{count:,}" for count in line))
            for name, line in zip(evaluation.class_names, counts, strict=True)
        )
        headers = ["is", *evaluation.class_names]
        yield "rows of each class, by what was predicted"
        yield plain_table(headers, rows, right=range(1, len(headers)))
        return
    pairs = ((is_, said, f"{rows:,}") for is_, said, rows in evaluation.mixed_up())
    yield plain_table(["is", "commonest mistakes", "rows"], pairs, right=(2,))


def _drift(drift: tuple[Drift, ...]) -> Iterator[RenderableType]:
    bounds = (
        f"{SHARE:.0%} of the rows missing or new, {OTHER_SHARE:.0%} in other categories, or {SHIFT:g} standard "
        "deviations of training"
    )
    if not drift:
        yield f"no column has moved since training by more than {bounds}"
        return
    yield f"moved since training by more than {bounds}, the largest {MOST_TOLD}:"
    yield plain_table(["column", "what"], ((one.column, _moved(one)) for one in drift))


def _most(most: MovedMost) -> str:
    category = "no value" if most.category is None else f"'{printable(most.category)}'"
    return f"{category} in {most.now:.1%}, then {most.trained:.1%}"


def _moved(drift: Drift) -> str:
    if drift.what == "mean":
        return f"mean {drift.size:{'+.2f' if abs(drift.size) < 1000 else '+.3g'}} standard deviations"
    if drift.what == "shares" and drift.most is not None:
        return f"{drift.size:.1%} of the rows in other categories than in training: {_most(drift.most)}"
    what = (
        "missing, in training in none" if drift.what == "missing" else "with a value that training never saw"
    )
    return f"{drift.size:.1%} of the rows {what}"
