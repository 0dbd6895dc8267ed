"""The 25 known experiments with MLPs on CIFAR-10, trained again: test accuracy over seeds beside the published one.

    python -m benchmarks.cifar10 --data FOLDER [--seeds 3] [--epochs 50] [--workers 2]

FOLDER holds the images as `train/CLASS/…` and `test/CLASS/…`; `cifar10` loads them by Keras. Each configuration is
trained with each seed on the training split; the test split is evaluated once, with the weights of the epoch that was
best on the validation split. No search takes part, so that nothing is chosen by what is seen here.

A run that was interrupted goes on where it ended. The last thing printed is the table as Markdown.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS, machine
from search.data import DataRequest, prepare
from search.study.cache import cache_folder, find_data
from search.training.precision import resolve_precision
from spaces import Baseline, Hyperparameters, load_baselines

# Percent of the test images, one run each, as published; in the order of the list.
PUBLISHED = (
    *(47.4, 50.0, 47.7, 48.2, 45.9, 47.7, 50.3, 51.8, 49.0, 47.2, 52.4),
    *(52.6, 54.5, 51.2, 53.8, 54.4, 54.9, 54.8, 54.5, 54.5, 55.2, 54.7, 55.2, 56.0, 56.2),
)


@dataclass(frozen=True)
class Job:
    """One training. Its seed is that of weights, order, dropout; the split is the same for all."""

    name: str
    hyperparameters: str
    epochs: int
    patience: int
    seed: int
    folder: Path
    fingerprint: str
    precision: str


@dataclass(frozen=True)
class Row:
    """How it ended. Accuracies are shares; train and validation at the best epoch, `seconds` wall, `cpu` CPU time."""

    name: str
    seed: int
    test: float
    validation: float
    train: float
    parameters: int
    best_epoch: int
    epochs: int
    seconds: float
    cpu: float


def train_and_test(job: Job) -> Row:
    """In a process of its own: TensorFlow is loaded once for all jobs of it."""
    import time

    from search.data.preparing.sealed import open_test_split
    from search.machine.tensorflow_start import start_tensorflow

    start_tensorflow(1)
    from search.training.loop import train

    data = find_data(job.folder, job.fingerprint)
    started = time.process_time()
    result = train(
        Hyperparameters.model_validate_json(job.hyperparameters),
        data,
        epochs=job.epochs,
        patience=job.patience,
        metric="val_accuracy",
        seed=job.seed,
        bfloat16=job.precision == "bfloat16",
    )
    cpu = time.process_time() - started
    x, y = open_test_split(data)
    answers = result.model.predict(x, batch_size=1000, verbose=0).argmax(axis=1)
    best = result.best_epoch - 1
    return Row(
        name=job.name,
        seed=job.seed,
        test=float((answers == y).mean()),
        validation=result.history["val_accuracy"][best],
        train=result.history["accuracy"][best],
        parameters=result.parameters,
        best_epoch=result.best_epoch,
        epochs=result.epochs,
        seconds=result.seconds,
        cpu=cpu,
    )


def jobs_of(baselines: Iterable[Baseline], seeds: int, source: str, most_epochs: int) -> list[Job]:
    """One round of all configurations after the other, so that an interrupted run has whole rounds."""
    data = prepare(DataRequest(source), cache_folder())
    precision = resolve_precision("auto", data.spec)
    return [
        Job(
            name=one.name,
            hyperparameters=one.hyperparameters.model_dump_json(),
            epochs=min(one.epochs or most_epochs, most_epochs),
            patience=one.patience or most_epochs,
            seed=seed,
            folder=data.folder,
            fingerprint=data.spec.fingerprint,
            precision=precision,
        )
        for seed in range(1, seeds + 1)
        for one in baselines
    ]


def run(jobs: list[Job], path: Path, workers: int) -> list[Row]:
    """All jobs that `path` does not hold yet; it is written after each."""
    asked = {
        "data": jobs[0].fingerprint,
        "precision": jobs[0].precision,
        "epochs": max(job.epochs for job in jobs),
    }
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"asked": asked, "rows": []}
    if before.get("asked") != asked:
        raise SystemExit(f"{path} has rows of other data, precision or epochs; name another --output")
    rows = [Row(**row) for row in before["rows"]]
    done = {(row.name, row.seed) for row in rows}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        running = [pool.submit(train_and_test, job) for job in jobs if (job.name, job.seed) not in done]
        for ended in as_completed(running):
            rows.append(ended.result())
            _write(path, rows, asked)
            print(
                f"[{len(rows)}/{len(jobs)}] {rows[-1].name}, seed {rows[-1].seed}: {rows[-1].test:.4f}",
                flush=True,
            )
    return rows


def _write(path: Path, rows: list[Row], asked: dict[str, Any]) -> None:
    content = {"machine": machine(), "asked": asked, "rows": [asdict(row) for row in rows]}
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def table(rows: Iterable[Row], names: Iterable[str]) -> list[str]:
    """Markdown, a line for each configuration: mean ± standard deviation over seeds, in percent."""
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_name[row.name].append(row)
    lines = [
        "| configuration | published | test | difference | validation | gap to train | parameters | epochs | CPU s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, published in zip(names, PUBLISHED, strict=True):
        if of_name := by_name.get(name):
            lines.append(_line(name, published, of_name))
    return lines


def _line(name: str, published: float, rows: list[Row]) -> str:
    test = [100 * row.test for row in rows]
    mean = statistics.mean(test)
    gap = statistics.mean(100 * (row.train - row.test) for row in rows)
    cells = [
        name,
        f"{published:.1f}",
        _mean_and_deviation(test),
        f"{mean - published:+.1f}",
        _mean_and_deviation([100 * row.validation for row in rows]),
        f"{gap:.1f}",
        f"{rows[0].parameters:,}",
        f"{statistics.mean(row.best_epoch for row in rows):.0f}/{statistics.mean(row.epochs for row in rows):.0f}",
        f"{statistics.mean(row.cpu for row in rows):.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _mean_and_deviation(values: list[float]) -> str:
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{spread}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", required=True, help="folder of class folders, or cifar10")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--epochs", type=int, default=50, help="no training runs longer; shortens a trial of this"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--output", type=Path, default=RESULTS / f"cifar10-baselines-{date.today().isoformat()}.json"
    )
    given = parser.parse_args()
    baselines = load_baselines("cifar10_mlp")
    rows = run(jobs_of(baselines, given.seeds, given.data, given.epochs), given.output, given.workers)
    print("\n".join(table(rows, [one.name for one in baselines])))


if __name__ == "__main__":
    main()
