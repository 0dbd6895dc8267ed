"""A class of one row in twenty: by what metric should networks be chosen, and do weights of classes help?

    python -m benchmarks.imbalance --tables FOLDER [--sets bank,…] [--trials 6] [--epochs 20] [--seeds 1] [--quick]

The five tables of `benchmarks.tables` with classes. Their rarest class stands against all others, and of its rows so
many are drawn by the seed that it holds 5 % of the rows, in the training file and in the test file; of training rows
4,000 are taken. On the test file, which nobody learns from:

- `default`: `run` with its own metric; `balanced_accuracy`: `--metric val_balanced_accuracy`, and with it the threshold
  that the study fits; `class_weight`: the space `tables` with `class_weight = 1`, and with it the configurations that
  studies of tables begin with. Each answers by `predict`;
- `trees`: scikit-learn's HistGradientBoosting with class_weight="balanced", on all rows of the training file.

Balanced accuracy is of the classes that are named, average precision of the probabilities. CPU seconds are of all
commands. What is in the output file is not run again, so the same command goes on.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.children import run_child
from benchmarks.measure import command_line, measure_missing, result_path
from benchmarks.tables import TABLES, rows_of
from benchmarks.tables_rows import training_table

Array = np.ndarray[Any, Any]

RARE, COMMON = "rare", "common"
SHARE, MOST_ROWS = 0.05, 4_000
CONTESTANTS = ("default", "balanced_accuracy", "class_weight", "trees")
METRICS = ("balanced_accuracy", "average_precision")
_SPACES = Path(__file__).parents[1] / "spaces"


@dataclass(frozen=True)
class Budget:
    """Of each study."""

    trials: int
    epochs: int
    workers: int

    @property
    def options(self) -> tuple[str, ...]:
        chosen = {"--trials": self.trials, "--epochs": self.epochs, "--workers": self.workers}
        return tuple(word for name, number in chosen.items() for word in (name, str(number)))


def write_tables(source: Path, table: str, seed: int, folder: Path) -> str:
    """train.csv and test.csv, as text, so that every value stays as the file writes it; the target's name."""
    random, target = np.random.default_rng(seed), str(TABLES[table]["target"])
    sides = {
        side: pd.read_csv(source / f"{table}-{side}.csv", dtype=str, keep_default_na=False)
        for side in ("train", "test")
    }
    rarest = sides["train"][target].value_counts().idxmin()
    for side, rows in sides.items():
        rows[target] = np.where(rows[target] == rarest, RARE, COMMON)
        chosen = imbalanced((rows[target] == RARE).to_numpy(), random, MOST_ROWS if side == "train" else None)
        rows.iloc[chosen].to_csv(folder / f"{side}.csv", index=False)
    return target


def imbalanced(rare: Array, random: np.random.Generator, most: int | None) -> Array:
    """Places of at most so many rows, in chance order, of which `rare`, bool (rows,), holds SHARE, or all there are."""
    commons, rares = (random.permutation(np.flatnonzero(side)) for side in (~rare, rare))
    rows = min(most or len(rare), round(len(commons) / (1 - SHARE)))
    of_rare = min(round(SHARE * rows), len(rares))
    return random.permutation(np.concatenate([commons[: rows - round(SHARE * rows)], rares[:of_rare]]))


def contest(source: Path, budget: Budget, table: str, seed: int, contestant: str) -> dict[str, Any]:
    """A row: scores of one contestant on one table."""
    with tempfile.TemporaryDirectory() as name:
        target = write_tables(source, table, seed, Path(name))
        found = measured(Path(name), contestant, target, seed, budget)
    return {"budget": budget.options, **found}


def measured(folder: Path, contestant: str, target: str, seed: int, budget: Budget) -> dict[str, Any]:
    """Test scores of one contestant, and CPU seconds."""
    if contestant == "trees":
        began = time.process_time()
        named, probabilities = _trees(folder, target, seed)
        cpu = time.process_time() - began
    else:
        cpu = _searched(folder, contestant, target, seed, budget)
        answers = pd.read_csv(folder / f"{contestant}.csv")
        named, probabilities = answers["prediction"].to_numpy(), answers[f"probability_{RARE}"].to_numpy()
    truth = pd.read_csv(folder / "test.csv", usecols=[target], dtype=str)[target].to_numpy()
    return {**scores(truth == RARE, named == RARE, probabilities), "cpu": round(cpu, 1)}


def scores(rare: Array, named: Array, probabilities: Array) -> dict[str, float]:
    """Of test rows, all (rows,): whether they are rare, are named so, and with what probability."""
    from sklearn.metrics import average_precision_score, balanced_accuracy_score

    values = (balanced_accuracy_score(rare, named), average_precision_score(rare, probabilities))
    return dict(zip(METRICS, (round(float(value), 4) for value in values), strict=True))


