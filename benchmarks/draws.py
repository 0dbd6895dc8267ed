"""What each choice of hyperparameters is worth, from configurations drawn at random from a broad space.

    python -m benchmarks.draws --data FOLDER|fashion_mnist --name cifar10 [--draws 150] [--workers 2]
    python -m benchmarks.draws --name cifar10        # the tables again

A space is better when what is drawn from it at random is better (Radosavovic et al. 2019, "On network design spaces
for visual recognition"). One set of draws tells that of every part of the space: a narrower one is the draws that lie
in it.
Trained as the curves of benchmarks/recorded.py, on the same rows; hyperparameters and curves are kept in
benchmarks/recorded/draws/NAME.json, and a run that was interrupted goes on.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.measure import machine
from benchmarks.recorded import EPOCHS, FOLDER, TRAIN_ROWS, train_all
from spaces import Hyperparameters, Space, load_space

DRAWS = FOLDER / "draws"
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
    configurations = drawn(load_space(str(FOLDER / "broad.toml")), count)
    known = json.loads(path.read_text())["draws"] if path.exists() else []
    names = [one.model_dump() for one in configurations]
    curves = {
        names.index(one["hyperparameters"]): one["curve"] for one in known if one["hyperparameters"] in names
    }
    for index, curve in train_all(configurations, source, workers, frozenset(curves)):
        curves[index] = curve
        rows = [{"hyperparameters": names[at], "curve": curves[at]} for at in sorted(curves)]
        text = ",\n".join(json.dumps(row) for row in rows)
        about = json.dumps({"machine": machine(), "train_rows": TRAIN_ROWS, "epochs": EPOCHS})
        path.write_text(f'{about[:-1]}, "draws": [\n{text}\n]}}\n', encoding="utf-8")
        print(f"{name}: {len(curves)} of {count} draws", flush=True)


def load(name: str) -> list[Draw]:
    rows = json.loads((DRAWS / f"{name}.json").read_text())["draws"]
    return [Draw(Hyperparameters.from_values(row["hyperparameters"]), row["curve"]) for row in rows]


def groups(draws: list[Draw]) -> Iterator[tuple[str, str, list[float]]]:
    """Hyperparameter, value or range, and the values of the draws that have it."""
    for name in CHOICES:
        of_it = [one for one in draws if _has(one.hyperparameters, name)]
        for choice in sorted({_of(one, name) for one in of_it}, key=str):
            yield name, str(choice), [one.value for one in of_it if _of(one, name) == choice]
    for name, bounds in NUMBERS.items():
        of_it = [one for one in draws if _has(one.hyperparameters, name)]
        for low, high in zip((-np.inf, *bounds), (*bounds, np.inf), strict=True):
            words = (
                f"below {high:g}"
                if low == -np.inf
                else f"{low:g} and more"
                if high == np.inf
                else f"{low:g} to {high:g}"
            )
            yield name, words, [one.value for one in of_it if low <= _of(one, name) < high]


def _of(draw: Draw, name: str) -> Any:
    return getattr(draw.hyperparameters, name)


def _has(one: Hyperparameters, name: str) -> bool:
    """Whether `name` was drawn for it."""
    has: dict[str, Callable[[], bool]] = {
        "taper": lambda: one.depth > 1,
        "l2": lambda: one.optimizer in ("adam", "sgd", "rmsprop"),
        "weight_decay": lambda: one.optimizer in ("adamw", "lion"),
        "momentum": lambda: one.optimizer == "sgd",
        "nesterov": lambda: one.optimizer == "sgd",
    }
    return has.get(name, lambda: True)()


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
