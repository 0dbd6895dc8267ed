"""What a network is given of images: pixels or components, how far whitened, with how many of them dropped.

    python -m benchmarks.inputs --data FOLDER|cifar10|fashion_mnist [--augmented] [--seeds 3] [--epochs 20]

Accuracy and CPU time of one MLP, all else equal. Each seed is a round of all variants, in one process with one thread.
Differences to 256 components are paired by seed, with Student's interval.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass
from functools import partialmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from benchmarks.measure import write_result
from benchmarks.whole_training import train_whole
from search.conclusion.statistics.intervals import mean_of
from search.data import Components, DataRequest, prepare
from search.machine.tensorflow_start import start_tensorflow
from search.study.cache import cache_folder
from spaces import Hyperparameters

if TYPE_CHECKING:
    from search.data import PreparedData


@dataclass(frozen=True)
class Variant:
    """What differs from 256 components, whitened half way."""

    name: str
    pca: int = 256
    whitening: float = 0.5
    input_dropout: float = 0.0


REFERENCE = "256 components"
WHITENED = (
    Variant(REFERENCE),
    Variant("256, as they are", whitening=0.0),
    Variant("256, wholly whitened", whitening=1.0),
)
PLAIN = (
    *WHITENED,
    Variant("pixels", pca=0),
    Variant("64 components", pca=64),
    Variant("128 components", pca=128),
    Variant("512 components", pca=512),
    Variant("256, input dropout 0.1", input_dropout=0.1),
    Variant("256, input dropout 0.2", input_dropout=0.2),
)
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
# Shifts of up to two pixels of 32.
AUGMENTED = {
    "taper": 1.0,
    "dropout": 0.1,
    "learning_rate": 2e-3,
    "batch_size": 256,
    "augment": "shift_flip",
    "shift": 0.0625,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument(
        "--augmented", action="store_true", help="how far whitened, by shifted and mirrored images"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    given = parser.parse_args()
    data = prepare(DataRequest(given.data), cache_folder())
    start_tensorflow(1)
    mlp = MLP.model_copy(update=AUGMENTED) if given.augmented else MLP
    rows: list[dict[str, Any]] = []
    for seed in range(1, given.seeds + 1):
        for variant in WHITENED if given.augmented else PLAIN:
            rows.append(measured(variant, mlp, data, given.epochs, seed))
            print(rows[-1], flush=True)
    deviations = Components.load(data.folder).variances[:256] ** 0.5
    print(
        f"standard deviation of the first component: {deviations[0] / deviations[-1]:.0f} times that of the last of 256"
    )
    described = {"mlp": mlp.describe(), "epochs": given.epochs}
    name = f"inputs-{Path(given.data).name}{'-augmented' * given.augmented}"
    print("\n".join(table(rows)))
    print("raw numbers:", write_result(name, [described, *rows], quick=False))


def measured(
    variant: Variant, mlp: Hyperparameters, data: PreparedData, epochs: int, seed: int
) -> dict[str, Any]:
    """One training: accuracies in its best epoch, and CPU seconds."""
    from search.training import inputs

    mlp = mlp.model_copy(update={"pca": variant.pca, "input_dropout": variant.input_dropout})
    # A worker keeps projected rows by their number alone.
    inputs._projected.cache_clear()
    projection = partialmethod(Components.projection, whitening=variant.whitening)
    with patch.object(Components, "projection", projection):
        started = time.process_time()
        result = train_whole(mlp, data, epochs=epochs, seed=seed)
    cpu = time.process_time() - started
    best = result.best_epoch - 1
    reached = {name: result.history[name][best] for name in ("accuracy", "val_accuracy")}
    return {"variant": variant.name, "seed": seed, "cpu": round(cpu, 1), **reached}


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Markdown, a line for each variant: means over seeds, in percent and points."""
    lines = ["| | validation | difference | train | CPU s | CPU time |", "|---|---|---|---|---|---|"]
    by_name = {
        name: [row for row in rows if row["variant"] == name]
        for name in dict.fromkeys(row["variant"] for row in rows)
    }
    for name, of_it in by_name.items():
        pairs = list(zip(of_it, by_name[REFERENCE], strict=True))
        differences = [100 * (row["val_accuracy"] - other["val_accuracy"]) for row, other in pairs]
        share = statistics.median(row["cpu"] / other["cpu"] for row, other in pairs)
        cells = [
            name,
            f"{_mean(of_it, 'val_accuracy'):.2f} %",
            _difference(differences) if name != REFERENCE else "",
            f"{_mean(of_it, 'accuracy'):.1f} %",
            f"{statistics.mean(row['cpu'] for row in of_it):.0f}",
            f"×{share:.2f}" if name != REFERENCE else "",
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
