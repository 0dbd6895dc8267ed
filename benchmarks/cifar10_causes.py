"""Why some of the 25 known experiments come out otherwise: each with one thing changed, one training each.

    python -m benchmarks.cifar10_causes --data FOLDER [--seed 1]

Best validation accuracy; benchmarks/cifar10.py has the experiments themselves.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from benchmarks.measure import write_result
from benchmarks.pixels import fed
from benchmarks.whole_training import train_whole
from search.data import DataRequest, PreparedData, prepare
from search.machine.tensorflow_start import start_tensorflow
from search.study.cache import cache_folder
from spaces import Hyperparameters, load_baselines


def changes(data: PreparedData) -> Iterator[tuple[str, Hyperparameters, PreparedData]]:
    """What is changed, the configuration, and what it is fed."""
    known = {one.name: one.hyperparameters for one in load_baselines("cifar10_mlp")}
    plain = fed(data, "0..1")
    fast = known["learning rate 0.01"]
    yield "learning rate 0.01, without L2", fast.model_copy(update={"l2": 0.0}), data
    yield "learning rate 0.01, pixels in 0 to 1", fast, plain
    yield "tanh, pixels in 0 to 1", known["tanh"], plain
    yield "dropout 0.3, pixels in 0 to 1", known["dropout 0.3"], plain
    yield "dropout 0.3, 2x256", known["dropout 0.3"].model_copy(update={"width": 256}), data
    yield "no dropout, 2x256", known["baseline 2x32"].model_copy(update={"width": 256}), data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=30)
    given = parser.parse_args()
    data = prepare(DataRequest(given.data), cache_folder())
    start_tensorflow(1)
    rows: list[dict[str, Any]] = []
    for name, hyperparameters, fed_data in changes(data):
        result = train_whole(hyperparameters, fed_data, epochs=given.epochs, seed=given.seed)
        best = max(result.history["val_accuracy"])
        rows.append({"what": name, "val_accuracy": best, "best_epoch": result.best_epoch})
        print(rows[-1], flush=True)
    print("raw numbers:", write_result("cifar10-causes", rows, quick=False))


if __name__ == "__main__":
    main()
