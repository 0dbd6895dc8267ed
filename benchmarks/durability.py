"""What it costs that a commit waits for the disk: commits a trial, and milliseconds each, with and without.

    python -m benchmarks.durability [--quick] [--trials 200] [--folder FOLDER]

A driver's writes for one trial (ask, eight hyperparameters, attributes, tell), by perceptuna's own storage with
`synchronous=full` and `synchronous=normal` in turn. In write-ahead mode each commit of `full` is one `fdatasync` of
the log (count them by `strace -f -c -e trace=fdatasync`); `fsync_ms` is what this disk takes for four kilobytes by
itself. `--folder` names the disk.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import optuna

from benchmarks.measure import write_result
from storage import StorageURL, open_storage
from storage.sqlite import WALConnection
from storage.study_storage import StudyStorage

ROUNDS = 5
_commits = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    count_commits()
    trials = 20 if arguments.quick else arguments.trials
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        row: dict[str, Any] = {
            "trials": trials,
            "load": os.getloadavg()[0],
            "fsync_ms": fsync_ms(Path(folder)),
        }
        for round_ in range(ROUNDS):
            for durable in (True, False):
                url = StorageURL.of_file(Path(folder, f"{round_}-{durable}.db"))
                name = "full" if durable else "normal"
                row.setdefault(name, []).append(of_trials(url, trials, durable=durable))
    print(row)
    print("raw numbers:", write_result("durability", [row], arguments.quick))


def of_trials(url: StorageURL, trials: int, *, durable: bool) -> dict[str, float]:
    storage = open_storage(url, create=True)
    storage = storage if durable else open_storage(url, for_reports=True)
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(study_name="one", storage=storage, sampler=sampler)
    storage.drive_alone(study._study_id, "one")
    one_trial(study, storage)
    before, began = _commits, time.perf_counter()
    for _ in range(trials):
        one_trial(study, storage)
    seconds = time.perf_counter() - began
    return {"commits_a_trial": (_commits - before) / trials, "ms_a_trial": round(1000 * seconds / trials, 2)}


def one_trial(study: optuna.Study, storage: StudyStorage) -> None:
    with storage.parameters_together():
        trial = study.ask()
        for name in "abcdefgh":
            trial.suggest_float(name, 0, 1)
    storage.set_trial_attributes(trial._trial_id, {"epochs": 3, "stop_reason": "all epochs"}, {})
    study.tell(trial, 0.5)


def count_commits() -> None:
    commit = WALConnection.commit

    def counted(self: WALConnection) -> None:
        global _commits
        _commits += self.in_transaction
        commit(self)

    WALConnection.commit = counted  # type: ignore[method-assign]


def fsync_ms(folder: Path) -> float:
    """Median of a hundred."""
    taken = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(b"x" * 4096)
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(1000 * (time.perf_counter() - began))
    return round(statistics.median(taken), 2)


if __name__ == "__main__":
    main()
