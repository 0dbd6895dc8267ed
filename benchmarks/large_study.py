"""A database with one large study, for benchmarks that read it.

A hundred trials are written as workers leave them and multiplied inside SQLite: added one by one through Optuna,
10,000 would take minutes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from benchmarks.datasets import prepared
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.study import Study
from spaces import Space, load_space
from storage import StorageURL

SEED_TRIALS = 100
EPOCHS = 20


def made_study(url: StorageURL, trials: int) -> int:
    """A study of `trials` trials (a multiple of a hundred) at `url`; its number in the database."""
    space = load_space("mlp")
    spec = prepared("digits").spec
    settings = StudySettings(data="digits", trials=trials, epochs=EPOCHS)
    study = create_study("large", url, settings, space, spec)
    study.optuna.add_trials(list(seed_trials(study, space)))
    assert url.sqlite_path is not None
    if trials > SEED_TRIALS:
        multiply(url.sqlite_path, trials // SEED_TRIALS)
    return study.optuna._study_id


def seed_trials(study: Study, space: Space) -> Iterator[FrozenTrial]:
    """Two of three complete, one pruned, with a worker's attributes and the reports of each epoch."""
    random = np.random.default_rng(0)
    asked = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    began = datetime(2026, 11, 20, 8)
    for number in range(SEED_TRIALS):
        trial = asked.ask()
        space.suggest(trial)
        epochs = EPOCHS if number % 3 else 4
        curve = 0.95 - random.random() / 4 - 0.5 ** np.arange(1, epochs + 1)
        best = float(curve.max())
        yield FrozenTrial(
            number=number,
            trial_id=number,
            state=TrialState.COMPLETE if number % 3 else TrialState.PRUNED,
            value=best,
            datetime_start=began + timedelta(seconds=number // 2),
            datetime_complete=began + timedelta(seconds=number // 2 + 1),
            params=trial.params,
            distributions=trial.distributions,
            user_attrs={
                "epochs": epochs,
                "best_epoch": epochs,
                "parameters": int(10 ** (3 + 2 * random.random())),
                "seconds": 1.0,
                "stop_reason": "all epochs run",
                "seed": number,
                "host": "here",
                "process": 100 + number % 2,
                "environment": {"tensorflow": "2", "keras": "3", "precision": "float32", "threads": 1},
                "accuracy": best + 0.03,
                "val_accuracy": best,
                "gap": 0.03,
            },
            system_attrs={},
            intermediate_values={epoch: float(value) for epoch, value in enumerate(curve, start=1)},
        )


def multiply(path: Path, times: int) -> None:
    """Every trial of the database `times` times, later and with values of its own, by SQLite alone."""
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
    copies = "with recursive copies(n) as (select 1 union all select n + 1 from copies where n < ?) "
    for table in tables:
        names = [row[1] for row in connection.execute(f"pragma table_info({table})")]
        if "trial_id" not in names:
            continue
        key = names[0]
        kept = [name for name in names if name != key or table == "trials"]
        chosen = ", ".join(_copied(name, table) for name in kept)
        connection.execute(
            f"{copies} insert into {table} ({', '.join(kept)}) select {chosen} from {table}, copies",
            (times - 1,),
        )
    connection.commit()
    connection.close()


def _copied(column: str, table: str) -> str:
    """What stands in `column` of the n-th copy."""
    if column in ("trial_id", "number"):
        return f"{column} + n * {SEED_TRIALS}"
    if column in ("datetime_start", "datetime_complete"):
        return f"datetime({column}, (n * {SEED_TRIALS // 2}) || ' seconds')"
    if (column, table) == ("value", "trial_values"):
        return "value + abs(random() % 1000) / 25000.0"
    return column