def _trees(folder: Path, target: str, seed: int) -> tuple[Array, Array]:
    """What is named, and the probability of the rare class."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    table = training_table({"train": folder / "train.csv", "target": target, "task": "classification"})
    model = HistGradientBoostingClassifier(
        categorical_features="from_dtype", class_weight="balanced", random_state=seed
    )
    x = table.features(folder / "test.csv")
    # On a busy machine its threads wait for each other far longer than they compute.
    with threadpool_limits(1):
        model.fit(table.x, table.y)
        return model.predict(x), model.predict_proba(x)[:, list(model.classes_).index(RARE)]


def _searched(folder: Path, contestant: str, target: str, seed: int, budget: Budget) -> float:
    """CPU seconds of `run` and of `predict`, which writes the answers."""
    options = {
        "default": (),
        "balanced_accuracy": ("--metric", "val_balanced_accuracy"),
        "class_weight": _weighted(folder, budget.trials),
    }[contestant]
    name, storage = contestant.replace("_", "-"), ("--storage", f"sqlite:///{folder / 'studies.db'}")
    data = ("--data", str(folder / "train.csv"), "--target", target, "--seed", str(seed))
    answers = ("-o", str(folder / f"{contestant}.csv"))
    return sum(
        run_child(["-m", "search", *command, *storage], PERCEPTUNA_CACHE=str(folder / "cache")).cpu
        for command in (
            ("run", name, *data, *budget.options, *options),
            ("predict", name, str(folder / "test.csv"), *answers),
        )
    )


def _weighted(folder: Path, trials: int) -> tuple[str, ...]:
    """Options of `run`: space and first configurations, at most `trials`, as by default, but for `class_weight`."""
    space, known = folder / "space.toml", folder / "known.toml"
    # What the preset's first line names for editors is not beside this file.
    preset = (_SPACES / "presets" / "tables.toml").read_text("utf-8").partition("\n")[2]
    space.write_text(preset + "class_weight = 1.0\n", "utf-8")
    entry = "[[baseline]]\n"
    head, *entries = (_SPACES / "known" / "tables.toml").read_text("utf-8").split(entry)
    known.write_text(head + "".join(f"{entry}class_weight = 1.0\n{one}" for one in entries[:trials]), "utf-8")
    return ("--space", str(space), "--no-known", "--baselines", str(known), "--allow-outside")


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A Markdown table for each metric: over seeds the median of each contestant, with the least and the most.

    Last comes the mean of the medians over tables.
    """
    tables = list(dict.fromkeys(row["table"] for row in rows))
    for metric in METRICS:
        yield f"| {metric.replace('_', ' ')} | {' | '.join(CONTESTANTS)} |"
        yield "|---" * (len(CONTESTANTS) + 1) + "|"
        found = [[_of_seeds(rows, table, one, metric) for one in CONTESTANTS] for table in tables]
        for table, of_table in zip(tables, found, strict=True):
            yield f"| {table} | {' | '.join(map(_written, of_table))} |"
        whole = [[statistics.median(values) for values in of_table] for of_table in found if all(of_table)]
        means = [f"{mean:.3f}" for mean in np.mean(whole, axis=0)] if whole else ["–"] * len(CONTESTANTS)
        yield f"| mean of {len(whole)} | {' | '.join(means)} |"
        yield ""


def _of_seeds(rows: list[dict[str, Any]], table: str, contestant: str, metric: str) -> list[float]:
    return [row[metric] for row in rows if (row["table"], row["model"]) == (table, contestant)]


def _written(values: list[float]) -> str:
    if not values:
        return "–"
    spread = f" ({min(values):.3f}–{max(values):.3f})" if len(values) > 1 else ""
    return f"{statistics.median(values):.3f}{spread}"


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--tables", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--sets", metavar="NAME,…")
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, metavar="FILE.json")
    given = parser.parse_args()
    output = given.output or result_path("imbalance", given.quick)
    classes = [table for table, about in TABLES.items() if about["task"] == "classification"]
    tables = given.sets.split(",") if given.sets else classes[:1] if given.quick else classes
    budget = Budget(2, 2, given.workers) if given.quick else Budget(given.trials, given.epochs, given.workers)
    rows = rows_of(output) if given.output or not given.quick else []
    seeds = range(given.seeds)
    wanted = [(table, seed, one) for seed in seeds for table in tables for one in CONTESTANTS]
    rows = measure_missing(
        output, rows, wanted, ("table", "seed", "model"), partial(contest, given.tables, budget)
    )
    print("\n".join(lines(rows)))
    print("raw numbers:", output)


if __name__ == "__main__":
    main()
