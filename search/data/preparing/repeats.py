"""Rows that stand more than once: where one is trained on and another tested with, the figures flatter."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from search.data.preparing.spec import DataSpec
from search.data.preparing.splits import Split
from search.data.rows.raw import Array, RawData, Table, TableColumn

Hashes = NDArray[np.uint64]

ROWS_PER_BLOCK = 4096


def repeats_across_splits(raw: RawData, split: Split, spec: DataSpec) -> tuple[str, ...]:
    """A note on the validation and test rows whose features also stand in training; nothing is removed.

    Only columns that `spec` uses count: a row number would make every row one of its own.
    """
    x = raw.x
    if isinstance(x, Table):
        x = Table({column.name: x.columns[column.name] for column in spec.columns})
    features = row_hashes(x)
    whole = with_target(features, raw.y)
    told: list[str] = []
    same_target = rows = 0
    for part in ("validation", "test"):
        these = getattr(split, part)
        repeated = int(np.isin(features[these], features[split.train]).sum())
        if repeated:
            told.append(f"{repeated:,} of {len(these):,} {part} rows ({repeated / len(these):.1%})")
            same_target += int(np.isin(whole[these], whole[split.train]).sum())
            rows += repeated
    if not told:
        return ()
    of_target = "all" if same_target == rows else f"{same_target:,}"
    return (
        f"{' and '.join(told)} have the features of a training row, {of_target} of them its target too: they are "
        "no unseen rows, so the values measured on them flatter; remove repeated rows if they are copies",
    )


def row_hashes(x: Array | Table) -> Hashes:
    """64 bits for the features of each row, equal where they are equal; (rows,). One pass over all values."""
    if isinstance(x, Table):
        hashes: Hashes = np.zeros(len(x), dtype=np.uint64)
        for column in x.columns.values():
            hashes = _mixed(hashes ^ _column_hashes(column))
        return hashes
    hashes = np.empty(len(x), dtype=np.uint64)
    for start in range(0, len(x), ROWS_PER_BLOCK):
        block = np.ascontiguousarray(x[start : start + ROWS_PER_BLOCK])
        block = block if block.dtype == np.uint8 else block + 0.0  # -0 is 0
        for row, values in enumerate(block.reshape(len(block), -1), start):
            digest = hashlib.blake2b(values.data, digest_size=8).digest()
            hashes[row] = int.from_bytes(digest, "little")
    return hashes


def with_target(features: Hashes, y: Array) -> Hashes:
    """As `row_hashes`, of features and target together."""
    for values in y.reshape(len(y), -1).T:
        features = _mixed(features ^ _number_hashes(values.astype(np.float64)))
    return features


def _column_hashes(column: TableColumn) -> Hashes:
    if column.values.dtype.kind == "f":
        return _number_hashes(column.values)
    hashes = np.fromiter(map(hash, column.values), dtype=np.int64, count=len(column.values))
    return _mixed(hashes.view(np.uint64))


def _number_hashes(values: Array) -> Hashes:
    """Of float64: every NaN is one value, and so are both zeros."""
    plain = np.where(np.isnan(values), np.nan, values + 0.0)
    return _mixed(plain.view(np.uint64))


def _mixed(bits: Hashes) -> Hashes:
    """Each of the 64 bits changes about half of the others (SplitMix64; Steele, Lea and Flood 2014)."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
