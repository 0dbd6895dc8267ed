"""Configurations that are trained on tables, and the learning curves of them: what is drawn, read and written.

They are recorded by `benchmarks.tables_draws` and replayed by `benchmarks.tables_policies`.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import write_rows
from benchmarks.tables import TABLES
from spaces import Hyperparameters, Space, known_configurations, load_space
from spaces.parameters import Categorical

EPOCHS = 60
PATIENCE = 20
MEMBERS = (1, 4, 8)
JUDGED_BY = {"classification": "val_crossentropy", "regression": "val_rmse"}
_SEED_OF_DRAWS = 7


@dataclass(frozen=True)
class Draw:
    """One training: validation error after each epoch (infinite where it diverged), CPU seconds of all of them."""

    name: str
    table: str
    hyperparameters: Hyperparameters
    curve: list[float]
    seconds: float

    @property
    def known(self) -> bool:
        return self.name.startswith("known ")


def broad_space() -> Space:
    """The preset `tables` with members up to 8."""
    return Space(parameters={**load_space("tables").parameters, "members": Categorical(choices=MEMBERS)})


def configurations(count: int) -> dict[str, Hyperparameters]:
    """Known ones and `count` draws by name; those of a smaller count are the first of a larger one."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space, study = broad_space(), optuna.create_study(sampler=optuna.samplers.RandomSampler(_SEED_OF_DRAWS))
    known = known_configurations("regression", "table", 0)
    return {
        **{f"known {one.name}": one.hyperparameters for one in known},
        **{f"draw{number:02d}": space.suggest(study.ask()) for number in range(count)},
    }


def train_missing(
    output: Path,
    rows: list[dict[str, Any]],
    train: Callable[..., dict[str, Any]],
    calls: list[tuple[Any, ...]],
    workers: int,
) -> None:
    """`train` for each of `calls`, in processes of their own; each row joins `rows` and is written down at once."""
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for ended in as_completed([pool.submit(train, *call) for call in calls]):
            rows.append(ended.result())
            print(rows[-1], flush=True)
            write_rows(output, rows, a_line_each=True)


def asked_tables(sets: str | None, quick: bool) -> list[str]:
    """Those that are named, or all; the smallest in a short run."""
    return sets.split(",") if sets else ["concrete"] if quick else list(TABLES)


def files_of(draws: Path, table: str) -> list[Path]:
    """Of all trainings on a table that are recorded in a folder."""
    return sorted(draws.glob(f"*@{table}.npz"))


def ask_trainings(what: str | None, lines: Callable[[Path, Path, int], Iterator[str]], *, of: int) -> None:
    """The command line of a benchmark that asks recorded trainings, `of` at a time: it prints `lines` of them.

    Args:
        what: its docstring.
        lines: given the folder of tables, that of trainings, and how many at a time.
    """
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--draws", required=True, type=Path, metavar="DRAWS")
    parser.add_argument("--of", type=int, default=of, help="trainings to choose among")
    given = parser.parse_args()
    print("\n".join(lines(given.tables, given.draws, given.of)))


def draws_of(source: Path) -> list[Draw]:
    """Of a folder of trainings, or of the one file that was made of it."""
    if source.is_dir():
        return list(_of_folder(source))
    lines = json.loads(source.read_text(encoding="utf-8"))["rows"]
    return [
        Draw(
            line["configuration"],
            table,
            Hyperparameters.from_values(line["hyperparameters"]),
            [math.inf if value is None else value for value in trained["curve"]],
            trained["seconds"],
        )
        for line in lines
        for table, trained in line["tables"].items()
    ]


def _of_folder(folder: Path) -> Iterator[Draw]:
    for file in sorted(folder.glob("*@*.npz")):
        if file.suffixes != [".npz"]:
            continue
        with np.load(file) as written:
            about = json.loads(str(written["meta"]))
        curve = about["history"][JUDGED_BY[TABLES[about["table"]]["task"]]]
        yield Draw(
            about["config"],
            about["table"],
            Hyperparameters.from_values(about["values"]),
            [value if math.isfinite(value) else math.inf for value in curve],
            about["times"][-1],
        )


def write_curves(draws: list[Draw], path: Path) -> None:
    """One line for each configuration: what is not the default of it, and its curves, to 5 digits."""
    default = Hyperparameters().model_dump()
    lines = []
    for name in dict.fromkeys(draw.name for draw in draws):
        of_it = [draw for draw in draws if draw.name == name]
        # Regressions have no label smoothing.
        values = max(
            (draw.hyperparameters for draw in of_it), key=lambda one: one.label_smoothing
        ).model_dump()
        line = {
            "configuration": name,
            "hyperparameters": {key: value for key, value in values.items() if value != default[key]},
            "tables": {
                draw.table: {
                    "seconds": round(draw.seconds, 2),
                    "curve": [_five_digits(v) for v in draw.curve],
                }
                for draw in of_it
            },
        }
        lines.append(line)
    write_rows(path, lines, a_line_each=True)


def _five_digits(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None
