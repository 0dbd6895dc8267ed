"""Pixels in 0..1 against standardised ones: validation accuracy of the same MLPs on the same images, over seeds.

    python -m benchmarks.pixels --data FOLDER|cifar10|fashion_mnist [--seeds 3] [--epochs 10]

What is fed differs in one thing, `scale` and `offset` of the data; both come from the training rows alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
from pathlib import Path
from typing import Any

from benchmarks.measure import write_result
from benchmarks.whole_training import train_whole
from search.data import DataRequest, PreparedData, prepare
from search.machine.tensorflow_start import start_tensorflow
from search.study.cache import cache_folder
from spaces import Hyperparameters

MLPS = {
    "32-32": Hyperparameters(width=32),
    "256-128-64, batch norm": Hyperparameters(
        depth=3, width=256, taper=0.5, batch_norm=True, initializer="he_normal", l2=1e-4, dropout=0.3
    ),
}
FEEDS = ("0..1", "standardised")


def fed(data: PreparedData, feed: str) -> PreparedData:
    """`data` as a network is to see it."""
    if feed == "standardised":
        return data
    plain = data.spec.model_copy(update={"scale": 1 / 255, "offset": 0.0})
    return dataclasses.replace(data, spec=plain)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    given = parser.parse_args()
    data = prepare(DataRequest(given.data), cache_folder())

    start_tensorflow(1)
    rows: list[dict[str, Any]] = []
    for name, hyperparameters in MLPS.items():
        reached: dict[str, list[float]] = {feed: [] for feed in FEEDS}
        for seed in range(1, given.seeds + 1):
            for feed in FEEDS:
                result = train_whole(hyperparameters, fed(data, feed), epochs=given.epochs, seed=seed)
                reached[feed].append(max(result.history["val_accuracy"]))
        rows.append({"mlp": name, "epochs": given.epochs, **reached})
        print(name, {feed: _words(values) for feed, values in reached.items()}, flush=True)
    print("raw numbers:", write_result(f"pixels-{Path(given.data).name}", rows, quick=False))


def _words(values: list[float]) -> str:
    spread = f" ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.1f}{spread} %"


if __name__ == "__main__":
    main()
