"""Parquet files that are damaged, or that unpack to more than memory holds."""

from __future__ import annotations

import datetime
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from search.data import DataRequest, describe, read_source
from search.errors import DataError


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_a_parquet_file_damaged_anywhere_is_read_or_refused(tmp_path, compression):
    count = 40
    table = pa.table(
        {
            "whole": pa.array(range(count), pa.uint64()),
            "text": [f"v{row % 3}" for row in range(count)],
            "dictionary": pa.array(["u", "v"] * 20).dictionary_encode(),
            "time": [datetime.datetime(2020, 1, 1 + row % 28) for row in range(count)],
            "bytes": pa.array([b"ab", b"cd"] * 20, pa.binary(2)),
            "y": ["a", "b"] * 20,
        }
    )
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path, compression=compression)
    content = path.read_bytes()
    numbers = random.Random(compression)
    refusals = []
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(numbers.choice([1, 1, 4])):
            damaged[numbers.randrange(4, len(damaged) - 8)] = numbers.randrange(256)
        path.write_bytes(damaged)
        try:
            describe(read_source(DataRequest(str(path), target="y")))
        except DataError as error:
            refusals.append(str(error))
    assert len(refusals) > 10
    assert all(str(path) in refusal for refusal in refusals)


def test_a_few_kilobytes_of_parquet_cannot_fill_memory(tmp_path, monkeypatch):
    path = tmp_path / "rows.parquet"
    # Equal values are packed to nearly nothing.
    pq.write_table(pa.table({"x": pa.array([7] * 2_000_000), "y": pa.array([1] * 2_000_000)}), path)
    assert path.stat().st_size < 20_000
    monkeypatch.setattr("search.data.reading.free_memory.free_memory", lambda: 20_000_000)
    with pytest.raises(DataError, match=r"2,000,000 rows of 2 columns\) needs about .* of memory"):
        read_source(DataRequest(str(path), target="y"))
