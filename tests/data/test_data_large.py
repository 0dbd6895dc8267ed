"""Rows that are too many for memory become the same prepared rows, to the last bit, a part of them at a time."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from search.data import DataRequest, prepare, prepare_folds
from search.data.columns.missing import MISSING
from search.data.preparing.in_order import in_order
from search.data.reading.text_columns import TextColumns
from search.data.rows import scratch
from search.errors import CacheUnusable, DataError

ROWS = 700
RANDOM = np.random.default_rng(0)
CLASSES = RANDOM.integers(0, 3, ROWS)
NUMBERS = RANDOM.normal(size=(ROWS, 7)).astype(np.float32)
PIXELS = RANDOM.integers(0, 256, (ROWS, 5, 4, 3), dtype=np.uint8)


def table() -> pd.DataFrame:
    """A column of each kind; rare classes, gaps, texts of many values, and numbers that begin as something else."""
    frame = pd.DataFrame({f"n{place}": NUMBERS[:, place].astype(float) for place in range(3)})
    frame["whole"] = np.where(np.arange(ROWS) < 500, "7", "7.25")
    frame["late"] = np.where(np.arange(ROWS) < 650, "12", "twelve")
    frame["flag"] = np.where(np.arange(ROWS) % 3, "True", "False")
    frame["town"] = [f"town {row % 11}" if row % 7 else None for row in range(ROWS)]
    frame["street"] = [f"street {row % 90}" for row in range(ROWS)]
    frame["when"] = pd.date_range("2024-01-01", periods=ROWS, freq="7h").strftime("%Y-%m-%d %H:%M")
    frame["note"] = [f"some words of {'abc'[row % 3]} and {row % 5}" for row in range(ROWS)]
    frame["weight"] = np.arange(ROWS) % 5
    frame["y"] = np.where(np.arange(ROWS) < 2, "rare", CLASSES.astype(str))
    return frame


def csv(folder: Path) -> DataRequest:
    table().to_csv(folder / "rows.csv", index=False)
    return DataRequest(str(folder / "rows.csv"), target="y", text=("note",), weight="weight")


def packed_csv_in_order_of_time(folder: Path) -> DataRequest:
    table().to_csv(folder / "rows.csv.gz", index=False)
    return DataRequest(str(folder / "rows.csv.gz"), target="n0", time="when", drop=("note",))


def csv_with_test_rows(folder: Path) -> DataRequest:
    table()[:500].to_csv(folder / "rows.csv", index=False)
    table()[500:].to_csv(folder / "test.csv", index=False)
    return DataRequest(str(folder / "rows.csv"), target="n1", test=str(folder / "test.csv"))


def parquet(folder: Path) -> DataRequest:
    frame = table().astype({"street": "category"}).assign(when=pd.Timestamp("2024-05-01", tz="Asia/Tokyo"))
    frame["when"] += pd.to_timedelta(np.arange(ROWS), unit="h")
    frame["lists"], frame["raw"] = [[1]] * ROWS, [b"x", b"z"] * (ROWS // 2)
    frame.to_parquet(folder / "rows.parquet")
    return DataRequest(str(folder / "rows.parquet"), target="y", group="street", category=("whole",))


def vectors(folder: Path) -> DataRequest:
    np.savez(folder / "rows.npz", x=np.where(np.arange(7) == 3, 1, NUMBERS), y=CLASSES)
    return DataRequest(str(folder / "rows.npz"))


def packed_vectors_by_column(folder: Path) -> DataRequest:
    np.savez_compressed(folder / "rows.npz", x=np.asfortranarray(NUMBERS.astype(">f8")), y=NUMBERS[:, 0])
    return DataRequest(str(folder / "rows.npz"))


def whole_numbers_with_test_rows(folder: Path) -> DataRequest:
    x = (NUMBERS * 1000).astype(np.int16)
    np.savez(
        folder / "rows.npz", x_train=x[:500], y_train=CLASSES[:500], x_test=x[500:], y_test=CLASSES[500:]
    )
    return DataRequest(str(folder / "rows.npz"))


def images(folder: Path) -> DataRequest:
    np.savez(folder / "rows.npz", x=PIXELS, y=CLASSES)
    return DataRequest(str(folder / "rows.npz"))


def folder_of_images(folder: Path) -> DataRequest:
    for row in range(60):
        file = folder / "images" / "abc"[row % 3] / f"{row}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(PIXELS[row, ..., 0] if row % 2 else PIXELS[row]).save(file)
    return DataRequest(str(folder / "images"))


def files_of(cache: Path) -> dict[str, bytes]:
    return {str(path.relative_to(cache)): path.read_bytes() for path in cache.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "source",
    [
        csv,
        packed_csv_in_order_of_time,
        csv_with_test_rows,
        parquet,
        vectors,
        packed_vectors_by_column,
        whole_numbers_with_test_rows,
        images,
        folder_of_images,
    ],
)
def test_prepared_rows_do_not_depend_on_how_many_are_in_memory(
    source: Callable[[Path], DataRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = source(tmp_path)
    found = []
    for name in ("at once", "in parts"):
        data = prepare(request, tmp_path / name)
        if source is vectors:
            prepare_folds(request, data, 2)
        found.append(files_of(tmp_path / name))
        monkeypatch.setattr(scratch, "KEPT_IN_MEMORY", 4_000)
    assert found[0].keys() == found[1].keys()
    for name, content in found[0].items():
        assert content == found[1][name], name


def test_a_source_is_read_from_its_first_row_to_its_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "KEPT_IN_MEMORY", 4_000)
    monkeypatch.setattr("search.data.preparing.in_order.ROWS_PER_BLOCK", 64)
    rows, asked = RANDOM.permutation(ROWS)[:600], []

    def rows_of(some: np.ndarray) -> np.ndarray:
        asked.extend(some.tolist())
        return NUMBERS[some]

    blocks = list(in_order(rows, rows_of, (7,), np.dtype(np.float32)))
    assert len(blocks) > 3
    np.testing.assert_array_equal(np.concatenate(blocks), NUMBERS[rows])
    assert asked == sorted(asked)


FIELDS = (
    ("1", "2", "-3", "007"),
    ("1.5", "2", "1e3", "-0.0"),
    ("True", "false", "TRUE"),
    ("", "NA"),
    ("a", "x y", "1"),
    ("18446744073709551615", "9223372036854775808", "5"),
    ("9007199254740993", "-9007199254740993", "1"),
    ("123456789012345678901", "4"),
    ("inf", "0.1234567890123456789", "nan"),
)


def test_a_column_in_pieces_is_that_of_the_whole_file() -> None:
    """Whatever the pieces look like on their own."""
    numbers = random.Random(1)
    how: dict[str, Any] = {"keep_default_na": False, "na_values": {"c": list(MISSING)}, "low_memory": False}
    for _ in range(60):
        pools = numbers.sample(FIELDS, numbers.randint(1, 3))
        count, size = numbers.randint(4, 14), numbers.randint(1, 5)
        # Mostly of one kind at first, so that later pieces tell something else.
        column = [
            numbers.choice(pools[0] if numbers.random() < 1 - row / count else numbers.choice(pools))
            for row in range(count)
        ]
        text = "k,c\n" + "".join(f"z,{value}\n" for value in column)

        def read(only: Any, text: str = text, size: int = size) -> Iterator[pd.DataFrame]:
            types = {name: kind for name, kind in (only or {}).items() if kind is not None}
            names = None if only is None else list(only)
            whole = only is not None and not types
            source = io.StringIO(text)
            if whole:
                return iter([pd.read_csv(source, usecols=names, **how)])
            return iter(pd.read_csv(source, usecols=names, dtype=types, chunksize=size, **how))

        expected = pd.read_csv(io.StringIO(text), **how)["c"]
        found = TextColumns(("k", "c"), count, read)["c"]
        assert found.dtype == expected.dtype, column
        assert list(map(repr, found)) == list(map(repr, expected)), column


def test_a_disk_that_takes_no_rows_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "KEPT_IN_MEMORY", 4_000)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CacheUnusable, match=r"too many for memory.*PERCEPTUNA_CACHE"):
        prepare(csv(tmp_path), tmp_path / "file")
    monkeypatch.setattr("search.data.reading.free_memory.free_disk", lambda: 100)
    for source in (parquet, packed_vectors_by_column):
        with pytest.raises(DataError, match=r"GB of disk .* free"):
            prepare(replace(source(tmp_path)), tmp_path / "cache")
