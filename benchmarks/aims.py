"""Networks that are good and small: does a study that aims at both find more of them than one that aims at accuracy?

    python -m benchmarks.aims [--rows 20000] [--trials 30] [--epochs 20] [--seeds 5] [--quick]

Fashion-MNIST (Xiao et al. 2017), as Keras loads it: so many of its training rows, drawn by the seed, as one NPZ file,
in the space of `benchmarks/aims.toml`.
Each contestant is one `run` in one process: `one aim` is `--metric val_accuracy`, `several aims` is `--aim val_accuracy
--aim parameters`, and `nsgaii` the same by that sampler. What a trial took is read from the CPU seconds of the process
when it had ended, so other work on the machine does not count. Of each seed, all contestants have the CPU seconds of
the one that took least; later trials are left out.

- `volume`: the best accuracy of networks no larger than a size, its mean over sizes from 10^3 to 10^7 parameters, on a
  logarithmic scale. It is the hypervolume of the front, divided by its largest;
- `smallest`: parameters of the smallest network within 0.5 points of the best of all contestants of the seed, and how
  many times smaller than that best it is.

Accuracies are those of the validation rows that chose the trials. With --quick it is the digits, and two trials each.
What is in the output file is not run again, so the same command goes on.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import log10
from pathlib import Path
from typing import Any

from benchmarks.children import Child, run_child
from benchmarks.measure import command_line, measure_missing, result_path
from benchmarks.tables import rows_of

CONTESTANTS = {
    "one aim": ("--metric", "val_accuracy"),
    "several aims": ("--aim", "val_accuracy", "--aim", "parameters"),
    "nsgaii": ("--aim", "val_accuracy", "--aim", "parameters", "--sampler", "nsgaii"),
}
SIZES = (1e3, 1e7)
WITHIN = 0.005
QUICK = ("--data", "digits", "--space", "small")


@dataclass(frozen=True)
class Point:
    """A trial that was trained to its end, and the CPU seconds that its study had taken by then."""

    cpu: float
    accuracy: float
    parameters: int


def contest(rows: int, budget: Sequence[str], quick: bool, seed: int, contestant: str) -> dict[str, Any]:
    """A row: the points of one contestant."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = QUICK if quick else _fashion(folder / "fashion.npz", rows, seed)
        storage = f"sqlite:///{folder / 'studies.db'}"
        command = ["run", "study", *source, *budget, "--workers", "0", "--seed", str(seed), "--json"]
        child = run_child(
            ["-m", "search", *command, *CONTESTANTS[contestant], "--storage", storage],
            PERCEPTUNA_CACHE=str(folder / "cache"),
        )
        found = points(child, folder / "studies.db")
    return {"rows": rows, "budget": list(budget), "cpu": round(child.cpu, 1), "points": found}


def _fashion(file: Path, rows: int, seed: int) -> tuple[str, ...]:
    """Options of `run` for so many training rows of Fashion-MNIST, and the space."""
    import numpy as np
    from keras.datasets import fashion_mnist

    (x, y), _ = fashion_mnist.load_data()
    chosen = np.random.default_rng(seed).permutation(len(x))[:rows]
    np.savez(file, x=x[chosen], y=y[chosen])
    return ("--data", str(file), "--space", str(Path(__file__).with_suffix(".toml")))


def points(child: Child, database: Path) -> list[list[float]]:
    """CPU seconds, accuracy and parameters of each complete trial, in the order in which they ended."""
    from search.study.study import load_study
    from storage import StorageURL

    trials = load_study("study", StorageURL.of_file(database)).trials()
    ended = [(line.cpu, json.loads(line.text)) for line in child.lines if '"trial_ended"' in line.text]
    return [
        [round(cpu, 1), event["value"], float(trials[event["trial"]].parameters or 0)]
        for cpu, event in ended
        if event["state"] == "complete"
    ]


def volume(found: Sequence[Point]) -> float:
    """The mean over sizes, on a logarithmic scale, of the best accuracy of networks that are no larger."""
    low, high = map(log10, SIZES)
    total, best, reached = 0.0, 0.0, low
    for point in sorted(found, key=lambda one: one.parameters):
        size = min(max(log10(point.parameters), low), high)
        total, reached = total + best * (size - reached), size
        best = max(best, point.accuracy)
    return (total + best * (high - reached)) / (high - low)


def smallest(found: Sequence[Point], best: float) -> int | None:
    """Parameters of the smallest network within the margin of `best`; None where there is none."""
    return min((one.parameters for one in found if one.accuracy >= best - WITHIN - 1e-9), default=None)


def within_budget(rows: Sequence[dict[str, Any]]) -> dict[str, list[Point]]:
    """Of the rows of one seed, what each contestant had found when the fastest was done."""
    budget = min(max((one[0] for one in row["points"]), default=0.0) for row in rows)
    return {
        row["contestant"]: [
            Point(cpu, accuracy, int(parameters))
            for cpu, accuracy, parameters in row["points"]
            if cpu <= budget
        ]
        for row in rows
    }


def compared(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Of the rows of one seed, by contestant: best accuracy, volume, parameters of the best and of the smallest."""
    found = within_budget(rows)
    everything = [point for own in found.values() for point in own]
    if not everything:
        return {}
    best = max(everything, key=lambda one: (one.accuracy, -one.parameters))
    told: dict[str, dict[str, float]] = {}
    for contestant, own in found.items():
        told[contestant] = {
            "trials": len(own),
            "accuracy": max((one.accuracy for one in own), default=0.0),
            "volume": volume(own),
        }
        if (size := smallest(own, best.accuracy)) is not None:
            told[contestant] |= {"smallest": size, "times smaller": best.parameters / size}
    return told


def lines(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A Markdown table: the median over seeds of each contestant, with the least and the most."""
    seeds = dict.fromkeys(row["seed"] for row in rows)
    by_seed = [compared([row for row in rows if row["seed"] == seed]) for seed in seeds]
    names = ("trials", "accuracy", "volume", "smallest", "times smaller")
    yield f"| contestant | seeds | {' | '.join(names)} |"
    yield "|---" * (len(names) + 2) + "|"
    for contestant in CONTESTANTS:
        own = [found[contestant] for found in by_seed if contestant in found]
        cells = [_written([one[name] for one in own if name in one]) for name in names]
        yield f"| {contestant} | {len(own)} | {' | '.join(cells)} |"


def _written(values: Sequence[float]) -> str:
    if not values:
        return "–"
    whole = all(float(value).is_integer() for value in values) and max(values) > 1
    digits = 0 if whole or max(values) >= 1000 else 1 if max(values) > 1 else 4
    low, middle, high = (f"{of(values):,.{digits}f}" for of in (min, statistics.median, max))
    return f"{middle} ({low}–{high})" if len(values) > 1 else middle


def main(arguments: Sequence[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--output", type=Path, metavar="FILE.json")
    given = parser.parse_args(arguments)
    output = given.output or result_path("aims", given.quick)
    trials, epochs, seeds = (2, 2, 1) if given.quick else (given.trials, given.epochs, given.seeds)
    budget = ("--trials", str(trials), "--epochs", str(epochs))
    rows = rows_of(output) if given.output or not given.quick else []
    wanted = [(seed, one) for seed in range(seeds) for one in CONTESTANTS]
    rows = measure_missing(
        output, rows, wanted, ("seed", "contestant"), partial(contest, given.rows, budget, given.quick)
    )
    print("\n".join(lines(rows)))
    print("raw numbers:", output)


if __name__ == "__main__":
    main()
