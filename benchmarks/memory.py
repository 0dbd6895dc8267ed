"""What a worker's memory does over many trials, and how good the estimate is that --memory-limit goes by.

    python -m benchmarks.memory [--quick] [--trials 500] [--spaces small,mlp]

Growth: `perceptuna run` with one worker, random configurations of a preset, two epochs of digits each; the worker's
resident memory is read after each trial. `small` has few structures and many widths, `mlp` a new structure in most
trials, so that its worker is replaced now and then. Estimate: each configuration in a process of its own, the most
memory it ever held less what it held before training, against `search.training.memory.training_bytes`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measure import command_line, write_result
from search.training.memory import idle_worker_bytes, training_bytes
from spaces import Hyperparameters

CONFIGURATIONS: tuple[dict[str, Any], ...] = (
    {"depth": 1, "width": 64},
    {"depth": 4, "width": 2048},
    {"depth": 4, "width": 2048, "optimizer": "sgd"},
    {"depth": 4, "width": 2048, "batch_norm": True, "dropout": 0.3, "l2": 1e-3, "batch_size": 1024},
    {"depth": 3, "width": 4096, "optimizer": "lion"},
    {"depth": 3, "width": 4096, "optimizer": "adamw"},
    {"depth": 3, "width": 4096, "optimizer": "rmsprop"},
    {"depth": 12, "width": 512, "batch_norm": True, "dropout": 0.2, "batch_size": 1200, "activation": "gelu"},
)
_SAMPLE_SECONDS = 0.01


def growth(space: str, trials: int, folder: Path) -> dict[str, Any]:
    """Resident MB of the one worker after each trial, and how often it was replaced."""
    options = f"--data digits --space {space} --epochs 2 --sampler random --pruner none --workers 1 --trials {trials}"
    storage = ["--storage", str(folder / "studies.db")]
    process = subprocess.Popen(
        [sys.executable, "-m", "search", "run", space, *options.split(), "--json", *storage],
        env={**os.environ, "PERCEPTUNA_CACHE": str(folder / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    resident: list[float] = []
    pids: set[int] = set()
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "trial_ended":
            worker = max(_workers(process.pid), key=lambda one: one.memory_info().rss)
            pids.add(worker.pid)
            resident.append(worker.memory_info().rss / 1e6)
            if len(resident) % 50 == 0:
                print(f"  {len(resident)} trials: {resident[-1]:.0f} MB", flush=True)
    if process.wait() != 0:
        raise SystemExit(f"the study ended with exit code {process.returncode}")
    return {
        "trials": trials,
        "options": options,
        "workers": len(pids),
        "resident_mb": [round(r, 1) for r in resident],
    }


def _workers(driver: int) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(driver).children(recursive=True)
        if "search.workers.serving" in " ".join(child.cmdline())
    ]


def estimate(configuration: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Estimated and measured MB of training `configuration` in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", "--measure", json.dumps(configuration), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure(configuration: dict[str, Any], folder: Path) -> dict[str, Any]:
    """In this process. A small model is trained first: what TensorFlow keeps from then on is not this model's."""
    from search.data import DataRequest, prepare
    from search.machine.tensorflow_start import start_tensorflow

    start_tensorflow(1)
    from search.training.loop import train

    data = prepare(DataRequest("digits"), folder)
    hyperparameters = Hyperparameters.from_values(configuration)
    common = {"epochs": 2, "patience": 9, "metric": "val_accuracy", "seed": 1}
    train(hyperparameters.model_copy(update={"width": 8}), data, **common)  # type: ignore[arg-type]
    peak = _Peak()
    train(hyperparameters, data, **common)  # type: ignore[arg-type]
    return {
        "configuration": configuration,
        "idle_mb": round(peak.before / 1e6),
        "idle_estimate_mb": round(idle_worker_bytes(data.spec) / 1e6),
        "measured_mb": round(peak.grown() / 1e6, 1),
        "estimate_mb": round(training_bytes(hyperparameters, data.spec) / 1e6, 1),
    }


class _Peak:
    """The most resident memory since it was made, in bytes."""

    def __init__(self) -> None:
        self.before = psutil.Process().memory_info().rss
        self._most = self.before
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        process = psutil.Process()
        while not self._ended.wait(_SAMPLE_SECONDS):
            self._most = max(self._most, process.memory_info().rss)

    def grown(self) -> int:
        self._ended.set()
        self._thread.join()
        return int(max(self._most, psutil.Process().memory_info().rss) - self.before)


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--spaces", default="small,mlp", help="presets whose growth is watched")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(json.loads(arguments.measure[0]), Path(arguments.measure[1]))))
        return
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for configuration in CONFIGURATIONS[:2] if arguments.quick else CONFIGURATIONS:
            row = estimate(configuration, folder / "cache")
            print(
                f"estimate {row['estimate_mb']:7.1f} MB, measured {row['measured_mb']:7.1f}: {configuration}",
                flush=True,
            )
            rows.append(row)
        for space in arguments.spaces.split(","):
            started = time.monotonic()
            row = growth(space, 20 if arguments.quick else arguments.trials, folder)
            resident = row["resident_mb"]
            print(
                f"{space}, {len(resident)} trials in {time.monotonic() - started:.0f} s: {resident[0]:.0f} MB after "
                f"the first, {resident[9]:.0f} after 10, {resident[-1]:.0f} after the last, {max(resident):.0f} at "
                f"most; {row['workers']} worker(s)"
            )
            rows.append(row)
    print("raw numbers:", write_result("memory", rows, arguments.quick))


if __name__ == "__main__":
    main()
