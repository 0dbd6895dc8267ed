"""How many rows does `predict` answer in a CPU second, and does its memory stay as it is when the file grows?

    python -m benchmarks.predictions [--rows 100000,1000000] [--quick]

A table of six numbers with gaps, two categories, one of many values, and a date; of its first 5,000 rows a network is
trained (`run --trials 1`) and exported. `predict` then answers files of so many other rows, CSV and Parquet, each in a
process of its own: CPU seconds with its start and without it (what 1,000 rows take is taken off), and the most memory
that it and all that it starts had to themselves at one time (proportional set size), sampled four times a second.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.children import run_child
from benchmarks.measure import command_line, measure_missing, result_path

TRAINED_ON, OF_START, CHUNK = 5_000, 1_000, 100_000
KINDS = ("csv", "parquet")


def table(rows: int, seed: int) -> pd.DataFrame:
    """`target` is what a network is to learn."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, 6))
    days = random.integers(0, 3000, rows)
    frame = pd.DataFrame({f"number {place}": numbers[:, place].round(4) for place in range(6)})
    frame = frame.mask(random.random(frame.shape) < 0.05)
    frame["kind"] = np.array(["red", "green", "blue", "grey"])[random.integers(0, 4, rows)]
    frame["town"] = np.char.add("town ", random.integers(0, 500, rows).astype(str))
    frame["since"] = (np.datetime64("2015-01-01") + days).astype(str)
    frame["target"] = (numbers @ [1, -1, 0.5, 0.2, 0, 0] + days / 1000).round(4)
    return frame


def write(folder: Path, kind: str, rows: int) -> Path:
    """A file of other rows than those of training, without the target; chunk by chunk."""
    path = folder / f"rows.{kind}"
    if kind == "parquet":
        table(rows, 1).drop(columns="target").to_parquet(path)
        return path
    for start in range(0, rows, CHUNK):
        chunk = table(min(CHUNK, rows - start), 1 + start).drop(columns="target")
        chunk.to_csv(path, index=False, header=not start, mode="a" if start else "w")
    return path


def trained(folder: Path) -> Path:
    """The model."""
    table(TRAINED_ON, 0).to_csv(folder / "train.csv", index=False)
    data = ("--data", str(folder / "train.csv"), "--target", "target")
    model, storage = folder / "model.keras", ("--storage", str(folder / "studies.db"))
    how = ("--trials", "1", "--epochs", "5", "--workers", "1")
    for command in (("run", "one", *data, *how), ("export", "one", "-o", str(model))):
        run_child(["-m", "search", *command, *storage], PERCEPTUNA_CACHE=str(folder / "cache"))
    return model


def answered(model: Path, kind: str, rows: int) -> dict[str, Any]:
    """A row: what `predict` takes for a file of so many."""
    with tempfile.TemporaryDirectory() as name:
        file, answers = write(Path(name), kind, rows), Path(name) / "answers.csv"
        child = run_child(["-m", "search", "predict", str(model), str(file), "-o", str(answers)])
        with answers.open() as lines:
            told = sum(1 for _ in lines) - 1
    if told != rows:
        raise SystemExit(f"{told:,} answers for {rows:,} rows")
    return {"cpu": round(child.cpu, 2), "wall": round(child.wall, 2), "peak_mb": round(child.peak_mb)}


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Markdown, a row for each file."""
    yield "| file | rows | CPU s | rows a CPU second | without the start | most memory, MB |"
    yield "|---|---|---|---|---|---|"
    start = {row["kind"]: row["cpu"] for row in rows if row["rows"] == OF_START}
    for row in rows:
        more = row["cpu"] - start[row["kind"]]
        alone = f"{(row['rows'] - OF_START) / more:,.0f}" if more > 0 else "–"
        counts = f"{row['rows']:,} | {row['cpu']:.1f} | {row['rows'] / row['cpu']:,.0f}"
        yield f"| {row['kind']} | {counts} | {alone} | {row['peak_mb']:,} |"


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--rows", default="100000,1000000", metavar="N,…")
    given = parser.parse_args()
    counts = [OF_START, *([3_000] if given.quick else map(int, given.rows.split(",")))]
    output = result_path("predictions", given.quick)
    wanted = [(kind, rows) for kind in KINDS for rows in counts]
    with tempfile.TemporaryDirectory() as name:
        model = trained(Path(name))
        found = measure_missing(output, [], wanted, ("kind", "rows"), partial(answered, model))
    print("\n".join(lines(found)))
    print("raw numbers:", output)


if __name__ == "__main__":
    main()
