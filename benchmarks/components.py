"""Pixels against their first principal components: accuracy and CPU time of one MLP, over seeds.

    python -m benchmarks.components --data FOLDER|cifar10|fashion_mnist [--seeds 3] [--epochs 20]

All trainings differ in `pca` alone; 0 are the pixels themselves. Each seed is a round of all of them, in one process
with one thread. Differences to the pixels are paired by seed, with Student's interval.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import write_result
from benchmarks.whole_training import train_whole
from search.cache import cache_folder
from search.conclusion.statistics.intervals import mean_of
from search.data import DataRequest, prepare
from search.tensorflow_start import start_tensorflow
from spaces import Hyperparameters

COUNTS = (0, 64, 128, 256, 512)
MLP = Hyperparameters(
    depth=3,
    width=1024,
    taper=0.5,
    activation="gelu",
    batch_norm=True,
    initializer="he_normal",
    dropout=0.4,
    optimizer="adamw",
    weight_decay=0.05,
    schedule="cosine",
    batch_size=128,
    label_smoothing=0.1,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    given = parser.parse_args()
    data = prepare(DataRequest(given.data), cache_folder())
    start_tensorflow(1)
    rows: list[dict[str, Any]] = []
    for seed in range(1, given.seeds + 1):
        for count in COUNTS:
            started = time.process_time()
            mlp = MLP.model_copy(update={"pca": count})
            result = train_whole(mlp, data, epochs=given.epochs, seed=seed)
            cpu = time.process_time() - started
            best = result.best_epoch - 1
            reached = {name: result.history[name][best] for name in ("accuracy", "val_accuracy")}
            rows.append({"pca": count, "seed": seed, "cpu": round(cpu, 1), **reached})
            print(rows[-1], flush=True)
    described = {"mlp": MLP.describe(), "epochs": given.epochs}
    name = f"components-{Path(given.data).name}"
    print("\n".join(table(rows)))
    print("raw numbers:", write_result(name, [described, *rows], quick=False))


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Markdown, a line for each number of components: means over seeds, in percent and points."""
    lines = [
        "| components | validation | difference | train | CPU s | CPU time |",
        "|---|---|---|---|---|---|",
    ]
    by_count = {count: [row for row in rows if row["pca"] == count] for count in COUNTS}
    pixels = by_count[0]
    for count, of_count in by_count.items():
        pairs = list(zip(of_count, pixels, strict=True))
        differences = [100 * (row["val_accuracy"] - plain["val_accuracy"]) for row, plain in pairs]
        share = statistics.median(row["cpu"] / plain["cpu"] for row, plain in pairs)
        cells = [
            str(count or "pixels"),
            f"{_mean(of_count, 'val_accuracy'):.2f} %",
            _difference(differences) if count else "",
            f"{_mean(of_count, 'accuracy'):.1f} %",
            f"{statistics.mean(row['cpu'] for row in of_count):.0f}",
            f"×{share:.2f}" if count else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _mean(rows: list[dict[str, Any]], name: str) -> float:
    return 100 * statistics.mean(row[name] for row in rows)


def _difference(differences: list[float]) -> str:
    found = mean_of(differences)
    interval = "" if found.interval is None else " ({:+.2f} to {:+.2f})".format(*found.interval)
    return f"{found.mean:+.2f}{interval}"


if __name__ == "__main__":
    main()
