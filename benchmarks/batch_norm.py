"""What small data lose where batch normalization is judged before its moving statistics have settled.

    python -m benchmarks.batch_norm [--quick] [--seeds 8] [--epochs 30]

The same trainings three times, which differ in the moving statistics alone, and so in validation and in the model that
is kept: `keras` moves them by 0.01 a step from mean 0 and variance 1; `debiased` takes those out again, every batch
alike; `by rows` counts a batch by its rows, as perceptuna does. `settled` is the measure: the same weights with the
statistics of all training rows at once.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import write_result
from search.data import DataRequest, PreparedData, prepare
from search.machine.tensorflow_start import start_tensorflow
from spaces import Hyperparameters

TABLES = ("breast_cancer", "wine", "iris", "digits of 300 rows", "diabetes")
NETWORK = Hyperparameters(depth=2, width=64, batch_norm=True, batch_size=64, learning_rate=3e-3)
SHOWN = (1, 2, 3, 5, 10)
Rates = Callable[[int, int, float], tuple[np.ndarray, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    seeds, epochs = (2, 10) if arguments.quick else (arguments.seeds, arguments.epochs)
    start_tensorflow(threads=1)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in TABLES:
            results.append(compare(name, table(name, Path(folder)), range(seeds), epochs))
            print(describe(results[-1]), flush=True)
    print("raw numbers:", write_result("batch-norm", results, arguments.quick))


def table(name: str, folder: Path) -> PreparedData:
    """Split anew, three tenths each for validation and test."""
    from sklearn import datasets

    source = name.split()[0]
    x, y = getattr(datasets, f"load_{source}")(return_X_y=True)
    if "300" in name:
        x, y = x[:300], y[:300]
    path = folder / f"{source}.npz"
    np.savez(path, x=x.astype(np.float32), y=y)
    task = "regression" if source == "diabetes" else "classification"
    request = DataRequest(str(path), task=task, val_fraction=0.3, test_fraction=0.3)
    return prepare(request, folder / "cache")


def variants() -> dict[str, Rates]:
    """Rates of moving statistics, by name."""
    from search.training import layers

    def keras(rows: int, batch_size: int, seen: float) -> tuple[np.ndarray, float]:
        return np.full(-(-rows // batch_size), 1 - layers.MOMENTUM, np.float32), seen

    def debiased(rows: int, batch_size: int, seen: float) -> tuple[np.ndarray, float]:
        return layers.moving_rates(-(-rows // batch_size), 1, seen)

    return {"keras": keras, "debiased": debiased, "by rows": layers.moving_rates}


def compare(name: str, data: PreparedData, seeds: range, epochs: int) -> dict[str, Any]:
    """The metric after each epoch, by variant and seed, and that of the settled statistics."""
    from search.training import epoch
    from search.training.loop import train

    metric = "val_mae" if data.spec.task == "regression" else "val_accuracy"
    rows = data.spec.rows
    row: dict[str, Any] = {"data": name, "metric": metric, "train": rows.train, "validation": rows.validation}
    row["steps"] = -(-rows.train // NETWORK.batch_size)
    found = variants()
    for words, rates in found.items():
        epoch.moving_rates = rates  # type: ignore[attr-defined]
        row[words] = []
        for seed in seeds:
            result = train(NETWORK, data, epochs=epochs, patience=epochs, metric=metric, seed=seed)
            row[words].append(result.history[metric])
    epoch.moving_rates = found["by rows"]  # type: ignore[attr-defined]
    row["settled"] = [settled(data, metric, seed, epochs) for seed in seeds]
    return row


def settled(data: PreparedData, metric: str, seed: int, epochs: int) -> list[float]:
    """The metric after each epoch by the statistics of all training rows, layer by layer."""
    import keras

    from search.training.loop import train
    from search.training.scoring import measure_rows

    of_epochs: list[list[np.ndarray]] = []

    class Settled(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            of_epochs.append(with_statistics_of(data, self.model.get_weights()))

    train(NETWORK, data, epochs=epochs, patience=epochs, metric=metric, seed=seed, callbacks=[Settled()])
    name, validation = metric.removeprefix("val_"), data.validation()
    return [measure_rows(NETWORK, data.spec, weights, *validation)[name] for weights in of_epochs]


def with_statistics_of(data: PreparedData, weights: list[np.ndarray]) -> list[np.ndarray]:
    """`weights`, their moving statistics replaced by those of all training rows; of networks with ReLU."""
    x = np.asarray(data.training()[0], np.float64)
    changed = list(weights)
    for layer in range(NETWORK.depth):
        kernel, bias, gamma, beta = weights[6 * layer : 6 * layer + 4]
        x = x @ kernel + bias
        mean, variance = x.mean(axis=0), x.var(axis=0)
        changed[6 * layer + 4] = mean.astype(np.float32)
        changed[6 * layer + 5] = variance.astype(np.float32)
        x = np.maximum((x - mean) / np.sqrt(variance + 1e-3) * gamma + beta, 0)
    return changed


def describe(row: dict[str, Any]) -> str:
    """Mean and deviation between seeds after some epochs, and of the best epoch."""
    best = min if row["metric"] == "val_mae" else max
    lines = [f"{row['data']}: {row['metric']}, {row['train']} rows, {row['steps']} steps an epoch"]
    for words in ("keras", "debiased", "by rows", "settled"):
        curves = row[words]
        shown = [f"{epoch}: {_spread([curve[epoch - 1] for curve in curves])}" for epoch in SHOWN]
        ends = _spread([best(curve) for curve in curves])
        lines.append(f"  {words:9} epoch {', '.join(shown)}; best {ends} (n={len(curves)})")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    digits = 1 if statistics.mean(values) > 2 else 3
    return f"{statistics.mean(values):.{digits}f} ± {statistics.stdev(values):.{digits}f}"


if __name__ == "__main__":
    main()
