"""Data for the fuzz: tables, arrays and images, by grammar or as small valid files, and mutated."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

# Of a command line.
Words = list[str]
# Writes what a command line needs into an empty folder.
Maker = Callable[[Random, Path], Words]

_CELLS = r"""
    0 1 -3 2.50 .5 1e3 1e400 -inf nan NA N/A null NULL None - ? . # x yes No TRUE false 01 007 +7 63,930 1.234,5 1,5
    $12.50 45% 12:30 2020-01-31 31/01/2020 1/5/2019 2020-01-31T10:00:00Z 99999999999999999999 é 😀 [red]x 0x1F 1_000 ٣
"""
CELLS = [
    *_CELLS.split(),
    '"a, b"',
    '""',
    '"',
    '"two\nlines"',
    "a\tb",
    "\x1b[2J",
    "\u202e",
    "\u2028",
    " x ",
    "",
]
NAMES = [
    "a",
    "b",
    "y",
    "",
    " ",
    "y ",
    "a/b",
    "Unnamed: 0",
    "weight [kg]",
    '"two\nlines"',
    "n" * 300,
    "é",
    "1",
    "[/s]",
]


def mutated(random: Random, content: bytes) -> bytes:
    """Some bytes changed, cut out, doubled or put in; sometimes none."""
    data = bytearray(content)
    for _ in range(random.choice([0, 0, 1, 1, 1, 2, 20])):
        place = random.randrange(len(data) + 1)
        length = random.choice([1, 1, 2, 8, 64])
        match random.choice([0, 1, 2, 3, 0, 1, 2, 3, 4]):
            case 0:
                data[place : place + length] = random.randbytes(length)
            case 1:
                del data[place : place + length]
            case 2:
                data[place:place] = data[place : place + length]
            case 3:
                data[place : place + 1] = random.choice(
                    [b"\0", b"\xff", b'"', b"\n", b",", b"\x7f", b"9", b"{", b"-"]
                )
            case _:
                del data[place:]
    return bytes(data)


def text_table(random: Random) -> str:
    """A table of some rows by grammar; mostly of equal length, with values of all kinds."""
    columns = random.randint(1, 4)
    separator = random.choice([",", ",", ";", "\t", "|", " ", "  "])
    values = [random.choices(CELLS, k=random.randint(1, 3)) for _ in range(columns)]
    values = [[str(row) for row in range(40)] if random.random() < 0.3 else kind for kind in values]
    values.append(random.choice([["a", "b"], ["0", "1", "2"], ["1.5", "2", "4"], random.choices(CELLS, k=2)]))
    lines = [separator.join([*random.choices(NAMES, k=columns), "y"])]
    if random.random() < 0.6:
        lines = [separator.join([*(f"c{column}" for column in range(columns)), "y"])]
    strange = random.choice([0, 0, 0.1])
    for row in range(random.choice([0, 12, 40, 40, 40])):
        cells = [
            random.choice(CELLS) if random.random() < strange else kind[row % len(kind)] for kind in values
        ]
        lines.append(separator.join(cells[: len(cells) - (random.random() < strange / 10)]))
    start = random.choice(["", "", "", "\ufeff", f"sep={separator}\n"])
    return start + random.choice(["\n", "\r\n", "\r"]).join(lines)


def csv(random: Random, folder: Path) -> Words:
    content = text_table(random).encode()
    path = folder / f"rows{random.choice(['.csv', '.tsv', '.txt', '.data'])}"
    path.write_bytes(mutated(random, content) if random.random() < 0.5 else content)
    return ["data", "show", str(path), *table_options(random)]


def packed(random: Random, folder: Path) -> Words:
    content = text_table(random).encode()
    ending, pack = random.choice(
        [
            (".csv.gz", partial(gzip.compress, mtime=0)),
            (".csv.bz2", bz2.compress),
            (".csv.xz", lzma.compress),
            (".zip", zipped),
        ]
    )
    path = folder / f"rows{ending}"
    path.write_bytes(mutated(random, pack(content)))
    return ["data", "show", str(path), *table_options(random)]


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("rows.csv"), content)
    return file.getvalue()


def table_options(random: Random) -> Words:
    words = ["--target", "y" if random.random() < 0.8 else random.choice(["0", *NAMES])]
    if random.random() < 0.2:
        words.append("--no-header")
    if random.random() < 0.2:
        words += ["--task", random.choice(["classification", "regression", "other"])]
    if random.random() < 0.1:
        words += ["--separator", random.choice([",", ";", " ", "\\t", "§", '"', "ab", "\x1b", "\0", "a"])]
    return words


@cache
def _parquet_files() -> tuple[bytes, ...]:
    count = 40
    columns = {
        "whole": pa.array(range(count), pa.uint64()),
        "gaps": pa.array([None, *range(1, count)], pa.int64()),
        "text": pa.array([f"v{row % 3}" for row in range(count)]),
        "dictionary": pa.array(["u", "v"] * 20).dictionary_encode(),
        "time": pa.array([datetime(2020, 1, 1 + row % 28) for row in range(count)]),
        "bytes": pa.array([b"ab", b"cd"] * 20, pa.binary(2)),
        "flag": pa.array([True, False] * 20),
        "nested": pa.array([[1, 2]] * count),
        "y": pa.array(["a", "b"] * 20),
    }
    files: list[bytes] = []
    for codec in ("none", "snappy", "zstd"):
        for names in (list(columns), ["whole", "text", "y"]):
            file = io.BytesIO()
            pq.write_table(pa.table({name: columns[name] for name in names}), file, compression=codec)
            files.append(file.getvalue())
    file = io.BytesIO()
    pd.DataFrame({"x": range(40), "y": [0.5, 1.5] * 20}, index=range(5, 45)).to_parquet(file)
    return (*files, file.getvalue())


def parquet(random: Random, folder: Path) -> Words:
    path = folder / "rows.parquet"
    path.write_bytes(mutated(random, random.choice(_parquet_files())))
    target = random.choice(["y", "y", "y", "y", "y", "whole", "bytes", "nested", "time", "__index_level_0__"])
    return ["data", "show", str(path), "--target", target]


@cache
def _npz_files() -> tuple[bytes, ...]:
    values = np.random.default_rng(0).normal(size=(40, 3))
    pixels = np.arange(40 * 16, dtype=np.uint8).reshape(40, 4, 4)
    y = np.arange(40) % 2
    contents = [
        {"x": values, "y": y},
        {"x_train": values, "y_train": y, "x_test": values[:10], "y_test": y[:10]},
        {"x": pixels, "y": y.astype("U1")},
        {"X": values.astype(np.float16), "y": y.astype(np.uint64) + 2**63},
    ]
    files: list[bytes] = []
    for save in (np.savez, np.savez_compressed):
        for arrays in contents:
            file = io.BytesIO()
            save(file, **arrays)
            files.append(file.getvalue())
    return tuple(files)


def npz(random: Random, folder: Path) -> Words:
    path = folder / "rows.npz"
    path.write_bytes(mutated(random, random.choice(_npz_files())))
    return ["data", "show", str(path)]


@cache
def _image_files() -> tuple[bytes, ...]:
    files: list[bytes] = []
    for mode in ("L", "RGB", "RGBA", "P", "1"):
        for kind in ("PNG", "JPEG", "GIF"):
            if kind == "PNG" or mode in ("L", "RGB"):
                file = io.BytesIO()
                Image.new(mode, (5, 4), 1).save(file, kind)
                files.append(file.getvalue())
    return tuple(files)


def images(random: Random, folder: Path) -> Words:
    root = folder / "images"
    root.mkdir()
    parts = random.choice(
        [[""], [""], ["train", "test"], ["Train", "val"], ["training", "validation", "test"]]
    )
    names = [
        "cats",
        "dogs",
        random.choice(["birds", "birds", "a b", "[x]", ".hidden", "caf\udce9", "n" * 250]),
    ]
    endings = [".png", ".png", ".jpg", ".PNG", ".gif", ".txt", ""]
    for part in parts:
        for name in names:
            (root / part / name).mkdir(parents=True, exist_ok=True)
            for number in range(random.choice([0, 8, 8, 8])):
                content = random.choice(_image_files()[:2] if random.random() < 0.98 else _image_files())
                content = mutated(random, content) if random.random() < 0.02 else content
                (root / part / name / f"{number}{random.choice(endings[:3])}").write_bytes(content)
    size = ["--image-size", random.choice(["4x4", "4x4", "4x4", "4x4", "a"])]
    return ["data", "show", str(root), *(size if random.random() < 0.5 else [])]
