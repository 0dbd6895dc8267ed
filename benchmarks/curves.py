"""What it costs to keep the learning curves of pruned trials: for each when it ends, and when many are read.

    python -m benchmarks.curves [--quick]

One by one, in turn, trials end without files, with `history.csv` alone, and with the picture beside it; that is the
driver's work, with drawing, which a worker does. Then studies of 10,000 trials, a third of them pruned, are read
whole with none, one or two artifacts for each pruned trial; complete trials have two, as in every study. The artifacts
are put into the database by SQLite itself: to write them as a driver does would take minutes.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from optuna.trial import TrialState

from benchmarks.large_study import made_study
from benchmarks.measure import write_result
from search.study.history import history_csv
from search.study.learning_curve import learning_curve_svg
from search.study.study import load_study
from storage import StorageURL, artifact_folder, open_artifacts
from storage.artifacts import write_artifact

EPOCHS = 4
ENDED = 60
KINDS = ("nothing", "history", "history and picture")
FILES = (("history.csv", "text/csv"), ("learning_curve.svg", "image/svg+xml"))
ATTRIBUTES: dict[str, Any] = {f"attribute {number}": number for number in range(12)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rows = [ended(5 if quick else ENDED), *read(500 if quick else 10_000)]
    print("raw numbers:", write_result("curves", rows, quick))


def ended(trials: int) -> dict[str, Any]:
    """Wall milliseconds of a pruned trial's end, median of `trials` of each kind; bytes of its files."""
    random = np.random.default_rng(0)
    names = ("accuracy", "crossentropy", "loss", "val_accuracy", "val_crossentropy", "val_loss")
    history = {name: random.random(EPOCHS).astype(np.float32).astype(float).tolist() for name in names}
    spent: dict[str, list[float]] = {kind: [] for kind in KINDS}
    sizes: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        url = StorageURL.of_file(Path(folder, "ended.db"))
        made_study(url, 100)
        study, store = load_study("large", url), open_artifacts(artifact_folder(url))
        for kind in KINDS * trials:
            trial = study.optuna.ask()
            began = time.perf_counter()
            files: dict[str, bytes] = {}
            if kind != "nothing":
                files["history.csv"] = history_csv(history)
            if kind == "history and picture":
                files["learning_curve.svg"] = learning_curve_svg(history, "val_accuracy", 2, "trial")
            artifacts: dict[str, str] = {}
            for name, content in files.items():
                artifacts |= write_artifact(store, name, content)
            study.storage.set_trial_attributes(trial._trial_id, ATTRIBUTES, artifacts)
            study.optuna.tell(trial, state=TrialState.PRUNED)
            spent[kind].append(1000 * (time.perf_counter() - began))
            sizes[kind] = sum(map(len, files.values()))
    row = {kind: {"ms": round(statistics.median(spent[kind]), 2), "bytes": sizes[kind]} for kind in KINDS}
    print(row, flush=True)
    return {"a trial's end": row}


def read(trials: int) -> list[dict[str, Any]]:
    """CPU seconds to read a study of `trials` trials, three times for each number of artifacts of a pruned one."""
    rows = []
    for kept, kind in enumerate(KINDS):
        with tempfile.TemporaryDirectory() as folder:
            url = StorageURL.of_file(Path(folder, "read.db"))
            made_study(url, trials)
            assert url.sqlite_path is not None
            with closing(sqlite3.connect(url.sqlite_path)) as connection:
                add_artifacts(connection, "COMPLETE", 2)
                pruned = add_artifacts(connection, "PRUNED", kept)
                connection.execute("vacuum")
            row = {"kept": kind, "pruned": pruned, "database_bytes": url.sqlite_path.stat().st_size}
            row["read_cpu_seconds"] = [read_once(url) for _ in range(3)]
        print(row, flush=True)
        rows.append(row)
    return rows


def add_artifacts(connection: sqlite3.Connection, state: str, kept: int) -> int:
    """Name `kept` artifacts for each trial in `state`; how many trials that were."""
    trials = [
        number for (number,) in connection.execute("select trial_id from trials where state = ?", (state,))
    ]
    for name, mimetype in FILES[:kept]:
        for trial in trials:
            artifact = str(uuid.uuid4())
            entry = {"artifact_id": artifact, "filename": name, "mimetype": mimetype, "encoding": None}
            connection.execute(
                "insert into trial_system_attributes (trial_id, key, value_json) values (?, ?, ?)",
                (trial, f"artifacts:{artifact}", json.dumps(json.dumps(entry))),
            )
    connection.commit()
    return len(trials)


def read_once(url: StorageURL) -> float:
    study = load_study("large", url).optuna
    began = time.process_time()
    study.get_trials(deepcopy=False)
    return round(time.process_time() - began, 2)


if __name__ == "__main__":
    main()
