"""One study: where it stands, leaderboard, best configuration, what mattered; in the terminal and as JSON."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from search.analysis.facts.beside import beside_of, reference_json
from search.analysis.facts.best_so_far import improvements
from search.analysis.facts.importance import importances
from search.analysis.facts.leaderboard import Entry, board, front, leaderboard, not_comparable
from search.analysis.facts.overview import overview
from search.analysis.facts.remarks import remarks, state_counts
from search.analysis.facts.table_rows import Column, columns_of, rows_of
from search.analysis.facts.time_left import time_left
from search.analysis.terminal.chart import sparkline
from search.analysis.terminal.confirmation import of_study
from search.analysis.terminal.ranked_table import RankedTable
from search.analysis.terminal.tables import plain_table
from search.conclusion.confirmation.record import read_conclusion
from search.driving.remaining import left_forms
from search.models.threshold import decision_sentence, with_threshold
from search.settings.aims import aims_in_words
from search.settings.chosen_metric import compared_by
from search.settings.folds import folds_in_words
from search.study.links import how_to_browse
from search.study.record_of_looks import looks
from search.study.study import Study
from search.study.trial_record import state_word
from search.text.formats import hyperparameter, number, plural
from search.text.printable import printable
from spaces import idle

if TYPE_CHECKING:
    from search.study.trial_record import TrialRecord
    from search.training.decision import Decision

# Narrower than this, words beside the figures would be broken into a column of single words.
WIDE_ENOUGH = 110
_IMPORTANCES_SHOWN = 6


def study_json(study: Study, top: int) -> dict[str, Any]:
    """`perceptuna show --json`."""
    row = overview(study)
    left = time_left(study, study.settings) if row.state == "running" else None
    conclusion, references = read_conclusion(study), study.record.references.models
    return {
        **row.to_json(),
        "direction": study.direction,
        "states": dict(state_counts(study)),
        "seconds_left": left.to_json() if left else None,
        **(
            {"aims": list(study.aims), "front": [entry.to_json() for entry in front(study)]}
            if study.has_several_aims
            else {}
        ),
        "leaderboard": [entry.to_json() for entry in leaderboard(study, top)],
        "not_comparable": [entry.to_json() for entry in not_comparable(study, top)],
        "best_so_far": [
            {"trial": trial.number, "value": trial.value}
            for trial in improvements(in_order(study), study.direction)
        ],
        "remarks": remarks(study),
        **({"references": [reference_json(one) for one in references]} if references else {}),
        "importances": dict(importances(study)),
        **with_threshold({}, _decision(study)),
        "conclusion": conclusion and conclusion.model_dump(mode="json"),
        "test_split_opened": len(looks(study)),
        "settings": study.settings.model_dump(mode="json"),
        **({"split": study.data.split} if study.data.split else {}),
    }


def study_view(study: Study, top: int) -> RenderableType:
    """`perceptuna show`."""
    row = overview(study)
    states = (
        ", ".join(f"{amount:,} {state_word(state)}" for state, amount in state_counts(study).items())
        or "no trials yet"
    )
    state = f"{row.state} by {row.driver}" if row.driver else row.state
    left = ""
    if row.state == "running":
        left = f", {left_forms(time_left(study, study.settings), row.finished)[0]}"
    head = Text.assemble(
        ("study ", "dim"),
        (printable(study.name), "bold"),
        f"  {state}  {row.finished:,}/{study.settings.trials:,} trials ({states}){left}",
    )
    by = Text("\n".join([*_compared_by(study), *_split(study)]), style="dim")
    entries = board(study, top)
    if not entries:
        reasons = (f"  {line}" for line in _reasons(study))
        return Group(head, by, "no complete trial yet", *reasons, *_beside(study), *_apart(study))
    table = Leaderboard(entries, columns_of(study, entries))
    concluded = of_study(study, row.finished)
    noted: list[RenderableType] = [Text(line, style="bold") for line in remarks(study)]
    return Group(
        head,
        by,
        *_over_the_front(study, len(entries)),
        table,
        *([] if study.has_several_aims else _best(study, entries[0])),
        *(["", *noted] if noted else []),
        *_beside(study),
        *_importances(study),
        *_apart(study),
        *concluded,
    )


def _compared_by(study: Study) -> list[str]:
    lines = [compared_by(study.metric)]
    return [*lines, aims_in_words(study.aims)] if study.has_several_aims else lines


def _over_the_front(study: Study, shown: int) -> list[RenderableType]:
    """What the table of a study of several aims has."""
    if not study.has_several_aims:
        return []
    there = len(study.front())
    some = f", of which the first {shown:,} are shown" if shown < there else ""
    what = f"the front has {plural(there, 'trial')}{some}: none is as good in all aims and better in one"
    return [Text(what)]


class Leaderboard:
    """The columns of the leaderboard.

    Words stand beside the figures where there is room for them, and below them where there is not.
    """

    def __init__(self, entries: list[Entry], columns: list[Column]) -> None:
        self._entries = entries
        self._columns = columns

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = self._columns
        # A figure that can be put below takes room from the words.
        more = sum(len(column.name) + 2 for column in columns if column.is_figure and column.below)
        wide = options.max_width >= WIDE_ENOUGH + more
        shown = columns if wide else [column for column in columns if column.below is None]
        figures = [place for place, column in enumerate(shown) if column.is_figure]
        names = [column.name for column in shown]
        of_train_rows = (name for name in names if name.startswith("train "))
        left_out = (*of_train_rows, "parameters", "epochs", "time", "rank")
        table = RankedTable(names, rows_of(shown, self._entries), figures, () if wide else left_out)
        if wide:
            yield table
            return
        below = [(column, column.below) for column in columns if column.below is not None]
        head, *lines = console.render_lines(table, options, pad=False)
        yield from (*head, Segment.line())
        for line, entry in zip(lines, self._entries, strict=True):
            words = ": ".join(form.format(column.words(entry)) for column, form in below)
            yield from (*line, Segment.line())
            yield Padding(Text(printable(words), style="dim"), (0, 0, 0, 6))


def _best(study: Study, best: Entry) -> list[RenderableType]:
    """The best configuration in full, and how the study came to it."""
    without_effect = set(idle(best.hyperparameters, study.data.task, study.data.kind))
    values = ", ".join(
        f"{name} {hyperparameter(value)}"
        for name, value in best.hyperparameters.items()
        if name in study.space.parameters and name not in without_effect
    )
    best_of = max if study.direction == "maximize" else min
    so_far = list(accumulate((trial.value or 0.0 for trial in in_order(study)), best_of))
    course = f"{number(so_far[0])} {sparkline(so_far)} {number(so_far[-1])}"
    beside = "".join(f", {name} {number(of)}" for name, of in best.beside.items())
    decision, of_folds = _decision(study), study.settings.folds is not None
    answered = (
        []
        if decision is None
        else [decision_sentence(decision, study.data.class_names[1], of_folds=of_folds)]
    )
    return [
        "",
        _hanging("best configuration", f"trial {best.trial}{beside}: {values}"),
        *map(printable, answered),
        # One trial has no course.
        *([Text.assemble((f"best {study.metric} over trials  ", "dim"), course)] if len(so_far) > 1 else []),
    ]


def _hanging(label: str, words: str) -> RenderableType:
    """`words` beside their label: what has no room on the first line stands below them."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_row(Text(label, style="dim"), Text(printable(words)))
    return grid


