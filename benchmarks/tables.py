"""Do networks beat trees on tables?: perceptuna, boosted trees, other networks and linear models on ten tables.

    make bench-tables TABLES=FOLDER [OPTIONS="--minutes 10 --only NAME,…"]
    python -m benchmarks.tables --tables FOLDER [--minutes 10] [--seeds 5] [--search-seeds 1] [--sets bank,…] [--quick]

FOLDER has NAME-train.csv and NAME-test.csv of the tables in `tables.toml`. A contestant learns from the first alone;
what its models answer for the rows of the second is scored here, once. Contestants, each a process of its own, all of
a table before the next:

- `constant`, `linear` (LogisticRegression, Ridge) and `mlp` (scikit-learn's), on scaled and one-hot input;
- `hist_gradient_boosting` and `lightgbm`: defaults, native categories, missing values as they are;
- `lightgbm_searched`: by Optuna for the CPU seconds of as many minutes and cores, the best fitted again on all rows;
- `realmlp` (RealMLP-TD) and `tabm`: pytabkit's defaults on one core, with a fifth of the rows for validation;
- `perceptuna`: `run --trials 1`, then `export`;
- `perceptuna_searched`: `run --timeout`, then `export`; of the same study `finalize`, and `finalize --all-rows`.

Seconds are from the start of a process until its model is ready, CPU seconds of all that it starts; of perceptuna, of
the commands that lead to the model. perceptuna holds back 30 % of the training rows, as it does for its users: half to
choose by, half for `finalize`. Rivals need `.venv-rivals`, which `make bench-tables` makes. Rows that are in the output
file are not run again, so the same command goes on after a kill; after midnight with `--output FILE`.
"""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.children import Line, run_child
from benchmarks.measure import command_line, result_path, write_rows
from benchmarks.tables_rows import targets
from benchmarks.tables_scores import markdown, scores

ROOT = Path(__file__).parents[1]
RIVALS = ROOT / ".venv-rivals" / "bin" / "python"
TABLES: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("tables.toml").read_text("utf-8"))
QUICK_SECONDS = 5.0


@dataclass(frozen=True)
class Contestant:
    """`models`: what it makes. `seeds`: once, where no seed changes it; each; or few, where it is dear."""

    models: tuple[str, ...]
    seeds: str = "each"
    rival: bool = False
    # None: its own choice. More than one makes scikit-learn's small matrix products slower.
    threads: str | None = "one"
    # The tables of a short run.
    quick: tuple[str, ...] = ("concrete", "bank")


CONTESTANTS = {
    "constant": Contestant(("constant",), "once"),
    "linear": Contestant(("linear",), "once"),
    "hist_gradient_boosting": Contestant(("hist_gradient_boosting",), threads="workers"),
    "lightgbm": Contestant(("lightgbm",), "once", rival=True, threads="workers"),
    "mlp": Contestant(("mlp",)),
    "perceptuna": Contestant(("perceptuna",), threads=None),
    "lightgbm_searched": Contestant(
        ("lightgbm_searched",), "few", rival=True, threads="workers", quick=("concrete",)
    ),
    "perceptuna_searched": Contestant(
        (
            "perceptuna_searched",
            "perceptuna_finalized",
            "perceptuna_all_rows",
        ),
        "few",
        threads=None,
        quick=("concrete",),
    ),
    "realmlp": Contestant(("realmlp",), "few", rival=True, quick=()),
    "tabm": Contestant(("tabm",), "few", rival=True, quick=()),
}


@dataclass(frozen=True)
class Budget:
    """Of a whole run: `seconds` of each search, on `workers` cores."""

    seconds: float
    workers: int
    seeds: int
    search_seeds: int
    quick: bool
    # How `finalize` trains anew: `--top` and `--seeds`.
    finalize: tuple[str, ...] = ()
    # Where studies are kept, if they are.
    keep: Path | None = None

    def rounds(self, contestant: str) -> int:
        return {"once": 1, "each": self.seeds, "few": self.search_seeds}[CONTESTANTS[contestant].seeds]


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--tables", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--minutes", type=float, default=10.0, help="of each search")
    parser.add_argument("--workers", type=int, default=2, help="cores of each search")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--search-seeds", type=int, default=1)
    parser.add_argument("--finalize", type=int, nargs=2, default=(5, 5), metavar=("TOP", "SEEDS"))
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="for studies: one that is there is not searched anew"
    )
    parser.add_argument("--sets", metavar="NAME,…")
    parser.add_argument("--only", metavar="NAME,…", help="contestants")
    parser.add_argument("--rivals", type=Path, default=RIVALS, metavar="PYTHON")
    parser.add_argument("--output", type=Path, metavar="FILE.json")
    given = parser.parse_args()
    if given.quick:
        budget = Budget(QUICK_SECONDS, given.workers, 1, 1, quick=True, finalize=finalize_by(1, 2))
    else:
        budget = Budget(60 * given.minutes, given.workers, given.seeds, given.search_seeds, quick=False,
                        finalize=finalize_by(*given.finalize), keep=given.keep and given.keep.resolve())  # fmt: skip
    contests = contests_of(given.sets, given.only, given.rivals, given.quick)
    output = given.output or result_path(
        "tables" if given.quick else f"tables-{given.minutes:g}min", given.quick
    )
    # A short run is there to see that it works: only where a file is named does it go on from that.
    known = rows_of(output) if given.output or not given.quick else []
    rows = compare(given.tables, contests, budget, given.rivals, output, known)
    print("\n".join(markdown(rows)))
    print("raw numbers:", output)


