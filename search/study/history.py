"""What a trial measured in each epoch: the table that is kept of it, and read again."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from storage.artifacts import read_trial_artifact

if TYPE_CHECKING:
    from search.study.study import Study
    from search.study.trial_record import TrialRecord

History = dict[str, list[float]]

# The column that says which fold each epoch is of, from 1, of a trial that was trained on several.
_FOLD = "fold"


def history_csv(history: History) -> bytes:
    """One row per epoch, counted from 1 (of folds, through all of them); one column per log, in Keras's names."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["epoch", *history])
    for epoch, values in enumerate(zip(*history.values(), strict=True), start=1):
        writer.writerow([epoch, *values])
    return text.getvalue().encode()


def curves_of_folds(histories: Sequence[History]) -> History:
    """Those of all folds, one behind the other."""
    folds: list[float] = [number for number, one in enumerate(histories, 1) for _ in one["loss"]]
    return {_FOLD: folds} | {
        name: [value for one in histories for value in one[name]] for name in histories[0]
    }


def _mean_curve(curves: History) -> History:
    """The mean over the folds after each epoch, as far as all of them ran."""
    folds = curves[_FOLD]
    starts = [folds.index(number) for number in sorted(set(folds))]
    shortest = min(folds.count(number) for number in set(folds))
    return {
        name: [fmean(values[start + epoch] for start in starts) for epoch in range(shortest)]
        for name, values in curves.items()
        if name != _FOLD
    }


def history_of(study: Study, trial: TrialRecord) -> History:
    """One value per epoch, by Keras's log names (`loss`, `val_loss`, `accuracy` …).

    A trial that was trained to an end, complete or pruned, has all of its logs, in an artifact. Of one that failed
    or still runs the database has the study's metric alone; so it has of one whose artifact is gone. Of a trial of
    folds it is the mean over them, as far as all of them ran, and of one without that artifact there is nothing.
    """
    curves = _kept(study, trial)
    if curves is None:
        reported = {} if study.settings.folds else trial.intermediate_values
        return {study.metric: [reported[epoch] for epoch in sorted(reported)]} if reported else {}
    return _mean_curve(curves) if _FOLD in curves else curves


def epochs_on_folds(study: Study, trial: TrialRecord) -> list[int]:
    """That `trial`, of a study of folds, ran on each; empty where its artifact is gone."""
    folds = (_kept(study, trial) or {}).get(_FOLD, [])
    return [folds.count(number) for number in sorted(set(folds))]


def best_epochs_on_folds(study: Study, trial: TrialRecord) -> list[int]:
    """The epoch, from 1, at which the metric of `trial`, of a study of folds, was best on each.

    Empty where its artifact is gone.
    """
    curves = _kept(study, trial) or {}
    folds, values = curves.get(_FOLD, []), curves.get(study.metric, [])
    best = max if study.direction == "maximize" else min
    of_each = [
        [value for value, of in zip(values, folds, strict=True) if of == number]
        for number in sorted(set(folds))
    ]
    return [one.index(best(one)) + 1 for one in of_each]


def _kept(study: Study, trial: TrialRecord) -> History | None:
    table = read_trial_artifact(study.artifact_folder, trial.optuna, "history.csv")
    if table is None:
        return None
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8"))))
    return {name: [float(row[name]) for row in rows] for name in rows[0] if name != "epoch"}
