"""Is the mean of a study's five folds better calibrated by a temperature of the rows that each of them did not see?

    python -m benchmarks.tables_calibration --tables FOLDER [--sets bank,…] [--trials 3] [--seeds 1] [--quick]

Tables with classes, 3,000 rows of the training file; `run` with few trials by cross-entropy and by accuracy, whose
networks are trained on longer than their probabilities get better, and then `finalize` with five folds, by whose
networks this scores the test file, once: the cross-entropy of their mean as it is, with the temperature that
out-of-fold rows fit, with that fitted to validation rows by the mean itself (which has seen them: for comparison) and
with the one that suits the test rows best. What is in the output file is not run again.
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
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.children import run_child
from benchmarks.measure import command_line, measure_missing, result_path
from benchmarks.tables import TABLES, rows_of

ROWS, FOLDS = 3_000, 5
METRICS = ("val_crossentropy", "val_accuracy")
_QUICK = ("--trials", "2", "--epochs", "2")


def concluded(source: Path, options: tuple[str, ...], table: str, metric: str, seed: int) -> dict[str, Any]:
    """A row: temperatures, and cross-entropies of the test file."""
    with tempfile.TemporaryDirectory() as name:
        folder, target = Path(name), str(TABLES[table]["target"])
        train = pd.read_csv(source / f"{table}-train.csv", dtype=str, keep_default_na=False)
        train.sample(min(ROWS, len(train)), random_state=seed).to_csv(folder / "train.csv", index=False)
        storage = ("--storage", str(folder / "studies.db"))
        data = ("--data", str(folder / "train.csv"))
        by = ("--target", target, "--metric", metric, "--seed", str(seed), "--workers", "1")
        last = ("--top", "1", "--seeds", "2", "--folds", str(FOLDS), "--no-calibrate")
        last = (*last, "-o", str(folder / "model.keras"))
        for command in (("run", "one", *data, *by, *options), ("finalize", "one", *last)):
            run_child(["-m", "search", *command, *storage], PERCEPTUNA_CACHE=str(folder / "cache"))
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            return process.submit(judged, folder, source / f"{table}-test.csv").result()


def judged(folder: Path, test_file: Path) -> dict[str, Any]:
    """Of the networks that `finalize` trained on folds, and of their mean, which it wrote."""
    os.environ["PERCEPTUNA_CACHE"] = str(folder / "cache")
    from search.machine.tensorflow_start import start_tensorflow

    start_tensorflow(1)
    from search.answering.labels import Classes
    from search.answering.new_rows import open_rows
    from search.conclusion.calibration.fitting import calibration_of, temperature_of
    from search.conclusion.confirmation.tested import network_of
    from search.conclusion.ensemble.judging import Judge
    from search.data import DataRequest, fold_of
    from search.models.saved_model import model_in_file, open_model
    from search.study.data_cache import prepare_data
    from search.study.study import load_study
    from search.training.network.logits import logits_of
    from storage import StorageURL

    url = StorageURL.parse(str(folder / "studies.db"))
    study, companion = load_study("one", url), load_study("one.finalize", url)
    data, model = prepare_data(study.settings), open_model(model_in_file(folder / "model.keras"), 1)
    spec, trained = data.spec, [one for one in companion.finished() if one.planned and one.planned.fold]
    networks = {one.planned.fold.number: network_of(companion, one) for one in trained}

    def logits(answers: Any) -> Any:
        of = answers[:, 1:] if spec.task == "binary" else answers
        return logits_of(of.astype(np.float64), spec.task)

    folds = [fold_of(data, number, FOLDS).validation() for number in networks]
    outside = [one.outputs(spec, x) for one, (x, _) in zip(networks.values(), folds, strict=True)]
    judge = Judge(np.concatenate([y for _, y in folds]), spec, "crossentropy")
    fitted = calibration_of(np.concatenate(outside), judge)
    rows, known = open_rows(DataRequest(str(test_file)), spec, with_labels=True), Classes(spec)
    pieces = list(rows.pieces(rows.at_once))
    test = logits(np.concatenate([model.answer(piece.x) for piece in pieces]))
    on_test = Judge(np.concatenate([known.numbers(piece.labels) for piece in pieces]), spec, "crossentropy")
    x, y = data.validation()
    of_seen = temperature_of(
        logits(model.answer_prepared(np.asarray(x))), Judge(np.asarray(y), spec, "crossentropy")
    )
    of_test = temperature_of(test, on_test)

    def error(temperature: float) -> float:
        return round(on_test.measured(test / temperature)["crossentropy"], 6)

    return {
        "temperature": round(fitted.temperature, 4),
        "gain_outside": fitted.gain,
        "kept": fitted.kept,
        "best_temperature": round(of_test, 4),
        "as_it_is": error(1.0),
        "by_folds": error(fitted.temperature),
        "by_seen_rows": error(of_seen),
        "best": error(of_test),
    }


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Markdown, a row each."""
    yield "| table | searched by | temperature | best on test rows | test cross-entropy | by folds | best |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        left_out = "" if row["kept"] else ", not kept"
        yield (
            f"| {row['table']} | `{row['metric']}` | {row['temperature']:.2f}{left_out} | "
            f"{row['best_temperature']:.2f} | {row['as_it_is']:.4f} | {row['by_folds']:.4f} "
            f"({_percent(row):+.1f} %) | {row['best']:.4f} |"
        )
    for metric in METRICS:
        changes = [_percent(row) for row in rows if row["metric"] == metric]
        if changes:
            spread = f"from {min(changes):+.2f} to {max(changes):+.2f}"
            yield f"{metric}: median {statistics.median(changes):+.2f} %, {spread}"


def _percent(row: dict[str, Any]) -> float:
    return float(100 * (row["by_folds"] / row["as_it_is"] - 1))


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--tables", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--sets", metavar="NAME,…")
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--output", type=Path, metavar="FILE.json")
    given = parser.parse_args()
    output = given.output or result_path("tables-calibration", given.quick)
    tables = given.sets.split(",") if given.sets else ["employee", "bank", "satellite"]
    options = _QUICK if given.quick else ("--trials", str(given.trials))
    rows = rows_of(output) if given.output or not given.quick else []
    some, seeds = tables[:1] if given.quick else tables, range(given.seeds)
    wanted = [(table, metric, seed) for seed in seeds for table in some for metric in METRICS]
    rows = measure_missing(
        output, rows, wanted, ("table", "metric", "seed"), partial(concluded, given.tables, options)
    )
    print("\n".join(lines(rows)))
    print("raw numbers:", output)


if __name__ == "__main__":
    main()
