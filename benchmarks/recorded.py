"""Learning curves of a grid of configurations, trained once, from which samplers and pruners are judged by replay.

    python -m benchmarks.recorded --data FOLDER|fashion_mnist --name cifar10 [--workers 2]

384 MLPs: 2 widths x 3 depths x with and without batch normalization, dropout and cosine x 2 optimizers x rates of
learning from too small to too large, so that some diverge, some start slowly and end well, and some over-fit. Each is
trained on `TRAIN_ROWS` rows for `EPOCHS` epochs without early stopping; what is kept is the accuracy on as many other
rows after each epoch. Written to benchmarks/recorded/NAME.json after each training; a run that was interrupted goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import tempfile
from collections.abc import Container, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import machine
from search.data import DataRequest, PreparedData, prepare
from search.study.cache import cache_folder, find_data
from spaces import Hyperparameters

FOLDER = Path(__file__).parent / "recorded"
TRAIN_ROWS = 6_000
EPOCHS = 27

GRID: dict[str, list[Any]] = {
    "depth": [1, 2, 3],
    "width": [96, 384],
    "batch_norm": [False, True],
    "dropout": [0.0, 0.4],
    "optimizer": ["adamw", "sgd"],
    "learning_rate": [3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1],
    "schedule": ["constant", "cosine"],
}


@dataclass(frozen=True)
class Job:
    index: int
    hyperparameters: Hyperparameters
    folder: Path
    fingerprint: str


def configurations() -> list[Hyperparameters]:
    """The grid, in the order of its file; AdamW is spared the rates at which it always diverges, SGD the smallest."""
    usable = {"adamw": (3e-4, 1e-2), "sgd": (3e-3, 1e-1)}
    found = []
    for values in product(*GRID.values()):
        named = dict(zip(GRID, values, strict=True))
        low, high = usable[named["optimizer"]]
        if low <= named["learning_rate"] <= high:
            found.append(Hyperparameters(batch_size=128, weight_decay=0.05, **named))
    return found


@lru_cache
def recorded(name: str) -> list[list[float]]:
    """Validation accuracy after each epoch of each configuration of the grid; shorter where it diverged."""
    curves = json.loads((FOLDER / f"{name}.json").read_text())["curves"]
    return [curves[str(index)] for index in range(len(configurations()))]


def train_one(job: Job) -> tuple[int, list[float]]:
    from search.machine.tensorflow_start import start_tensorflow

    start_tensorflow(1)
    from search.training.loop import train

    result = train(
        job.hyperparameters,
        find_data(job.folder, job.fingerprint),
        epochs=EPOCHS,
        patience=EPOCHS,
        metric="val_accuracy",
        seed=job.index,
    )
    # A training whose loss is no longer finite ends; it stays at its last value, for those who read it on.
    curve = [round(value, 4) if math.isfinite(value) else 0.0 for value in result.history["val_accuracy"]]
    return job.index, curve


def small_data(source: str) -> PreparedData:
    """`TRAIN_ROWS` rows to train on and as many to judge by, drawn from the training split of `source`."""
    whole = prepare(DataRequest(source), cache_folder())
    x, y = whole.training()
    picked = np.random.default_rng(0).permutation(len(x))[: 2 * TRAIN_ROWS * 20 // 19]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "small.npz")
        np.savez(path, x=np.asarray(x[picked]), y=np.asarray(y[picked]))
        return prepare(DataRequest(str(path), val_fraction=0.475, test_fraction=0.05), cache_folder())


def train_all(
    configurations: list[Hyperparameters], source: str, workers: int, done: Container[int]
) -> Iterator[tuple[int, list[float]]]:
    """The curve of each configuration that is not `done`, with its index, as each training ends."""
    data = small_data(source)
    jobs = [
        Job(index, hyperparameters, data.folder, data.spec.fingerprint)
        for index, hyperparameters in enumerate(configurations)
        if index not in done
    ]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for ended in as_completed([pool.submit(train_one, job) for job in jobs]):
            yield ended.result()


def record(name: str, source: str, workers: int) -> None:
    path = FOLDER / f"{name}.json"
    FOLDER.mkdir(exist_ok=True)
    known = json.loads(path.read_text())["curves"] if path.exists() else {}
    curves: dict[int, list[float]] = {int(index): curve for index, curve in known.items()}
    for index, curve in train_all(configurations(), source, workers, frozenset(curves)):
        curves[index] = curve
        lines = [f'  "{at}": {json.dumps(curves[at])}' for at in sorted(curves)]
        write_lines(path, lines, '"curves": {', "}}")
        print(f"{name}: {len(curves)} curves, best {max(map(max, curves.values())):.4f}", flush=True)


def write_lines(path: Path, lines: list[str], opening: str, closing: str) -> None:
    """JSON of one entry a line, after how it was trained; `path` is the old one or the new one, whatever is killed."""
    about = json.dumps({"machine": machine(), "train_rows": TRAIN_ROWS, "epochs": EPOCHS})
    joined = ",\n".join(lines)
    partial = path.with_suffix(".partial")
    partial.write_text(f"{about[:-1]}, {opening}\n{joined}\n{closing}\n", encoding="utf-8")
    partial.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    record(given.name, given.data, given.workers)


if __name__ == "__main__":
    main()
