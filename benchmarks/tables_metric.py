"""By what should networks that tell classes be chosen?: by cross-entropy or accuracy, on recorded trainings.

    python -m benchmarks.tables_metric --tables FOLDER --draws DRAWS [--of 8]

DRAWS is a folder of `benchmarks.tables_draws`. Of so many trainings, drawn at random from those of a table, the best by
validation cross-entropy at its best epoch by that is scored on the test rows, and so is the best by validation
accuracy at its best epoch by accuracy; means over draws. Epochs and trials are chosen by one metric, as in a study.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.tables import TABLES
from benchmarks.tables_curves import ask_trainings, files_of
from benchmarks.tables_draws import validation_targets
from benchmarks.tables_rows import targets
from benchmarks.tables_scores import of_each_class, scores

_DRAWS = 2000
_METRICS: dict[str, tuple[str, Callable[[float], float]]] = {
    # The letter that files have beside the answers chosen by it, and what is smaller the better it is.
    "cross_entropy": ("", lambda value: value),
    "accuracy": ("a", lambda value: -value),
}

Scores = dict[str, float]


def lines(tables: Path, draws: Path, of: int) -> Iterator[str]:
    """Markdown."""
    yield f"| best of {of}, on test rows | trainings | by | cross-entropy | accuracy |"
    yield "|---" * 5 + "|"
    for table, about in TABLES.items():
        files = files_of(draws, table)
        if about["task"] != "classification" or len(files) < of:
            continue
        for metric, chosen in _chosen(tables, table, files, of).items():
            errors = f"{chosen['cross_entropy']:.4f} | {chosen['accuracy']:.4f}"
            yield f"| {table} | {len(files)} | {metric.replace('_', '-')} | {errors} |"


def _chosen(tables: Path, table: str, files: list[Path], of: int) -> dict[str, Scores]:
    """By each metric, the mean test scores of what it chooses."""
    classes, validation = validation_targets(tables, table)
    test = targets(tables / f"{table}-test.csv", TABLES[table])
    picks = np.random.default_rng(0).permuted(np.tile(np.arange(len(files)), (_DRAWS, 1)), axis=1)[:, :of]
    found = {}
    for metric, (letter, badness) in _METRICS.items():
        judged, scored = [], []
        for file in files:
            with np.load(file) as written:
                judged.append(
                    badness(scores(validation, of_each_class(written[f"v{letter}"]), classes)[metric])
                )
                scored.append(scores(test, of_each_class(written[f"t{letter}"]), classes))
        best = picks[np.arange(_DRAWS), np.argmin(np.array(judged)[picks], axis=1)]
        found[metric] = {
            name: float(np.mean([scored[at][name] for at in best])) for name in ("cross_entropy", "accuracy")
        }
    return found


if __name__ == "__main__":
    ask_trainings(__doc__, lines, of=8)
