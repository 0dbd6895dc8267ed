"""Whole studies: the same configurations × epochs by perceptuna, Optuna + Keras, KerasTuner and scikit-learn.

    python -m benchmarks.studies [--quick] [--sets digits,fashion20000] [--rounds 3] [--only NAME,…]

Each contestant is a process of its own, started cold, and trains the configurations of `studies.toml` in full, no
pruning, on the same prepared rows:

- `workers1`, `workers2`: a perceptuna study with 1 and 2 workers, storage, curves and best model included;
- `optuna_keras`: as Optuna's Keras example does it, with SQLite (TensorFlow's own choice of threads);
- `kerastuner`: RandomSearch over the same ranges, so its configurations are others;
- `mlpclassifier`: scikit-learn's, which has NEITHER batch normalization NOR dropout; one thread suits it best.

Accuracy is that of the last epoch on the validation rows; KerasTuner's is of its best epoch. "warm" counts from
the end of the first trial to the end of the last, so without start-up and the first tracing; `training` is what
building, training and evaluating took (CPU seconds; perceptuna's are wall seconds of one-threaded workers).
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.children import Child, run_child
from benchmarks.measure import command_line, spread, write_result
from benchmarks.studies_contestants import SPACE
from search.data import DataRequest, prepare, read_source
from search.machine.tensorflow_start import tensorflow_log_silenced
from search.study.data_cache import cache_folder
from spaces import load_space

OURS = ("workers1", "workers2")
CONTESTANTS = (*OURS, "optuna_keras", "kerastuner", "mlpclassifier")
RIVALS = ("optuna_keras", "mlpclassifier")
SETS = ("digits", "fashion20000")
FASHION_ROWS = 20_000


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--sets")
    parser.add_argument("--only", default=",".join(CONTESTANTS))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--trials", type=int)
    parser.add_argument("--epochs", type=int)
    arguments = parser.parse_args()
    quick = arguments.quick
    rounds = arguments.rounds or (1 if quick else 3)
    trials, epochs = arguments.trials or (6 if quick else 24), arguments.epochs or (3 if quick else 10)
    sets = arguments.sets or ("digits" if quick else ",".join(SETS))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PERCEPTUNA_CACHE"] = str(Path(folder, "cache"))
        for name in sets.split(","):
            rows = compare(name, Path(folder), arguments.only.split(","), trials, epochs, rounds)
            # A set at a time: a full run takes most of an hour.
            file = (
                f"studies-{name}"
                if quick or (trials, epochs) == (24, 10)
                else f"studies-{name}-{trials}x{epochs}"
            )
            print("raw numbers:", write_result(file, rows, quick), flush=True)


def compare(
    name: str, folder: Path, contestants: list[str], trials: int, epochs: int, rounds: int
) -> list[dict[str, Any]]:
    """A row for each contestant on one data set, rounds interleaved."""
    source = _source(name, folder)
    data = prepare(DataRequest(source), cache_folder())
    task = {
        "data": source,
        "prepared": str(data.folder),
        "epochs": epochs,
        "configurations": draw(trials),
    }
    print(f"{name}: {trials} trials × {epochs} epochs, {data.spec.rows.train:,} training rows", flush=True)
    rounds_of: dict[str, list[dict[str, Any]]] = {contestant: [] for contestant in contestants}
    for _ in range(rounds):
        for contestant in contestants:
            rounds_of[contestant].append(measure(contestant, task))
    rows = [
        {"data": name, "trials": trials, "epochs": epochs, "contestant": contestant, "rounds": measured}
        for contestant, measured in rounds_of.items()
    ]
    print(table(rows), flush=True)
    return rows


def draw(trials: int) -> list[dict[str, Any]]:
    """Configurations from the space, always the same."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    space = load_space(SPACE)
    return [space.suggest(study.ask()).model_dump() for _ in range(trials)]


def measure(contestant: str, task: dict[str, Any]) -> dict[str, Any]:
    """One study by one contestant, in figures."""
    environment = {"OPENBLAS_NUM_THREADS": "1"} if contestant == "mlpclassifier" else {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "task.json")
        path.write_text(json.dumps({**task, "folder": folder}), encoding="utf-8")
        child = run_child(["-m", "benchmarks.studies_contestants", contestant, str(path)], **environment)
    return figures(child)


