"""One trial: what it was, how it went, its learning curve drawn; in the terminal and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from search.analysis.terminal.chart import line_chart
from search.analysis.terminal.tables import facts_table
from search.settings.aims import aim_value, column_of
from search.settings.metrics import on_train_rows
from search.study.at_best import reached
from search.study.history import history_of
from search.study.left_off import LeftOff
from search.study.study import Study
from search.study.trial_record import TrialRecord
from search.text.formats import count, duration, hyperparameter, number
from search.text.printable import printable
from spaces import idle
from storage.artifacts import trial_artifacts


def trial_json(study: Study, trial_number: int) -> dict[str, Any]:
    """`perceptuna show --trial K --json`: everything that is stored of one trial.

    Raises:
        InputError: there is no such trial.
    """
    trial = study.trial(trial_number)
    suggested = bool(trial.params) and trial.state.name != "WAITING"
    values = trial.hyperparameters(study.space).named if suggested else {}
    if study.space.network:  # what is not in its space is nothing to a network of the user's own
        values = {name: value for name, value in values.items() if name in study.space.parameters}
    return {
        "study": study.name,
        "trial": trial_number,
        "state": trial.state.name.lower(),
        "metric": study.metric,
        "value": trial.value,
        **_aims(study, trial),
        "started": trial.datetime_start.isoformat() if trial.datetime_start else None,
        "ended": trial.datetime_complete.isoformat() if trial.datetime_complete else None,
        "hyperparameters": values,
        "without_effect": list(idle(values, study.data.task, study.data.kind)),
        "attributes": trial.stored,
        "values_by_fold" if study.settings.folds else "values_by_epoch": {
            str(step): value for step, value in trial.intermediate_values.items()
        },
        "history": {
            # JSON knows no NaN, which diverging trials end in.
            name: [value if math.isfinite(value) else None for value in values]
            for name, values in history_of(study, trial).items()
        },
        "artifacts": trial_artifacts(trial.optuna),
    }


def _aims(study: Study, trial: TrialRecord) -> dict[str, Any]:
    """What it reached in each of several aims."""
    if not study.has_several_aims or trial.values is None:
        return {}
    return {"aims": dict(zip(study.aims, trial.values, strict=True))}


def trial_view(facts: dict[str, Any]) -> RenderableType:
    """`perceptuna show --trial K`."""
    told = reached(facts["metric"], facts["value"], facts["attributes"])
    others = [(aim, value) for aim, value in facts.get("aims", {}).items() if aim != facts["metric"]]
    told = ", ".join([told, *(f"{column_of(aim)} {aim_value(aim, value)}" for aim, value in others)])
    value = "" if facts["value"] is None else f", {told}"
    head = Text(
        printable(f"trial {facts['trial']} of study {facts['study']}: {facts['state']}{value}"), style="bold"
    )
    table = facts_table()
    for name in ("started", "ended"):
        if facts[name]:
            table.add_row(name, facts[name].replace("T", " ").split(".")[0])
    counting = {
        name: value for name, value in facts["hyperparameters"].items() if name not in facts["without_effect"]
    }
    for name, entry in counting.items():
        table.add_row(name, hyperparameter(entry))
    if of_folds := facts.get("values_by_fold"):
        table.add_row("by fold", ", ".join(number(value) for value in of_folds.values()))
    for name, entry in facts["attributes"].items():
        table.add_row(*_attribute(name, entry, facts["metric"]))
    return Group(head, table, "", *_curves(facts))


_WHOLE = ("best_epoch", "epochs", "parameters")


def _attribute(name: str, entry: object, metric: str) -> tuple[str, RenderableType]:
    """What is kept of a trial, as a row: a number as what it is, a traceback line by line."""
    if name in _WHOLE and isinstance(entry, int | float):
        return name, count(entry)
    if name == "seconds" and isinstance(entry, int | float):
        return "time", duration(entry)
    if name == metric.removeprefix("val_") and isinstance(entry, int | float):
        return on_train_rows(metric), number(entry)
    if name == "left_off" and isinstance(entry, str):
        return "goes on from", LeftOff.model_validate_json(entry).words()
    if isinstance(entry, dict):
        return name, ", ".join(f"{key} {value}" for key, value in entry.items())
    if isinstance(entry, str):
        return name, Group(*entry.split("\n"))
    return name, number(entry) if isinstance(entry, float) else str(entry)


def _curves(facts: dict[str, Any]) -> list[RenderableType]:
    """The metric, and the loss where it is another one; train and validation in one chart."""
    history: dict[str, list[float]] = {
        name: [math.nan if value is None else value for value in values]
        for name, values in facts["history"].items()
    }
    drawn: list[RenderableType] = []
    for name in dict.fromkeys((facts["metric"].removeprefix("val_"), "loss")):
        curves: dict[str, Sequence[float]] = {
            which: history[which] for which in (name, f"val_{name}") if which in history
        }
        if curves:
            drawn += [Text(line, no_wrap=True) for line in line_chart(curves)]
    return drawn or [Text("no epoch reported")]
