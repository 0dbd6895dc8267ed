"""One network, the mean of five seeds, or of five folds of training and validation rows: what is better on tables?

    python -m benchmarks.tables_folds --tables FOLDER --output FILE.json [--sets bank,…] [--workers 2]

The known configuration `periodic, low sigma`, no search: five times on the training rows of a study, by seeds, and
five times on the folds that `finalize` makes, and five times on those of `--all-rows`, which have the test rows of the
study too. Scored on the test file, which none of them has seen: the networks one by one (their mean error), the mean of
seeds, the mean of folds, that of folds of all rows. What is in FILE is not trained again.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.measure import command_line
from benchmarks.tables import TABLES, rows_of
from benchmarks.tables_curves import EPOCHS, JUDGED_BY, PATIENCE, asked_tables, train_missing
from benchmarks.tables_factors import error_of, rows_of_sides

if TYPE_CHECKING:
    from search.data import PreparedData

Array = np.ndarray[Any, Any]

NETWORKS, CONFIGURATION = 5, "periodic, low sigma"
WAYS = ("seeds", "folds", "folds of all rows")
# What is told beside one network of the search's rows.
_COLUMNS = (("seeds", "mean"), ("folds", "single"), ("folds", "mean"), ("folds of all rows", "mean"))
_QUICK_EPOCHS = 2


def train_all(tables: Path, table: str, epochs: int = EPOCHS) -> dict[str, Any]:
    """Cross-entropies, or RMSEs of standardised targets, on the test file."""
    from search.machine.tensorflow_start import start_tensorflow

    start_tensorflow(1)
    from benchmarks.tables_draws import prepared
    from search.training.loop import train
    from spaces import known_configurations

    data, sides = prepared(tables, table), rows_of_sides(tables, table)
    known = known_configurations(TABLES[table]["task"], "table", 0)
    one = next(each.hyperparameters for each in known if each.name == CONFIGURATION)
    metric, (x, y) = JUDGED_BY[TABLES[table]["task"]], sides.test
    found: dict[str, Any] = {"table": table}
    for name in WAYS:
        answers, rows = [], []
        for number in range(NETWORKS):
            of = rows_of_network(data, name, number)
            fit = {"epochs": epochs, "patience": PATIENCE, "metric": metric, "seed": number}
            answers.append(train(one, of, **fit).model.predict(x, batch_size=4096, verbose=0))
            rows.append(of.spec.rows.train)
        found[name] = {
            "rows": rows,
            "single": round(statistics.mean(error_of(each, y, data.spec) for each in answers), 6),
            "mean": round(error_of(np.mean(answers, axis=0), y, data.spec), 6),
        }
    return found


def rows_of_network(data: PreparedData, way: str, number: int) -> PreparedData:
    """What network `number` of those of a `way` is trained on and stopped by."""
    from search.data import fold_of, write_fold
    from search.data.preparing.sealed import open_test_split

    if way == "seeds":
        return data
    if way == "folds":
        return fold_of(data, number, NETWORKS)
    sides = zip(data.training(), data.validation(), open_test_split(data), strict=True)
    x, y = (np.concatenate(side) for side in sides)
    return write_fold(data, number, NETWORKS, x, y, None, None, all_rows=True)


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A Markdown table: errors, and each against one network of the search's rows."""
    head = "table | training rows | one network | mean of seeds | one of a fold | mean of folds | of folds of all rows"
    yield f"| {head} |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        single = row["seeds"]["single"]
        values = [row[way][what] for way, what in _COLUMNS]
        cells = [f"{value:.4f} ({100 * (value / single - 1):+.1f} %)" for value in values]
        yield f"| {row['table']} | {row['seeds']['rows'][0]:,} | {single:.4f} | {' | '.join(cells)} |"
    ratios = [
        statistics.geometric_mean(row[way][what] / row["seeds"]["single"] for row in rows) - 1
        for way, what in _COLUMNS
    ]
    yield f"| all | | | {' | '.join(f'{100 * ratio:+.1f} %' for ratio in ratios)} |"


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--tables", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--output", required=True, type=Path, metavar="FILE.json")
    parser.add_argument("--sets", metavar="NAME,…")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    rows = rows_of(given.output)
    there = {row["table"] for row in rows}
    epochs = _QUICK_EPOCHS if given.quick else EPOCHS
    left = [table for table in asked_tables(given.sets, given.quick) if table not in there]
    calls = [(given.tables, table, epochs) for table in left]
    train_missing(given.output, rows, train_all, calls, given.workers)
    print("\n".join(lines(rows)))


if __name__ == "__main__":
    main()
