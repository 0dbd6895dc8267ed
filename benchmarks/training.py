"""Seconds per epoch against plain `model.fit` on NumPy arrays, and against the matrix products alone.

    python -m benchmarks.training [--quick] [--sets digits,fashion_mnist] [--batches 32,128,512]

The sets of ten numbers ask something else: what embedded numbers and members cost beside a plain network
(`benchmarks/training_contestants.py: NETWORKS`), and what they must cost, in arithmetic alone.

For all other sets the network is 256-128-64 with batch normalization, dropout 0.3, L2 1e-4 and Adam, on one thread.
Both train on the same rows and evaluate nothing; the tracing epoch is not counted. Each runs in a process of its own,
epochs in turn: `fit` in one that is set up as Keras comes, ours in one that is set up as a worker.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from contextlib import ExitStack
from typing import Any

from benchmarks.datasets import prepared
from benchmarks.measure import Timing, command_line, ratios, raw, spread, write_result
from benchmarks.training_contestants import NETWORKS, PRODUCTS_OF_MEMBERS, contestant

SETS = ("digits", "table569", "table20000", "fashion_mnist", "cifar10_jpeg")
OF_NUMBERS = ("table15000_regression", "table15000_classes")
BATCHES = (32, 128, 512)
RUNS = ("fit", "float32", "bfloat16", "products")
# Enough for a stable epoch; `fit` on all of CIFAR-10 would take most of an hour for the table.
MOST_ROWS = 20_000


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--batches", default=",".join(map(str, BATCHES)))
    parser.add_argument("--rounds", type=int)
    arguments = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    rounds = arguments.rounds or (2 if arguments.quick else 5)
    rows = MOST_ROWS // 10 if arguments.quick else MOST_ROWS
    results = []
    sets = arguments.sets.split(",")
    for name in sets:
        prepared(name)  # a set that is not here is found before the others have run for nothing
    for name in sets:
        for batch in map(int, arguments.batches.split(",")):
            if name in OF_NUMBERS:
                results.append(compare_networks(name, batch, rounds))
                print(describe_networks(results[-1]), flush=True)
            else:
                results.append(compare(name, batch, rows, rounds))
                print(describe(results[-1]), flush=True)
    print("raw numbers:", write_result("training", results, arguments.quick))


def compare(name: str, batch: int, most_rows: int, rounds: int) -> dict[str, Any]:
    """One line of the table: our epoch in float32 and bfloat16, `fit`'s, and the bare products'."""
    rows = min(most_rows, prepared(name).spec.rows.train)
    timings = timings_of(RUNS, name, batch, rows, rounds)
    return {
        "data": name,
        "rows": rows,
        "batch": batch,
        "ratio_float32": ratios(timings["fit"], timings["float32"]),
        "ratio_bfloat16": ratios(timings["fit"], timings["bfloat16"]),
        "products_share": ratios(timings["products"], timings["float32"]),
        "timings": {run: raw(timing) for run, timing in timings.items()},
    }


def describe(row: dict[str, Any]) -> str:
    return (
        f"{row['data']:>13} batch {row['batch']:>3}: float32 ×{spread(row['ratio_float32'])}, "
        f"bfloat16 ×{spread(row['ratio_bfloat16'])}, products are {spread(row['products_share'])} of our epoch"
    )


def compare_networks(name: str, batch: int, rounds: int) -> dict[str, Any]:
    """Epochs of `NETWORKS` on all rows, and the products of members, as multiples of the plain network's epoch."""
    rows = prepared(name).spec.rows.train
    plain, *others = NETWORKS
    timings = timings_of((plain, *others, PRODUCTS_OF_MEMBERS), name, batch, rows, rounds)
    return {
        "data": name,
        "rows": rows,
        "batch": batch,
        "times_plain": {run: ratios(timings[run], timings[plain]) for run in (*others, PRODUCTS_OF_MEMBERS)},
        "timings": {run: raw(timing) for run, timing in timings.items()},
    }


def describe_networks(row: dict[str, Any]) -> str:
    lines = [f"{run:>28} ×{spread(times)}" for run, times in row["times_plain"].items()]
    return "\n".join([f"{row['data']} batch {row['batch']}, epochs of a plain network:", *lines])


def timings_of(names: tuple[str, ...], data: str, batch: int, rows: int, rounds: int) -> dict[str, Timing]:
    with ExitStack() as stack:
        runs = {run: stack.enter_context(Runner(run, data, batch, rows)) for run in names}
        return interleaved(runs, rounds)


class Runner:
    """One contestant in a process of its own, an epoch at a call. A context manager."""

    def __init__(self, run: str, data: str, batch: int, rows: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=serve_epochs, args=(theirs, run, data, batch, rows), daemon=True
        )

    def __enter__(self) -> Runner:
        self._process.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.join()

    def epoch(self) -> tuple[float, float]:
        """CPU and wall seconds of one more epoch."""
        self._pipe.send("epoch")
        cpu, wall = self._pipe.recv()
        return cpu, wall


def interleaved(runs: dict[str, Runner], rounds: int) -> dict[str, Timing]:
    """An epoch of each a round, in turn, after one round that is not counted: it traces."""
    timings = {name: Timing([], []) for name in runs}
    for counted in [False] + [True] * rounds:
        for name, run in runs.items():
            cpu, wall = run.epoch()
            if counted:
                timings[name].cpu.append(cpu)
                timings[name].wall.append(wall)
    return timings


def serve_epochs(pipe: Any, run: str, name: str, batch: int, rows: int) -> None:
    """The process of one contestant: an epoch for each message."""
    epoch = contestant(run, name, batch, rows)
    while pipe.recv():
        cpu, wall = time.process_time(), time.perf_counter()
        epoch()
        pipe.send((time.process_time() - cpu, time.perf_counter() - wall))


if __name__ == "__main__":
    main()