def _decision(study: Study) -> Decision | None:
    """From which probability on the best model names the second of two classes, where its rows fitted that."""
    best = study.best_trial()
    return None if best is None else best.decision(study.metric)


def _split(study: Study) -> list[str]:
    """How rows were split, where the user said how, and of how many folds a value is."""
    told = (study.data.split, folds_in_words(study.settings, study.data))
    return [printable(line) for line in told if line]


def _beside(study: Study) -> list[RenderableType]:
    """Reference models, on the same rows."""
    beside = beside_of(study)
    if beside is None:
        return []
    figures = range(1, len(beside.headers))
    metrics = beside.headers[1:-1]
    table = RankedTable(beside.headers, beside.rows, figures, ("time", *reversed(metrics[1:])))
    return ["", table, *map(Text, beside.notes)]


def _importances(study: Study) -> list[RenderableType]:
    found = importances(study)
    if not found:
        return []
    rows = ((name, f"{share:4.0%}", "█" * round(share * 30)) for name, share in found[:_IMPORTANCES_SHOWN])
    what = f"what mattered for {study.metric}" if study.has_several_aims else "what mattered"
    return ["", plain_table([what, "", ""], rows)]


_APART_SHOWN = 3


def _apart(study: Study) -> list[RenderableType]:
    """Trials of an earlier study that came along by --allow-different: not ranked, since their values cannot be."""
    entries = not_comparable(study, _APART_SHOWN)
    if not entries:
        return []
    count = len(study.not_comparable())
    told = f"taken over and not comparable, so not ranked: {plural(count, 'complete trial')}" + (
        f"; of them the first {len(entries)}:" if count > len(entries) else ":"
    )
    return ["", told, *(f"  {study.metric} {number(entry.validation)}  {entry.what}" for entry in entries)]


def in_order(study: Study) -> list[TrialRecord]:
    """Its ranked trials in the order in which they ended."""
    return sorted(study.ranked(), key=lambda trial: (trial.datetime_complete, trial.number))


def _reasons(study: Study) -> list[str]:
    """Why trials ended without a value, the commonest first."""
    counts = Counter(trial.reason or (trial.stop and trial.stop.text()) for trial in study.finished())
    return [f"{amount:,} × {reason}" for reason, amount in counts.most_common(5) if reason]


def next_steps(study: Study, ending: str) -> list[str]:
    """How to browse, resume, export and confirm, as commands that can be pasted.

    A budget that is used up has to be raised; a study that ended by time has trials left.
    """
    option = study.url.option
    best = study.best_trial()
    lines = ["", f"browse:  {how_to_browse(study)}"]
    if ending != "interrupted":
        more = " --add 20" if ending == "budget" else ""
        lines.append(f"resume:  perceptuna resume {study.name}{more}{option}")
    if best is not None:
        lines.append(f"export:  perceptuna export {study.name} -o {study.name}.keras{option}")
        if ending != "interrupted":
            lines.append(f"confirm: perceptuna finalize {study.name} -o {study.name}-final.keras{option}")
    return lines
