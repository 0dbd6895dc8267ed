"""What stands beside the networks of a study: its reference models and its best network, by the metrics of the task."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from search.references.record import Reference
from search.references.words import TITLES, strongest
from search.settings.metrics import find_metric, metrics_of
from search.study.history import history_of
from search.study.study import Study
from search.study.trial_record import TrialRecord
from search.text.formats import duration, number

Row = tuple[str, ...]


@dataclass(frozen=True)
class Beside:
    """A table with the study's metric first, a row for the best network, if there is one, and for each model.

    `notes` say why one has no values, and what else to know.
    """

    headers: Row
    rows: list[Row]
    notes: list[str]

    @property
    def kinds(self) -> list[str]:
        """Of the columns: figures are set to the right."""
        return ["name", *("right" for _ in self.headers[1:])]


def beside_of(study: Study) -> Beside | None:
    """None where no reference model was ever fitted."""
    models = study.record.references.models
    if not models:
        return None
    rows = [_row(study, one) for one in models]
    best = study.best_trial()
    if best is not None:
        reached = _at_best_epoch(study, best)
        values = (number(reached.get(f"val_{name}")) for name in _metrics(study))
        rows.insert(0, (f"best network, trial {best.number}", *values, duration(best.seconds)))
    return Beside(("model", *(f"val_{name}" for name in _metrics(study)), "time"), rows, _notes(study))


def best_reference(study: Study) -> float | None:
    """The best value of the study's metric among its reference models; None where there is none yet."""
    metric = study.record.known_metric
    if metric is None:  # another program made it
        return None
    best = strongest(study.record.references.models, metric, study.direction)
    return None if best is None else best.value(metric)


def _at_best_epoch(study: Study, trial: TrialRecord) -> dict[str, float]:
    """Its metrics by Keras's names, of folds their means; the study's metric alone where its history is gone."""
    if study.settings.folds is not None:
        return {name: trial.stored[name] for name in trial.stored if name.startswith("val_")}
    epoch, history = trial.best_epoch, history_of(study, trial)
    if epoch is None or trial.value is None:
        return {}
    at_best = {name: values[epoch - 1] for name, values in history.items() if len(values) >= epoch}
    return {**at_best, study.metric: trial.value}


def _notes(study: Study) -> list[str]:
    references = study.record.references
    notes = [
        f"{TITLES[one.name]}: {one.reason or f'it {one.note}'}" for one in references.models if _noted(one)
    ]
    there = {one.name for one in references.models}
    to_come = [TITLES[name] for name in references.missing if name not in there]
    if to_come:
        notes.append(f"not fitted yet: {', '.join(to_come)}")
    if find_metric(study.metric.removeprefix("val_")) is None:
        notes.append(
            f"who is ahead is not told of {study.metric}, which holds the networks' penalty and smoothing"
        )
    return notes


def reference_json(reference: Reference) -> dict[str, Any]:
    """For programs: `metrics` on the validation rows, null where one is no finite number."""
    metrics = {
        f"val_{name}": value if math.isfinite(value) else None for name, value in reference.metrics.items()
    }
    return {
        "reference": reference.name,
        "metrics": metrics,
        "seconds": reference.seconds,
        "reason": reference.reason,
        "note": reference.note,
    }


def _noted(reference: Reference) -> bool:
    return reference.reason is not None or reference.note is not None


def _metrics(study: Study) -> list[str]:
    own = study.metric.removeprefix("val_")
    others = [name for name in metrics_of(study.data.task) if name != own]
    return [own, *others] if find_metric(own) else others


def _row(study: Study, reference: Reference) -> Row:
    values = (number(reference.metrics.get(name)) for name in _metrics(study))
    return (TITLES[reference.name], *values, duration(reference.seconds if reference.metrics else None))
