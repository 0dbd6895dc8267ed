"""A database with one large study, or with many, for benchmarks that read it.

A hundred trials are written as workers leave them and multiplied inside SQLite: added one by one through Optuna,
10,000 would take minutes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
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
    study = _created("large", url, trials)
    study.optuna.add_trials(list(seed_trials(study, load_space("mlp"))))
    assert url.sqlite_path is not None
    if trials > SEED_TRIALS:
        multiply(url.sqlite_path, trials // SEED_TRIALS)
    return study.optuna._study_id


def made_studies(url: StorageURL, count: int, trials: int) -> list[str]:
    """So many studies of `trials` trials each, in a database that had none; their names. One takes some 4 MB."""
    made_study(url, trials)
    others = [_created(f"large-{number}", url, trials).name for number in range(1, count)]
    assert url.sqlite_path is not None
    _copy(url.sqlite_path, count, trials, _of_another_study)
    return ["large", *others]


def _created(name: str, url: StorageURL, trials: int) -> Study:
    settings = StudySettings(data="digits", trials=trials, epochs=EPOCHS)
    return create_study(name, url, settings, load_space("mlp"), prepared("digits").spec)


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
    _copy(path, times, SEED_TRIALS, _of_the_same_study)


def _copy(path: Path, times: int, trials: int, copied: Callable[[str, str, int], str]) -> None:
    """Every trial of a database of `trials`, so that there are `times` as many.

    Args:
        copied: what stands in a column of a table in the n-th copy, as SQL.
    """
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
    copies = "with recursive copies(n) as (select 1 union all select n + 1 from copies where n < ?) "
    for table in tables:
        names = [row[1] for row in connection.execute(f"pragma table_info({table})")]
        if "trial_id" not in names:
            continue
        key = names[0]
        kept = [name for name in names if name != key or table == "trials"]
        chosen = ", ".join(copied(name, table, trials) for name in kept)
        connection.execute(
            f"{copies} insert into {table} ({', '.join(kept)}) select {chosen} from {table}, copies",
            (times - 1,),
        )
    connection.commit()
    connection.close()


def _of_the_same_study(column: str, table: str, trials: int) -> str:
    if column in ("trial_id", "number"):
        return f"{column} + n * {trials}"
    if column in ("datetime_start", "datetime_complete"):
        return f"datetime({column}, (n * {trials // 2}) || ' seconds')"
    return _value(column, table)


def _of_another_study(column: str, table: str, trials: int) -> str:
    if column == "trial_id":
        return f"trial_id + n * {trials}"
    return "study_id + n" if column == "study_id" else _value(column, table)


def _value(column: str, table: str) -> str:
    return (
        "value + abs(random() % 1000) / 25000.0" if (column, table) == ("value", "trial_values") else column
    )
