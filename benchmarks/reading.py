"""What it takes to read a large study: all its trials, beside Optuna's own reading; `list` and `show` as processes.

    python -m benchmarks.reading [--quick] [--trials 10000]

CPU seconds, and wall seconds where a user waits; the two readings take turns.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optuna.storages import RDBStorage

from benchmarks.large_study import made_study
from benchmarks.measure import write_result
from storage import StorageURL, open_storage

ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--trials", type=int, default=10_000)
    arguments = parser.parse_args()
    trials = 500 if arguments.quick else arguments.trials
    row: dict[str, Any] = {"trials": trials, "load_before": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory() as folder:
        url = StorageURL.of_file(Path(folder, "large.db"))
        study = made_study(url, trials)
        row |= readings(url, study)
        for command in (["list"], ["show", "large"]):
            row[f"{command[0]}_cpu_and_wall"] = [of_command(command, url) for _ in range(ROUNDS)]
    row["load_after"] = round(os.getloadavg()[0], 1)
    print(row)
    print("raw numbers:", write_result("reading", [row], arguments.quick))


def readings(url: StorageURL, study: int) -> dict[str, list[float]]:
    """CPU seconds of each reading of all trials."""
    backend = open_storage(url)._backend
    everything = study, None, set[int](), -1
    own, optunas = [], []
    for _ in range(ROUNDS):
        own.append(cpu_seconds(lambda: backend._get_trials(*everything)))
        optunas.append(cpu_seconds(lambda: RDBStorage._get_trials(backend, *everything)))
    return {"reading_cpu": own, "reading_by_optuna_cpu": optunas}


def cpu_seconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return round(time.process_time() - began, 2)


def of_command(words: list[str], url: StorageURL) -> tuple[float, float]:
    """CPU and wall seconds of one `perceptuna` command."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    cpu, wall = spent(), time.perf_counter()
    command = [sys.executable, "-m", "search", *words, "--storage", url.full]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return round(spent() - cpu, 2), round(time.perf_counter() - wall, 2)


if __name__ == "__main__":
    main()
