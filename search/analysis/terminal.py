"""Studies, trials, spaces and data as tables for a terminal, and as facts for `--json`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from search.analysis.leaderboard import Entry, hyperparameters_of, leaderboard
from search.analysis.overview import Overview, overview
from search.errors import InputError
from search.study import REQUEUED, Study
from storage.artifacts import trial_artifacts

if TYPE_CHECKING:
    from search.data import DataSummary
    from spaces import Space


def overview_table(rows: list[Overview]) -> Table:
    """`perceptuna list`."""
    table = _table("study", "state", "trials", "metric", "best", "data")
    for row in rows:
        trials = f"{row.finished}/{row.budget}" if row.budget else str(row.finished)
        table.add_row(
            row.study, row.state, trials, row.metric or "", _number(row.best), _short_path(row.data)
        )
    return table


def study_facts(study: Study, top: int) -> dict[str, Any]:
    """`perceptuna show --json`."""
    return {
        **overview(study).to_json(),
        "direction": study.direction,
        "states": dict(state_counts(study)),
        "leaderboard": [entry.to_json() for entry in leaderboard(study, top)],
        "settings": study.settings.model_dump(mode="json"),
    }


def study_view(study: Study, top: int) -> RenderableType:
    """`perceptuna show`: states, leaderboard, the best configuration."""
    row = overview(study)
    states = ", ".join(f"{count} {state}" for state, count in state_counts(study).items()) or "no trials yet"
    head = Text.assemble(
        ("study ", "dim"),
        (study.name, "bold"),
        f"  {row.state}  {row.finished}/{row.budget} trials ({states})",
    )
    entries = leaderboard(study, top)
    if not entries:
        return Group(head, Text("no complete trial yet"), *(Text(f"  {line}") for line in _reasons(study)))
    return Group(head, leaderboard_table(entries, study.metric))


def _reasons(study: Study) -> list[str]:
    """Why trials ended without a value, the commonest first."""
    counts = Counter(
        trial.user_attrs.get("reason") or trial.user_attrs.get("stop_reason") for trial in study.finished()
    )
    return [f"{count} × {reason}" for reason, count in counts.most_common(5) if reason]


def state_counts(study: Study) -> Counter[str]:
    """Trials by state; those that were run again are counted as that, not as failed."""
    counts: Counter[str] = Counter()
    for trial in study.optuna.get_trials(deepcopy=False):
        counts["run again" if REQUEUED in trial.user_attrs else trial.state.name.lower()] += 1
    return counts


def leaderboard_table(entries: list[Entry], metric: str) -> Table:
    """Rank, trial, train and validation metric at the best epoch, size, cost, and what it is in words."""
    table = _table(
        "rank", "trial", metric, metric.removeprefix("val_"), "parameters", "epochs", "time", "what it is"
    )
    for column in table.columns[:-1]:
        column.justify, column.no_wrap = "right", True
    for entry in entries:
        table.add_row(
            str(entry.rank),
            str(entry.trial),
            _number(entry.validation),
            _number(entry.train),
            "" if entry.parameters is None else f"{entry.parameters:,}",
            f"{entry.best_epoch}/{entry.epochs}",
            "" if entry.seconds is None else f"{entry.seconds:.1f} s",
            entry.what,
        )
    return table


def next_steps(study: Study, ending: str) -> list[str]:
    """How to browse, resume and export, as commands that can be pasted."""
    option = study.url.option
    best = study.best_trial()
    lines = ["", f"browse:  perceptuna dashboard{option}"]
    if ending != "interrupted":
        lines.append(f"resume:  perceptuna resume {study.name} --add 20{option}")
    if best is not None:
        lines.append(f"export:  perceptuna export {study.name} -o {study.name}.keras{option}")
    return lines


def trial_facts(study: Study, number: int) -> dict[str, Any]:
    """`perceptuna show --trial K --json`: everything that is stored of one trial.

    Raises:
        InputError: there is no such trial.
    """
    trials = study.optuna.get_trials(deepcopy=False)
    if number >= len(trials):
        known = f"0 to {len(trials) - 1}" if trials else "none yet"
        raise InputError(f"--trial: study '{study.name}' has trials {known}, but got {number}")
    trial = trials[number]
    suggested = bool(trial.params) and trial.state.name != "WAITING"
    return {
        "study": study.name,
        "trial": number,
        "state": trial.state.name.lower(),
        "value": trial.value,
        "hyperparameters": hyperparameters_of(study, trial).model_dump(mode="json") if suggested else {},
        "attributes": trial.user_attrs,
        "values_by_epoch": {str(epoch): value for epoch, value in trial.intermediate_values.items()},
        "artifacts": trial_artifacts(trial),
    }


def trial_table(facts: dict[str, Any]) -> RenderableType:
    """`perceptuna show --trial K`."""
    head = Text(f"trial {facts['trial']} of study {facts['study']}: {facts['state']}", style="bold")
    table = _table("", "")
    table.show_header = False
    for section in ("hyperparameters", "attributes"):
        for name, value in facts[section].items():
            table.add_row(name, _number(value) if isinstance(value, float) else str(value))
    curve = ", ".join(f"{epoch}: {value:.4f}" for epoch, value in facts["values_by_epoch"].items())
    return Group(head, table, Text(f"by epoch  {curve}") if curve else Text("no epoch reported"))


def space_table(name: str, space: Space) -> RenderableType:
    """`perceptuna space show`."""
    table = _table("parameter", "kind", "tries", "only when")
    for row in space.rows():
        table.add_row(*row)
    return Group(Text(f"space {name}: {space.summary()}", style="bold"), table)


def data_view(source: str, summary: DataSummary) -> RenderableType:
    """`perceptuna data show`."""
    facts = _table("", "")
    facts.show_header = False
    facts.add_row(
        "rows", f"{summary.rows:,}" + (f" + {summary.given_test:,} test" if summary.given_test else "")
    )
    facts.add_row("one row", f"{summary.kind}, {' × '.join(map(str, summary.input_shape))}")
    facts.add_row("task", summary.task + (f" of '{summary.target}'" if summary.target else ""))
    if summary.imbalance is not None:
        shown = [f"{name} {count:,}" for name, count in list(summary.classes.items())[:12]]
        more = f" and {len(summary.classes) - 12} more" if len(summary.classes) > 12 else ""
        facts.add_row("classes", f"{len(summary.classes)}: {', '.join(shown)}{more}")
        facts.add_row("balance", f"largest class {summary.imbalance:.1f} times the smallest")
    if summary.target_range is not None:
        facts.add_row("target", "{:.6g} to {:.6g}".format(*summary.target_range))
    facts.add_row("missing values", f"{summary.missing:,}")
    parts: list[RenderableType] = [Text(f"data {source}", style="bold"), facts]
    if summary.columns:
        columns = _table("column", "kind", "missing", "distinct", "values")
        for column in summary.columns:
            columns.add_row(
                column.name, column.kind, str(column.missing), str(column.distinct), column.values
            )
        parts.append(columns)
    return Group(*parts, *(Text(f"note: {note}") for note in summary.notes))


def _table(*headers: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for header in headers:
        table.add_column(header)
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if abs(value) < 1000 else f"{value:,.1f}"


def _short_path(data: str | None) -> str:
    return "" if data is None else Path(data).name
