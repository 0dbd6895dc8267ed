"""What stands beside the networks of a study: its reference models and its best network, by the metrics of the task."""

from __future__ import annotations

import math
from typing import Any

from search.references.record import Reference
from search.references.words import TITLES
from search.settings.metrics import metrics_of
from search.study.history import history_of
from search.study.study import Study
from search.study.trial_record import TrialRecord
from search.text.formats import duration, number

Row = tuple[str, ...]


def beside_headers(study: Study) -> Row:
    """The study's metric comes first."""
    return ("", *(f"val_{name}" for name in _metrics(study)), "time")


def beside_rows(study: Study) -> list[Row]:
    """The best network, if there is one, and each reference model; none where no reference model was ever fitted."""
    models = study.record.references.models
    if not models:
        return []
    rows = [_row(study, one) for one in models]
    best = study.best_trial()
    if best is None:
        return rows
    reached = _at_best_epoch(study, best)
    values = (number(reached.get(f"val_{name}")) for name in _metrics(study))
    return [(f"best network, trial {best.number}", *values, duration(best.seconds)), *rows]


def _at_best_epoch(study: Study, trial: TrialRecord) -> dict[str, float]:
    """Its metrics by Keras's names; the study's metric alone where its history is gone."""
    epoch, history = trial.best_epoch, history_of(study, trial)
    if epoch is None or trial.value is None:
        return {}
    at_best = {name: values[epoch - 1] for name, values in history.items() if len(values) >= epoch}
    return {**at_best, study.metric: trial.value}


def beside_notes(study: Study) -> list[str]:
    """Why reference models are not there, and what else to know of them."""
    references = study.record.references
    notes = [
        f"{TITLES[one.name]}: {one.reason or f'it {one.note}'}" for one in references.models if _noted(one)
    ]
    there = {one.name for one in references.models}
    to_come = [TITLES[name] for name in references.missing if name not in there]
    return [*notes, f"not fitted yet: {', '.join(to_come)}"] if there and to_come else notes


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
    return sorted(metrics_of(study.data.task), key=lambda name: name != own)


def _row(study: Study, reference: Reference) -> Row:
    values = (number(reference.metrics.get(name)) for name in _metrics(study))
    return (TITLES[reference.name], *values, duration(reference.seconds if reference.metrics else None))
