"""One study in the terminal: where it stands, leaderboard, best configuration, what mattered; and as facts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from search.analysis.facts.importance import importances
from search.analysis.facts.leaderboard import Entry, leaderboard, not_comparable
from search.analysis.facts.overview import overview
from search.analysis.facts.pace import time_left
from search.analysis.terminal.chart import sparkline
from search.analysis.terminal.confirmation import of_study
from search.analysis.terminal.tables import plain_table
from search.conclusion.confirmation.record import read_conclusion
from search.driving.remaining import span
from search.settings.metrics import is_better, on_train_rows
from search.study.attempts import INFEASIBLE, REQUEUED
from search.study.constant import remark_on_constant
from search.study.links import how_to_browse
from search.study.looks import looks
from search.study.origin import ADOPTED
from search.study.planned import PLANNED
from search.study.study import Study
from search.text.formats import count, duration, hyperparameter, number, plural
from search.text.printable import printable
from spaces import idle

# Narrower than this, words beside the figures would be broken into a column of single words.
_WIDE_ENOUGH = 110
_IMPORTANCES_SHOWN = 6


def study_facts(study: Study, top: int) -> dict[str, Any]:
    """`perceptuna show --json`."""
    row = overview(study)
    left = time_left(study, study.settings) if row.state == "running" else None
    conclusion = read_conclusion(study)
    return {
        **row.to_json(),
        "direction": study.direction,
        "states": dict(state_counts(study)),
        "seconds_left": left.to_json() if left else None,
        "leaderboard": [entry.to_json() for entry in leaderboard(study, top)],
        "not_comparable": [entry.to_json() for entry in not_comparable(study, top)],
        "best_so_far": [
            {"trial": trial, "value": value} for trial, value in dict.fromkeys(best_after_each(study))
        ],
        "remarks": remarks(study),
        "importances": dict(importances(study)),
        "conclusion": conclusion and conclusion.model_dump(mode="json"),
        "test_split_opened": len(looks(study)),
        "settings": study.settings.model_dump(mode="json"),
    }


def study_view(study: Study, top: int) -> RenderableType:
    """`perceptuna show`."""
    row = overview(study)
    states = (
        ", ".join(f"{amount:,} {state}" for state, amount in state_counts(study).items()) or "no trials yet"
    )
    state = f"{row.state} by {row.driver}" if row.driver else row.state
    left = f", about {span(time_left(study, study.settings))} left" if row.state == "running" else ""
    head = Text.assemble(
        ("study ", "dim"),
        (printable(study.name), "bold"),
        f"  {state}  {row.finished:,}/{study.settings.trials:,} trials ({states}){left}",
    )
    entries = leaderboard(study, top)
    if not entries:
        reasons = (f"  {line}" for line in _reasons(study))
        return Group(head, "no complete trial yet", *reasons, *_apart(study))
    board = Leaderboard(entries, study.metric)
    concluded = of_study(study, row.finished)
    noted = remarks(study)
    return Group(
        head,
        board,
        *_best(study, entries[0]),
        *(["", *noted] if noted else []),
        *_importances(study),
        *_apart(study),
        *concluded,
    )


class Leaderboard:
    """Rank, trial, train and validation metric at the best epoch, size, cost, and what it is in words.

    The words stand beside the figures where there is room for them, and below them where there is not.
    """

    def __init__(self, entries: list[Entry], metric: str) -> None:
        self._entries = entries
        self._metric = metric

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= _WIDE_ENOUGH
        table = plain_table(
            "rank", "trial", self._metric, on_train_rows(self._metric), "parameters", "epochs", "time"
        )
        for column in table.columns:
            column.justify, column.no_wrap = "right", True
        if wide:
            table.add_column("what it is")
        for entry in self._entries:
            table.add_row(*_figures(entry), *([entry.what] if wide else []))
        if wide:
            yield table
            return
        head, *lines = console.render_lines(table, options, pad=False)
        yield from (*head, Segment.line())
        for line, entry in zip(lines, self._entries, strict=True):
            yield from (*line, Segment.line())
            yield Text(printable(f"      {entry.what}"), style="dim")


def _figures(entry: Entry) -> list[str]:
    return [
        str(entry.rank),
        str(entry.trial),
        number(entry.validation),
        number(entry.train),
        count(entry.parameters),
        f"{count(entry.best_epoch)}/{count(entry.epochs)}",
        duration(entry.seconds),
    ]


def _best(study: Study, best: Entry) -> list[RenderableType]:
    """The best configuration in full, and how the study came to it."""
    without_effect = set(idle(best.hyperparameters, study.data.task, study.data.kind))
    values = ", ".join(
        f"{name} {hyperparameter(value)}"
        for name, value in best.hyperparameters.items()
        if name in study.space.parameters and name not in without_effect
    )
    so_far = [value for _, value in best_after_each(study)]
    course = f"{number(so_far[0])} {sparkline(so_far)} {number(so_far[-1])}"
    return [
        "",
        Text.assemble(("best configuration  ", "dim"), f"trial {best.trial}: {values}"),
        # One trial has no course.
        *([Text.assemble((f"best {study.metric} over trials  ", "dim"), course)] if len(so_far) > 1 else []),
    ]


def _importances(study: Study) -> list[RenderableType]:
    found = importances(study)
    if not found:
        return []
    table = plain_table("what mattered", "", "")
    for name, share in found[:_IMPORTANCES_SHOWN]:
        table.add_row(name, f"{share:4.0%}", "█" * round(share * 30))
    return ["", table]


_REPEATED = 0.5


def remarks(study: Study) -> list[str]:
    """What a reader of the best value should know: that a constant reaches it, that few configurations were tried."""
    best = study.best_trial()
    told = [] if best is None or best.value is None else [remark_on_constant(study, best.value)]
    tried = [trial for trial in study.finished() if trial.params]
    different = len({(repr(sorted(trial.params.items())), trial.user_attrs.get(PLANNED)) for trial in tried})
    if study.companion_of is None and len(tried) > 1 and different <= _REPEATED * len(tried):
        told.append(
            f"Only {plural(different, 'different configuration')} {'was' if different == 1 else 'were'} tried in "
            f"{plural(len(tried), 'trial')}: the space holds few, or the sampler repeats itself. "
            "Widen the space for more."
        )
    return [line for line in told if line]


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


def best_after_each(study: Study) -> list[tuple[int, float]]:
    """Number and value of the best trial after each complete one, in the order in which they ended."""
    direction = study.direction
    best: list[tuple[int, float]] = []
    for trial in sorted(study.ranked(), key=lambda trial: (trial.datetime_complete, trial.number)):
        this = (trial.number, float(trial.value or 0.0))
        best.append(this if not best or is_better(this[1], best[-1][1], direction) else best[-1])
    return best


def _reasons(study: Study) -> list[str]:
    """Why trials ended without a value, the commonest first."""
    counts = Counter(
        trial.user_attrs.get("reason") or trial.user_attrs.get("stop_reason") for trial in study.finished()
    )
    return [f"{amount:,} × {reason}" for reason, amount in counts.most_common(5) if reason]


def state_counts(study: Study) -> Counter[str]:
    """Trials by state; apart from them those that were run again, too large to be trained, or another study's."""
    counts: Counter[str] = Counter()
    for trial in study.optuna.get_trials(deepcopy=False):
        special = {REQUEUED: "run again", INFEASIBLE: "infeasible", ADOPTED: "taken over"}
        marked = [word for key, word in special.items() if key in trial.user_attrs]
        counts[marked[0] if marked else trial.state.name.lower()] += 1
    return counts


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
