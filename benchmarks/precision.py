"""Does bfloat16 cost accuracy? The same trainings with float32 and with bfloat16 matrix products, seed by seed.

    python -m benchmarks.precision [--quick] [--sets fashion_mnist,cifar10_jpeg] [--seeds 5] [--epochs 10]

Two networks: 512-256-128 with batch normalization and dropout, and a plain 256-256, both Adam, batch 128. Every
pair shares weights, order of rows and dropout; only the rounding of the factors differs.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from benchmarks.datasets import prepared
from benchmarks.measure import command_line, write_result
from search.machine.tensorflow_start import start_tensorflow
from spaces import Hyperparameters

NETWORKS = {
    "512-256-128 batch norm, dropout 0.3": Hyperparameters(
        depth=3, width=512, taper=0.5, batch_norm=True, dropout=0.3, batch_size=128, schedule="cosine"
    ),
    "256-256 plain": Hyperparameters(depth=2, width=256, batch_size=128),
}


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--sets", default="fashion_mnist,cifar10_jpeg")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    arguments = parser.parse_args()
    start_tensorflow(threads=1)
    seeds, epochs = (2, 1) if arguments.quick else (arguments.seeds, arguments.epochs)
    results = []
    for name in arguments.sets.split(","):
        for words in NETWORKS:
            results.append(compare(name, words, range(seeds), epochs))
            print(describe(results[-1]), flush=True)
    print("raw numbers:", write_result("precision", results, arguments.quick))


def compare(name: str, words: str, seeds: range, epochs: int) -> dict[str, Any]:
    from search.training.loop import train

    data = prepared(name)
    row: dict[str, Any] = {"data": name, "network": words, "epochs": epochs}
    for precision in ("float32", "bfloat16"):
        row[precision], row[f"cpu_{precision}"] = [], []
    for seed in seeds:
        for precision in ("float32", "bfloat16"):
            started = time.process_time()
            result = train(
                NETWORKS[words],
                data,
                epochs=epochs,
                patience=epochs,
                metric="val_accuracy",
                seed=seed,
                bfloat16=precision == "bfloat16",
            )
            row[precision].append(max(result.history["val_accuracy"]))
            row[f"cpu_{precision}"].append(round(time.process_time() - started, 3))
    return row


def describe(row: dict[str, Any]) -> str:
    """Means, deviations between seeds, and the paired difference with its 95 % interval (Student's t)."""
    from scipy.stats import t

    full, rounded = row["float32"], row["bfloat16"]
    differences = [100 * (b - a) for a, b in zip(full, rounded, strict=True)]
    half = t.ppf(0.975, len(differences) - 1) * statistics.stdev(differences) / len(differences) ** 0.5
    ratio = statistics.median(a / b for a, b in zip(row["cpu_float32"], row["cpu_bfloat16"], strict=True))
    return (
        f"{row['data']}, {row['network']}: float32 {_percent(full)}, bfloat16 {_percent(rounded)}, "
        f"difference {statistics.mean(differences):+.2f} ± {half:.2f} points (n={len(differences)}); "
        f"CPU time ×{ratio:.2f}"
    )


def _percent(values: list[float]) -> str:
    return f"{100 * statistics.mean(values):.2f} ± {100 * statistics.stdev(values):.2f} %"


if __name__ == "__main__":
    main()
