"""Learning curves on the tables of `benchmarks.tables`, trained once: known configurations and random draws.

    python -m benchmarks.tables_draws --tables FOLDER --draws DRAWS [--count 60] [--sets bank,…] [--workers 2]
    python -m benchmarks.tables_draws --draws DRAWS --write [NAME.json]

The same configurations for every table: the known ones, then draws at random from the preset `tables`, with members up
to 8. Nothing is pruned; patience is the default of as many epochs. DRAWS gets a file for each training:
`CONFIGURATION@TABLE.npz`, with its curves, its CPU seconds after each epoch, and what its network says of validation
and test rows, at the best epoch by cross-entropy or RMSE (`v`, `t`) and by accuracy (`va`, `ta`). What is there is not
trained again, so the same command goes on after a kill. `--write` makes one file of the curves, which
`benchmarks.tables_policies` replays; without a name it is today's of benchmarks/results.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import command_line, result_path
from benchmarks.tables import TABLES
from benchmarks.tables_curves import EPOCHS, JUDGED_BY, PATIENCE, configurations, draws_of, write_curves
from spaces import Hyperparameters

_QUICK_TABLES, _QUICK_EPOCHS = ("concrete",), 3


@dataclass(frozen=True)
class Job:
    name: str
    hyperparameters: Hyperparameters
    table: str
    tables: Path
    draws: Path
    epochs: int = EPOCHS

    @property
    def file(self) -> Path:
        return self.draws / f"{self.name}@{self.table}.npz"


def record(jobs: list[Job], workers: int) -> None:
    """Train what has no file yet."""
    missing = [job for job in jobs if not job.file.exists()]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for ended in as_completed([pool.submit(train_one, job) for job in missing]):
            print(ended.result(), flush=True)


def train_one(job: Job) -> str:
    """Write the file of a job; what it was, in a line."""
    from search.machine.tensorflow_start import start_tensorflow

    start_tensorflow(1)
    from search.training.loop import train

    data, rows = rows_of(job.tables, job.table)
    classes = data.spec.task != "regression"
    metric = JUDGED_BY[TABLES[job.table]["task"]]
    values = job.hyperparameters.model_dump() | ({} if classes else {"label_smoothing": 0.0})
    best_by_accuracy = _best_by_accuracy() if classes else None
    times, begun = [], time.process_time()
    result = train(
        Hyperparameters.from_values(values),
        data,
        epochs=job.epochs,
        patience=PATIENCE,
        metric=metric,
        seed=0,
        callbacks=[best_by_accuracy] if best_by_accuracy else [],
        check=lambda epoch, logs: times.append(round(time.process_time() - begun, 3)),
    )
    answers = _answers(result.model, rows, "vt")
    if best_by_accuracy and best_by_accuracy.weights:
        result.model.set_weights(best_by_accuracy.weights)
        answers |= {f"{name}a": answer for name, answer in _answers(result.model, rows, "vt").items()}
    about = {
        "config": job.name,
        "table": job.table,
        "values": values,
        "times": times,
        "history": {name: [round(float(value), 6) for value in of] for name, of in result.history.items()},
        "best": result.best_epoch,
        "stop": str(result.stop_reason),
        "parameters": result.parameters,
    }
    unfinished = job.file.with_suffix(".unfinished.npz")
    np.savez(unfinished, meta=json.dumps(about), **answers)
    unfinished.replace(job.file)
    best = min(result.history[metric])
    return f"{job.name}, {job.table}: {best:.4g} at epoch {result.best_epoch} of {result.epochs}, CPU {times[-1]:.1f} s"


def _best_by_accuracy() -> Any:
    import keras

    class BestByAccuracy(keras.callbacks.Callback):  # type: ignore[misc]
        best, weights = -math.inf, None

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if logs["val_accuracy"] > self.best:
                self.best, self.weights = logs["val_accuracy"], self.model.get_weights()

    return BestByAccuracy()


@lru_cache
def rows_of(tables: Path, table: str) -> tuple[Any, tuple[np.ndarray, np.ndarray]]:
    """Prepared data of the training file; prepared validation rows, and those of the test file."""
    from search.data import DataRequest, prepare, read_source
    from search.data.preparing.preprocessing import transform
    from search.study.data_cache import cache_folder

    train, test = (
        DataRequest(
            str(tables / f"{table}-{part}.csv"), target=TABLES[table]["target"], task=TABLES[table]["task"]
        )
        for part in ("train", "test")
    )
    data = prepare(train, cache_folder())
    return data, (np.asarray(data.validation()[0]), transform(read_source(test).x, data.spec))


def prepared(tables: Path, table: str) -> Any:
    """The data that was trained on."""
    return rows_of(tables, table)[0]


def validation_targets(tables: Path, table: str) -> tuple[list[str], np.ndarray]:
    """Classes as the file writes them, and those of the validation rows that `v` and `va` answer."""
    data = prepared(tables, table)
    names = list(map(str, data.spec.class_names))
    return names, np.array(names, object)[np.asarray(data.validation()[1]).reshape(-1).astype(int)]


def _answers(model: Any, rows: tuple[np.ndarray, np.ndarray], names: str) -> dict[str, np.ndarray]:
    answers = (model.predict(x, batch_size=4096, verbose=0).astype(np.float32) for x in rows)
    return dict(zip(names, answers, strict=True))


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--draws", required=True, type=Path, metavar="DRAWS")
    parser.add_argument("--tables", type=Path, metavar="FOLDER", help="train what is missing")
    parser.add_argument("--count", type=int, default=60, help="draws at random")
    parser.add_argument("--sets", metavar="NAME,…")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", nargs="?", type=Path, const=result_path("tables-curves", False))
    given = parser.parse_args()
    if given.tables:
        given.draws.mkdir(parents=True, exist_ok=True)
        sets = given.sets.split(",") if given.sets else _QUICK_TABLES if given.quick else TABLES
        configured = configurations(1 if given.quick else given.count)
        epochs = _QUICK_EPOCHS if given.quick else EPOCHS
        jobs = [
            Job(name, one, table, given.tables, given.draws, epochs)
            for name, one in configured.items()
            for table in sets
        ]
        record(jobs, given.workers)
    if given.write:
        write_curves(draws_of(given.draws), given.write)
        print("raw numbers:", given.write)


if __name__ == "__main__":
    main()
