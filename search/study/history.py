"""What a trial measured in each epoch: the table that is kept of it, and read again."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from storage.artifacts import read_trial_artifact

if TYPE_CHECKING:
    from search.study.study import Study
    from search.study.trial_record import TrialRecord

History = dict[str, list[float]]


def history_csv(history: History) -> bytes:
    """One row per epoch, counted from 1; one column per log, in Keras's names."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["epoch", *history])
    for epoch, values in enumerate(zip(*history.values(), strict=True), start=1):
        writer.writerow([epoch, *values])
    return text.getvalue().encode()


def history_of(study: Study, trial: TrialRecord) -> History:
    """One value per epoch, by Keras's log names (`loss`, `val_loss`, `accuracy` …).

    A trial that was trained to an end, complete or pruned, has all of its logs, in an artifact. Of one that failed
    or still runs the database has the study's metric alone; so it has of one whose artifact is gone.
    """
    table = read_trial_artifact(study.artifact_folder, trial.optuna, "history.csv")
    if table is None:
        reported = trial.intermediate_values
        return {study.metric: [reported[epoch] for epoch in sorted(reported)]} if reported else {}
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8"))))
    return {name: [float(row[name]) for row in rows] for name in rows[0] if name != "epoch"}
