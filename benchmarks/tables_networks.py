"""perceptuna in `benchmarks.tables`: its commands as a user types them, and the models that they write."""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables_rows import Answers, Ready
from benchmarks.tables_scores import of_each_class


@dataclass(frozen=True)
class Cost:
    """Seconds of commands, CPU seconds of all their processes."""

    wall: float
    cpu: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)


def one_training(task: dict[str, Any]) -> Iterator[Ready]:
    """`run --trials 1`, then `export`."""
    search = _run(task, "--trials", "1", "--workers", "1")
    yield _ready(task, "perceptuna", search + _write(task, "perceptuna", "export"))


def searched(task: dict[str, Any]) -> Iterator[Ready]:
    """`run --timeout`, with trials enough for all of the time, then three ways to a model.

    Each costs the search and its own command; what is trained on all rows also the `finalize` before it.
    """
    task = {**task, "folder": task["kept"] or task["folder"]}
    search = _search(task)
    name = "perceptuna_searched"
    yield _ready(task, name, search + _write(task, name, "export"))
    name = "perceptuna_finalized"
    finalized = search + _write(task, name, "finalize", *task["finalize"])
    yield _ready(task, name, finalized)
    name = "perceptuna_all_rows"
    yield _ready(task, name, finalized + _write(task, name, "finalize", *task["finalize"], "--all-rows"))


def _search(task: dict[str, Any]) -> Cost:
    """Of a study that is kept, what it cost when it was searched."""
    cost = Path(task["folder"], "cost.json")
    if cost.exists():
        return Cost(**json.loads(cost.read_text(encoding="utf-8")))
    cost.parent.mkdir(parents=True, exist_ok=True)
    trials = "2" if task["quick"] else "100000"
    timeout = () if task["quick"] else ("--timeout", f"{task['seconds']:.0f}s")
    found = _run(task, "--trials", trials, "--workers", str(task["workers"]), *timeout)
    cost.write_text(json.dumps(asdict(found)), encoding="utf-8")
    return found


def _run(task: dict[str, Any], *options: str) -> Cost:
    data = ("--data", task["train"], "--target", task["target"], "--task", task["task"])
    epochs = ("--epochs", "3") if task["quick"] else ()
    return _command("run", "tables", *data, "--seed", str(task["seed"]), *options, *epochs, task=task)


def _write(task: dict[str, Any], name: str, command: str, *options: str) -> Cost:
    return _command(command, "tables", "-o", str(_file(task, name)), *options, task=task)


def _command(*words: str, task: dict[str, Any]) -> Cost:
    storage = f"sqlite:///{task['folder']}/studies.db"
    began, used = time.perf_counter(), _cpu_of_children()
    subprocess.run(
        [sys.executable, "-m", "search", *words, "--storage", storage], stdout=subprocess.DEVNULL, check=True
    )
    return Cost(time.perf_counter() - began, _cpu_of_children() - used)


def _cpu_of_children() -> float:
    """Of those that have ended, with all that they started."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _ready(task: dict[str, Any], name: str, cost: Cost) -> Ready:
    facts = {"wall": round(cost.wall, 2), "cpu": round(cost.cpu, 2), "trials": _trials(task)}
    return name, facts, lambda path: _predict(_file(task, name), path)


def _file(task: dict[str, Any], name: str) -> Path:
    return Path(task["folder"], f"{name}.keras")


def _trials(task: dict[str, Any]) -> int:
    """Of the search, those that ended: whole, or pruned."""
    with closing(sqlite3.connect(Path(task["folder"], "studies.db"))) as database:
        (ended,) = database.execute(
            "select count(*) from trials join studies using (study_id)"
            " where study_name = 'tables' and state in ('COMPLETE', 'PRUNED')"
        ).fetchone()
    return ended


def _predict(file: Path, path: Path) -> Answers:
    """As the example that users copy does it."""
    import pandas as pd

    from examples.predict import inputs, start_up_log_hidden

    facts = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    with start_up_log_hidden():
        import keras
        import tensorflow as tf

        model = keras.saving.load_model(file)
        given = {name: tf.constant(value) for name, value in inputs(facts, rows).items()}
        answers = np.asarray(model(given), np.float64)
    classes = [str(name) for name in facts["data"].get("class_names") or []]
    if not classes:
        return answers[:, 0], []
    return of_each_class(answers), classes