def figures(child: Child) -> dict[str, Any]:
    events = [(line, json.loads(line.text)) for line in child.lines if line.text.startswith("{")]
    ends = [line for line, event in events if event["event"] == "trial_ended"]
    result = events[-1][1]
    trials = len(ends)
    first, last = ends[0], ends[-1]
    return {
        "wall": round(child.wall, 3),
        "first_trial": round(first.wall, 3),
        "cpu": round(child.cpu, 3),
        "peak_mb": round(child.peak_mb),
        "trials_per_hour": 3600 * trials / child.wall,
        "warm_trials_per_hour": 3600 * (trials - 1) / (last.wall - first.wall),
        "cpu_per_trial": child.cpu / trials,
        "warm_cpu_per_trial": (last.cpu - first.cpu) / (trials - 1),
        "training_per_trial": statistics.fmean(result["training"]),
        "training": result["training"],
        "accuracies": result["accuracies"],
        "best": max(result["accuracies"]),
        "mean": statistics.fmean(result["accuracies"]),
        "driver_cpu": result.get("driver_cpu"),
        "driving_cpu": result.get("driving_cpu"),
    }


COLUMNS: tuple[tuple[str, str, int], ...] = (
    ("trials_per_hour", "trials/h", 0),
    ("warm_trials_per_hour", "warm", 0),
    ("first_trial", "1st trial s", 1),
    ("cpu_per_trial", "CPU s/trial", 3),
    ("warm_cpu_per_trial", "warm", 3),
    ("training_per_trial", "training s", 3),
    ("peak_mb", "peak MB", 0),
    ("best", "best", 4),
    ("mean", "mean", 4),
)
# By which a contestant is better than the rival where it is above 1.
RATIOS: tuple[tuple[str, str, bool], ...] = (
    ("trials_per_hour", "trials/h", True),
    ("warm_trials_per_hour", "warm trials/h", True),
    ("cpu_per_trial", "CPU", False),
    ("warm_cpu_per_trial", "warm CPU", False),
    ("training_per_trial", "training", False),
    ("peak_mb", "memory", False),
)


def table(rows: list[dict[str, Any]]) -> str:
    """Medians over the rounds; then ratios against the rival and the driver's share, with spread."""
    lines = [f"{'':>13} " + " ".join(f"{title:>11}" for _, title, _ in COLUMNS)]
    for row in rows:
        medians = (statistics.median(one[key] for one in row["rounds"]) for key, _, _ in COLUMNS)
        cells = (f"{value:>11,.{digits}f}" for value, (_, _, digits) in zip(medians, COLUMNS, strict=True))
        lines.append(f"{row['contestant']:>13} " + " ".join(cells))
    rounds_of = {row["contestant"]: row["rounds"] for row in rows}
    for name, rounds in rounds_of.items():
        for rival in RIVALS:
            if rival in rounds_of and name in OURS:
                lines.append(f"{name} against {rival}: {against(rounds, rounds_of[rival])}")
        if rounds[0]["driver_cpu"] is not None:
            lines.append(f"{name}: {driver_share(rounds)}")
    return "\n".join(lines)


def against(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> str:
    parts = []
    for key, title, more_is_better in RATIOS:
        pairs = [(mine[key], other[key]) for mine, other in zip(ours, theirs, strict=True)]
        parts.append(f"{title} ×{spread([a / b if more_is_better else b / a for a, b in pairs])}")
    return ", ".join(parts)


def driver_share(rounds: list[dict[str, Any]]) -> str:
    """Of the process that asks, tells and stores; from the first trial's start to the last one's end."""
    whole = [one["driver_cpu"] / one["cpu"] for one in rounds]
    driving = [one["driving_cpu"] / one["cpu"] for one in rounds]
    a_trial = [1000 * one["driving_cpu"] / len(one["training"]) for one in rounds]
    return (
        f"the driver's process takes {spread(whole)} of all CPU time, {spread(driving)} while trials run, "
        f"which is {spread(a_trial)} ms a trial"
    )


def _source(name: str, folder: Path) -> str:
    if name != "fashion20000":
        return name
    path = folder / "fashion20000.npz"
    with tensorflow_log_silenced():
        raw = read_source(DataRequest("fashion_mnist"))
    np.savez(path, x=raw.x[:FASHION_ROWS], y=raw.y[:FASHION_ROWS])
    return str(path)


if __name__ == "__main__":
    main()
