"""What do folds change of a search on a small table: how far is its best value from the test rows, and for what time?

    python -m benchmarks.folds_search [--tables FOLDER] [--sets concrete,wine,…] [--trials 25] [--seeds 1] [--quick]

Tables of fewer than 2,000 rows: scikit-learn's breast_cancer, diabetes and wine, 70 % of them; and of FOLDER, where it
is named, `concrete` and 1,500 rows of the others. For each table and seed the same `run` twice, by one split and by
`--folds 5`, of equal trials; then, on test rows that neither had:

- `optimism`: the error on test rows against the study's best value, in percent of that: of the same trial's networks
  one by one (of folds their mean error), and of the model that the study keeps, which of folds is their mean;
- of folds what `export` writes: the mean of as many refits as folds, on all rows of the search, for as many epochs as
  the folds took on average;
- CPU seconds of both commands `run`, with their starts, and their ratio.

Errors are cross-entropies or RMSEs. What is in the output file is not run again, so the same command goes on.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from benchmarks.children import run_child
from benchmarks.measure import command_line, measure_missing, result_path
from benchmarks.tables import TABLES, rows_of

if TYPE_CHECKING:
    from search.data import DataRequest
    from search.models.saved_model import OpenModel
    from search.study.study import Study

Array = np.ndarray[Any, Any]

BUNDLED = {"breast_cancer": "classification", "diabetes": "regression", "wine": "classification"}
FOLDS, MOST_ROWS, TEST_SHARE = 5, 1_500, 0.3
DESIGNS: dict[str, tuple[str, ...]] = {"one split": (), "folds": ("--folds", str(FOLDS))}
_QUICK = ("--trials", "3", "--epochs", "3", "--no-known")


def write_tables(source: Path | None, table: str, seed: int, folder: Path) -> tuple[str, str]:
    """train.csv and test.csv; the target's name and the task."""
    random = np.random.default_rng(seed)
    if table in BUNDLED:
        import sklearn.datasets

        rows = getattr(sklearn.datasets, f"load_{table}")(as_frame=True).frame
        order = random.permutation(len(rows))
        test = round(TEST_SHARE * len(rows))
        sides = {"test": rows.iloc[order[:test]], "train": rows.iloc[order[test:]]}
        what = ("target", BUNDLED[table])
    else:
        assert source is not None
        sides = {
            side: pd.read_csv(source / f"{table}-{side}.csv", dtype=str, keep_default_na=False)
            for side in ("train", "test")
        }
        train = sides["train"]
        sides["train"] = train.iloc[random.permutation(len(train))[:MOST_ROWS]]
        what = (TABLES[table]["target"], TABLES[table]["task"])
    for side, of_side in sides.items():
        of_side.to_csv(folder / f"{side}.csv", index=False)
    return what


def search(folder: Path, target: str, task: str, design: str, seed: int, options: tuple[str, ...]) -> float:
    """CPU seconds of `run`."""
    data = ("--data", str(folder / "train.csv"), "--test", str(folder / "test.csv"), "--target", target)
    by = ("--task", task, "--workers", "2", "--seed", str(seed), "--storage", str(folder / "studies.db"))
    command = ["-m", "search", "run", _name(design), *data, *by, *options, *DESIGNS[design]]
    return run_child(command, PERCEPTUNA_CACHE=str(folder / "cache")).cpu


def _name(design: str) -> str:
    return design.replace(" ", "-")


def judged(folder: Path, design: str) -> dict[str, Any]:
    """The study's best value; errors on the test rows of its single networks, the kept model, and what is exported."""
    os.environ["PERCEPTUNA_CACHE"] = str(folder / "cache")
    from search.machine.tensorflow_start import start_tensorflow

    start_tensorflow(1)
    from search.models.kept_model import kept_model
    from search.models.saved_model import SavedModel, open_model
    from search.study.study import load_study
    from storage import StorageURL

    study = load_study(_name(design), StorageURL.parse(str(folder / "studies.db")))
    best, metric = study.best_trial(), study.metric.removeprefix("val_")
    assert best is not None
    x, y = test_rows(study.settings.data_request())
    kept = kept_model(study, best)
    assert kept is not None
    model = open_model(SavedModel(kept, study.data), 1)
    found = {"best": best.value, "kept": error_of(model, x, y, metric), "trial": best.number}
    if not model.of_folds:
        return found | {"single": found["kept"]}
    networks = [of_fold(model, study, number) for number in range(FOLDS)]
    single = statistics.mean(error_of(one, x, y, metric) for one in networks)
    refits = error_of(written(folder, study.name), x, y, metric)
    return found | {"single": single, "refits": refits}


