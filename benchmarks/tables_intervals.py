"""Do prediction intervals of validation rows, which chose the trial and its epoch, hold as many of other rows?

    python -m benchmarks.tables_intervals --tables FOLDER --storage URL [STUDY …]

FOLDER has NAME-test.csv of each STUDY, a search of the table of that name that has kept its best model. For each level,
how many of those rows are within: by groups, as `predict --interval` has them, and by one width for all rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.measure import result_path, write_rows
from benchmarks.tables import TABLES
from benchmarks.tables_rows import targets
from search.answering.new_rows import open_rows
from search.data import DataRequest
from search.models.intervals import Intervals, conformal_quantile, intervals_of
from search.models.saved_model import model_of_study, open_model
from search.models.validation_answers import validation_answers
from search.study.study import load_study
from search.study.unchanged import unchanged_data
from storage import StorageURL

_LEVELS = (0.5, 0.8, 0.9, 0.95)


def measured(tables: Path, storage: str, name: str) -> Iterator[dict[str, Any]]:
    """A row for each kind of interval of one table: shares of the rows within them, by their level."""
    study = load_study(name, StorageURL.parse(storage))
    saved = model_of_study(study)
    model = open_model(saved, 1)
    predictions, y = validation_answers(model, unchanged_data(study, study.settings))
    file = tables / f"{name}-test.csv"
    rows = open_rows(DataRequest(str(file), header=saved.header), saved.spec)
    there = np.concatenate([model.answer(piece.x) for piece in rows.pieces(rows.at_once)])
    known = targets(file, TABLES[name]).astype(np.float64)
    errors = np.sort(np.abs(predictions - y))
    alike = {level: (conformal_quantile(errors, level),) for level in _LEVELS}
    kinds = {
        "of groups": intervals_of(predictions, y),
        "one": Intervals(rows=len(y), edges=(), halves=alike),
    }
    for kind, found in kinds.items():
        yield {
            "table": name,
            "trials": len(study.finished()),
            "validation_rows": len(y),
            "test_rows": len(known),
            "width": kind,
            "within": {str(level): float(found.covers(there, known, level).mean()) for level in _LEVELS},
            "mean_width_at_90": 2 * float(found.half_widths(there, 0.9).mean()),
        }


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Markdown, a row for each table and kind of interval."""
    levels = " | ".join(f"{level:.0%}" for level in _LEVELS)
    yield f"| table | trials | validation rows | test rows | width | {levels} | mean width at 90 % |"
    yield "|---" * (6 + len(_LEVELS)) + "|"
    for row in rows:
        held = " | ".join(f"{share:.1%}" for share in row["within"].values())
        counts = f"{row['trials']:,} | {row['validation_rows']:,} | {row['test_rows']:,}"
        yield f"| {row['table']} | {counts} | {row['width']} | {held} | {row['mean_width_at_90']:,.4g} |"


def main(
    studies: list[str],
    tables: Annotated[Path, typer.Option(help="folder of the tables' files")],
    storage: Annotated[str, typer.Option(help="database of the studies")],
) -> None:
    output = result_path("tables-intervals", quick=False)
    rows = [row for name in studies for row in measured(tables, storage, name)]
    write_rows(output, rows)
    typer.echo("\n".join(lines(rows)))
    typer.echo(f"raw numbers: {output}")


if __name__ == "__main__":
    typer.run(main)
