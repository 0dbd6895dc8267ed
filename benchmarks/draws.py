"""What each choice of hyperparameters is worth, from configurations drawn at random from a broad space.

    python -m benchmarks.draws --data FOLDER|fashion_mnist --name cifar10 [--draws 150] [--workers 2]
    python -m benchmarks.draws --name cifar10        # the tables again

A space is better when what is drawn from it at random is better (Radosavovic et al. 2019, "On network design spaces
for visual recognition"). One set of draws tells that of every part of the space: a narrower one is the draws that lie
in it. Trained as the curves of benchmarks/recorded.py, on the same rows; hyperparameters and curves are kept in
benchmarks/recorded/draws/NAME.json, and a run that was interrupted goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.recorded import FOLDER, train_all, write_lines
from spaces import Hyperparameters, Space, load_space

DRAWS = FOLDER / "draws"
BROAD = str(FOLDER / "broad.toml")
BEST = 0.2
"""Share of the draws that counts as the best."""
NUMBERS = {
    "depth": (2, 3, 4, 5),
    "width": (64, 128, 256, 512),
    "dropout": (0.1, 0.2, 0.3, 0.4),
    "learning_rate": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    "label_smoothing": (0.05, 0.1),
    "l2": (1e-6, 1e-5, 1e-4, 1e-3),
    "weight_decay": (1e-3, 1e-2, 3e-2),
    "momentum": (0.85, 0.9, 0.95),
}
CHOICES = (
    "optimizer",
    "schedule",
    "activation",
    "batch_norm",
    "initializer",
    "taper",
    "batch_size",
    "nesterov",
)


@dataclass(frozen=True)
class Draw:
    """One configuration, and its validation accuracy after each epoch; shorter where it diverged."""

    hyperparameters: Hyperparameters
    curve: list[float]

    @property
    def value(self) -> float:
        return max(self.curve, default=0.0)


def drawn(space: Space, count: int) -> list[Hyperparameters]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [space.suggest(study.ask()) for _ in range(count)]


def record(name: str, source: str, count: int, workers: int) -> None:
    """Trains what is not in the file yet; a file of another space or another number of draws is begun anew."""
    DRAWS.mkdir(parents=True, exist_ok=True)
    path = DRAWS / f"{name}.json"
    configurations = drawn(load_space(BROAD), count)
    known = json.loads(path.read_text())["draws"] if path.exists() else []
    names = [one.model_dump() for one in configurations]
    curves = {
        names.index(one["hyperparameters"]): one["curve"] for one in known if one["hyperparameters"] in names
    }
    for index, curve in train_all(configurations, source, workers, frozenset(curves)):
        curves[index] = curve
        lines = [json.dumps({"hyperparameters": names[at], "curve": curves[at]}) for at in sorted(curves)]
        write_lines(path, lines, '"draws": [', "]}")
        print(f"{name}: {len(curves)} of {count} draws", flush=True)


def load(name: str) -> list[Draw]:
    rows = json.loads((DRAWS / f"{name}.json").read_text())["draws"]
    return [Draw(Hyperparameters.from_values(row["hyperparameters"]), row["curve"]) for row in rows]


def groups(draws: list[Draw]) -> Iterator[tuple[str, str, list[float]]]:
    """Hyperparameter, value or range, and the values of the draws that have it."""
    broad = load_space(BROAD).parameters

    def having(name: str) -> list[tuple[Any, float]]:
        """Where it was drawn: what it was, and the value."""
        pairs = [(one.hyperparameters.model_dump(), one.value) for one in draws]
        return [(values[name], value) for values, value in pairs if broad[name].active(values)]

    for name in CHOICES:
        pairs = having(name)
        for choice in sorted({had for had, _ in pairs}, key=str):
            yield name, str(choice), [value for had, value in pairs if had == choice]
    for name, bounds in NUMBERS.items():
        pairs = having(name)
        for low, high in pairwise((-math.inf, *bounds, math.inf)):
            yield name, _range(low, high), [value for had, value in pairs if low <= had < high]


def _range(low: float, high: float) -> str:
    if math.isinf(low):
        return f"below {high:g}"
    return f"{low:g} and more" if math.isinf(high) else f"{low:g} to {high:g}"


def table(draws: list[Draw]) -> Iterator[str]:
    """Markdown: how often each choice is among the best, and what is typical of it."""
    from scipy.stats import binomtest

    bar = float(np.quantile([one.value for one in draws], 1 - BEST))
    yield f"| | | draws | among the best {BEST:.0%} | median | upper decile |"
    yield "|---|---|---|---|---|---|"
    for name, words, values in groups(draws):
        if not values:
            continue
        hits = sum(value >= bar for value in values)
        low, high = binomtest(hits, len(values)).proportion_ci(method="wilson")
        middle, top = np.quantile(values, [0.5, 0.9])
        share = f"{hits / len(values):.0%} ({low:.0%} to {high:.0%})"
        yield f"| {name} | {words} | {len(values)} | {share} | {middle:.3f} | {top:.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--name", required=True)
    parser.add_argument("--data", help="train what is missing")
    parser.add_argument("--draws", type=int, default=150)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    if given.data:
        record(given.name, given.data, given.draws, given.workers)
    print("\n".join(table(load(given.name))))


if __name__ == "__main__":
    main()
