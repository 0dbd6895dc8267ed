"""A table with columns of every kind: quoted lines, slashes in names, and values that are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from search.data import DataRequest, PreparedData, prepare

HEADER = "size in m²,price/unit,sold,kind,built,seen,y"


def _rows(count: int = 120) -> list[list[str]]:
    random = np.random.default_rng(5)
    rows = []
    for number in range(count):
        row = [
            f"{random.normal(1e6, 3):.6f}",
            str(random.integers(100)),
            str(bool(random.integers(2))),
            ["red", "[UNK]", '"two\nlines, in quotes"'][random.integers(3)],
            f"{random.integers(1, 29):02d}.{random.integers(1, 13):02d}.{random.integers(1950, 2030)}",
            f"{random.integers(1, 10)}/{random.integers(13, 29)}/2024 {random.integers(1, 13)}:15 PM",
        ]
        if number % 6 == 0:
            row[number // 6 % 6] = ""
        rows.append([*row, f"{random.normal(50, 9):.4f}"])
    return rows


def mixed_table(folder: Path) -> tuple[DataRequest, PreparedData]:
    """A regression of 120 rows, split by seed 3, as a file in `folder` and prepared."""
    path = folder / "rows.csv"
    path.write_text("\n".join([HEADER, *map(",".join, _rows())]), encoding="utf-8")
    request = DataRequest(str(path), target="y", seed=3)
    return request, prepare(request, folder / "cache")
