"""What a model goes by, in the terminal: columns that matter, answers along them, rows that it gets most wrong."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from search.analysis.terminal.tables import plain_table
from search.answering.explaining.explanation import PREDICTION_OF, Dependence, Explanation, WrongRow
from search.text.formats import number, plural
from search.text.printable import printable

MOST_COLUMNS = 15
_MOST_ANSWERS = 4
_VALUES_SHOWN = 4


def explanation_parts(explanation: Explanation) -> Iterator[RenderableType]:
    """Nothing but the rows that are most wrong, of images."""
    if explanation.importances:
        yield from _importances(explanation)
        for one in explanation.dependences:
            yield ""
            yield from _along(one, explanation)
        yield ""
    yield from _wrong(explanation)


def _importances(explanation: Explanation) -> Iterator[RenderableType]:
    of = "" if explanation.rows == explanation.of else f" of {explanation.of:,}"
    metric = explanation.metric
    yield (
        f"how much worse {metric} gets when a column is shuffled, from {number(explanation.value)}: mean and standard "
        f"error of {explanation.shuffles} shuffles of {explanation.rows:,}{of} rows"
    )
    shown = explanation.importances[:MOST_COLUMNS]
    rows = ((printable(one.column), number(one.worse), number(one.error)) for one in shown)
    yield plain_table(["column", "worse by", "±"], rows, right=(1, 2))
    if more := len(explanation.importances) - len(shown):
        yield f"and {plural(more, 'column')} of less importance: --json tells of all"


def _along(dependence: Dependence, explanation: Explanation) -> Iterator[RenderableType]:
    names = explanation.answers[:_MOST_ANSWERS]
    left_out = "" if len(names) == len(explanation.answers) else f" (the first {len(names)} classes)"
    what = "prediction" if explanation.of_quantities else "probability"
    if explanation.of_quantities:
        left_out = left_out.replace("classes", "targets")
        names = tuple(name.removeprefix(PREDICTION_OF) for name in names)
    elif len(names) == 1:
        what = f"probability of '{printable(names[0])}'"
    yield f"mean {what}{left_out} if all rows had this value of '{printable(dependence.column)}'"
    rows = (
        (printable(point.value), *(number(answer) for answer in point.answers[: len(names)]))
        for point in dependence.points
    )
    yield plain_table(["value", *map(printable, names)], rows, right=range(1, 1 + len(names)))


def _wrong(explanation: Explanation) -> Iterator[RenderableType]:
    if not explanation.wrong:
        yield "no row is answered wrong"
        return
    by = "absolute error" if explanation.of_quantities else "cross-entropy"
    if explanation.of_quantities and len(explanation.answers) > 1:
        by = "mean error in deviations"
    yield f"answered most wrong, by {by}"
    numbered = explanation.wrong[0].row is not None
    headers = [*(["row"] if numbered else []), "is", "answered", by, "with"]
    rows = (
        (
            *([f"{one.row:,}"] if one.row is not None else []),
            printable(one.target),
            printable(one.answer),
            number(one.wrong),
            printable(_values(one)),
        )
        for one in explanation.wrong
    )
    yield plain_table(headers, rows, right=((0, 3) if numbered else (2,)))


def _values(row: WrongRow) -> str:
    if row.file is not None:
        return row.file
    return ", ".join(f"{name} {value}" for name, value in list(row.values.items())[:_VALUES_SHOWN])