def finalize_by(top: int, seeds: int) -> tuple[str, ...]:
    return ("--top", str(top), "--seeds", str(seeds))


def contests_of(sets: str | None, only: str | None, rivals: Path, quick: bool) -> list[tuple[str, str]]:
    """Tables and contestants, as named, or the usual ones: without rivals where their Python is not there."""
    tables = sets.split(",") if sets else list(TABLES)
    if only:
        return [(table, name) for table in tables for name in only.split(",")]
    if not rivals.exists():
        print(f"without LightGBM and pytabkit: no {rivals}; `make bench-tables` makes it", flush=True)
    return [
        (table, name)
        for table in tables
        for name, contestant in CONTESTANTS.items()
        if (not quick or table in (tables if sets and contestant.quick else contestant.quick))
        and (rivals.exists() or not contestant.rival)
    ]


def compare(
    folder: Path,
    contests: list[tuple[str, str]],
    budget: Budget,
    rivals: Path,
    output: Path,
    known: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """All rows, with those that are known already; they are written down after each contestant."""
    rows = [row for row in known if "scores" in row]
    there = {(row["table"], row["seed"], row["model"]) for row in rows}
    for seed in range(max((budget.rounds(name) for _, name in contests), default=0)):
        for table, name in contests:
            models = {(table, seed, model) for model in CONTESTANTS[name].models}
            if seed >= budget.rounds(name) or models <= there:
                continue
            rows = [row for row in rows if (row["table"], row["seed"], row["model"]) not in models]
            for row in contest(folder, table, name, seed, budget, rivals):
                rows.append(row)
                print(said(row), flush=True)
            write_rows(output, rows)
    return rows


def rows_of(output: Path) -> list[dict[str, Any]]:
    return json.loads(output.read_text(encoding="utf-8"))["rows"] if output.exists() else []


def contest(
    source: Path, table: str, name: str, seed: int, budget: Budget, rivals: Path
) -> Iterator[dict[str, Any]]:
    """A row for each model of a contestant; one with `error` where it failed, which the next run tries again."""
    contestant, about = CONTESTANTS[name], TABLES[table]
    test = source / f"{table}-test.csv"
    what = {"table": table, "task": about["task"], "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        test_rows = Path(folder, "rows.csv")
        # As text, so that every value stays as the file writes it.
        texts = pd.read_csv(test, dtype=str, keep_default_na=False)
        texts.drop(columns=about["target"]).to_csv(test_rows, index=False)
        task = {
            **about,
            "train": str((source / f"{table}-train.csv").resolve()),
            "test_rows": str(test_rows),
            "folder": folder,
            "seed": seed,
            "seconds": budget.seconds,
            "workers": budget.workers,
            "quick": budget.quick,
            "finalize": budget.finalize,
            "kept": str(budget.keep / f"{table}-{seed}") if budget.keep else "",
        }
        path = Path(folder, "task.json")
        path.write_text(json.dumps(task), encoding="utf-8")
        python = {"python": str(rivals.absolute())} if contestant.rival else {}
        surroundings = environment(contestant, budget, folder)
        try:
            child = run_child(
                ["-m", "benchmarks.tables_contestants", name, str(path)], **python, **surroundings
            )
        except SystemExit as failure:
            yield {**what, "model": name, "error": str(failure)[-2000:]}
            return
        truth = targets(test, about)
        for line in child.lines:
            if line.text.startswith("{"):
                yield {**what, **measured(line, Path(folder), truth), "peak_mb": round(child.peak_mb)}


def environment(contestant: Contestant, budget: Budget, folder: str) -> dict[str, str]:
    variables = {"PYTHONPATH": str(ROOT), "PERCEPTUNA_CACHE": str(Path(folder, "cache"))}
    if contestant.threads:
        threads = str(budget.workers if contestant.threads == "workers" else 1)
        variables |= {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    return variables


def measured(line: Line, folder: Path, truth: np.ndarray) -> dict[str, Any]:
    """The row of a model, from the line that said it was ready and the answers that it wrote."""
    facts = json.loads(line.text)
    with np.load(folder / f"{facts['model']}.npz") as written:
        answers, classes = written["answers"], [str(name) for name in written["classes"]]
    return {
        "wall": round(line.wall, 2),
        "cpu": round(line.cpu, 2),
        **facts,
        "test_rows": len(truth),
        "scores": {name: round(value, 6) for name, value in scores(truth, answers, classes).items()},
    }


def said(row: dict[str, Any]) -> str:
    about = f"seed {row['seed']}, {row['table']}, {row['model']}"
    if "error" in row:
        return f"{about}: FAILED: {row['error'].splitlines()[-1]}"
    return f"{about}: {row['scores']}, CPU {row['cpu']:.0f} s"


if __name__ == "__main__":
    main()