def test_rows(request: DataRequest) -> tuple[Any, Array]:
    """As they were read: the rows of `--test`, the last of all."""
    from search.data import read_source
    from search.data.preparing.rare_classes import without_rare_classes
    from search.data.rows.raw import taken

    raw = without_rare_classes(read_source(request))
    places = np.arange(len(raw.y) - raw.given_test, len(raw.y))
    return taken(raw.x, places), raw.y[places]


def error_of(model: OpenModel, x: Any, y: Array, metric: str) -> float:
    from search.answering.explaining.recorded_answers import value_of

    return value_of(metric, model.answer(x), y, model.spec)


def of_fold(model: OpenModel, study: Study, number: int) -> OpenModel:
    """The network of one fold alone."""
    from search.data import fitted_fold
    from search.models.saved_model import OpenModel
    from search.study.data_cache import prepare_data

    spec = fitted_fold(prepare_data(study.settings), number, FOLDS).spec
    return OpenModel(model.model.get_layer(f"fold_{number + 1}"), spec)


def written(folder: Path, name: str) -> OpenModel:
    """What `export` writes of a study of folds: the mean of its configuration's trainings on all rows of the folds."""
    from search.models.saved_model import model_in_file, open_model

    model = folder / "refits.keras"
    storage = ("--storage", str(folder / "studies.db"))
    run_child(
        ["-m", "search", "export", name, "-o", str(model), *storage],
        PERCEPTUNA_CACHE=str(folder / "cache"),
    )
    return open_model(model_in_file(model), 1)


def measured(source: Path | None, options: tuple[str, ...], table: str, seed: int) -> dict[str, Any]:
    """One table: both searches, judged in a process of its own."""
    row: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        target, task = write_tables(source, table, seed, folder)
        for design in DESIGNS:
            cpu = search(folder, target, task, design, seed, options)
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
                found = process.submit(judged, folder, design).result()
            row[design] = {**found, "cpu": round(cpu, 1)}
    return row


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A Markdown table: how far test errors are above the study's best value, test errors, and time."""
    yield (
        "| table | optimism, one split | by folds | test error, one split | one of a fold | mean of folds | refits | "
        "CPU s | ratio |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        one, folds = row["one split"], row["folds"]
        errors = " | ".join(f"{folds[name]:.4f}" for name in ("single", "kept", "refits"))
        yield (
            f"| {row['table']} | {_above(one):+.1f} % | {_above(folds):+.1f} % | {one['kept']:.4f} | {errors} | "
            f"{one['cpu']:.0f}, {folds['cpu']:.0f} | {folds['cpu'] / one['cpu']:.1f} |"
        )
    optimism = [[_above(row[design]) for row in rows] for design in DESIGNS]
    ratios = [row["folds"]["cpu"] / row["one split"]["cpu"] for row in rows]
    if rows:
        of_split, of_folds = map(statistics.median, optimism)
        yield f"median optimism {of_split:+.1f} %, by folds {of_folds:+.1f} %"
        yield f"median ratio of CPU time {statistics.median(ratios):.2f}"


def _above(found: dict[str, Any]) -> float:
    """Percent by which the same trial's networks err more on test rows than the study's best value says."""
    return 100 * (found["single"] / found["best"] - 1)


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--tables", type=Path, metavar="FOLDER")
    parser.add_argument("--sets", metavar="NAME,…")
    parser.add_argument("--trials", type=int, default=25)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--output", type=Path, metavar="FILE.json")
    given = parser.parse_args()
    output = given.output or result_path("folds-search", given.quick)
    tables = given.sets.split(",") if given.sets else [*BUNDLED, *(TABLES if given.tables else ())]
    options = _QUICK if given.quick else ("--trials", str(given.trials))
    rows = rows_of(output) if given.output or not given.quick else []
    some = tables[:1] if given.quick and not given.sets else tables
    wanted = [(table, seed) for seed in range(given.seeds) for table in some]
    rows = measure_missing(output, rows, wanted, ("table", "seed"), partial(measured, given.tables, options))
    print("\n".join(lines(rows)))
    print("raw numbers:", output)


if __name__ == "__main__":
    main()
