"""How much memory each process takes to prepare a large table and to search on it.

    python -m benchmarks.large_data [--quick] [--gigabytes 10] [--columns 200] [--kind parquet] [--folder FOLDER]

A table of numbers and a category is made by script, so large that its prepared rows are as many gigabytes of float32.
`perceptuna run` prepares it and trains two trials of two epochs by two workers. Meanwhile the memory of each process is
looked at every two seconds (`/proc/PID/smaps_rollup`): `own`, which it has alone and the system cannot take back
(`Anonymous`); `private`, in which pages of files are too that no other process looks at (`Private_Clean` and
`Private_Dirty`); `resident`, with all pages that it shares. Most of each is told. The bar is 3 GiB of `own`.

Files are made in FOLDER, about four times as large as the prepared rows together, and removed.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.measure import command_line, machine, write_result

BAR = 3 * 2**30
QUICK_GIGABYTES = 0.02
_ROWS_AT_ONCE = 50_000
_SAMPLE_SECONDS = 2.0
_TRIALS = 2
_SPACE = """version = 1
depth = 1
width = 32
batch_size = 1024
optimizer = "adam"
learning_rate = { low = 1e-3, high = 2e-3 }
"""
_FIELDS = {
    "own": ("Anonymous",),
    "private": ("Private_Clean", "Private_Dirty"),
    "resident": ("Rss",),
}


def make_table(path: Path, rows: int, columns: int) -> None:
    """A Parquet or CSV file: `columns` numbers and a category, and `y`, two classes that some of them tell."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    random, writer = np.random.default_rng(0), None
    for start in range(0, rows, _ROWS_AT_ONCE):
        count = min(_ROWS_AT_ONCE, rows - start)
        x = random.standard_normal((columns, count), np.float32)
        named = {f"n{place}": values for place, values in enumerate(x)}
        named["town"] = np.array(["north", "east", "south", "west"])[random.integers(0, 4, count)]
        named["y"] = (x[:8].sum(axis=0) + random.standard_normal(count) > 0).astype(np.int8)
        if path.suffix == ".csv":
            pd.DataFrame(named).to_csv(path, mode="a", header=start == 0, index=False, float_format="%.5g")
            continue
        table = pa.table(named)
        writer = writer or pq.ParquetWriter(
            path, table.schema, compression="none", use_dictionary=["town", "y"]
        )
        writer.write_table(table)
    if writer is not None:
        writer.close()


def searched(path: Path, folder: Path) -> dict[str, Any]:
    """Most memory of each kind of process, and seconds, of a search on `path`."""
    space = folder / "space.toml"
    space.write_text(_SPACE)
    options = f"--target y --workers 2 --trials {_TRIALS} --epochs 2 --sampler random --pruner none --json"
    started, before, disk_before = time.monotonic(), _children_cpu(), psutil.disk_usage(str(folder)).used
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "search", "run", "large", "--data", str(path), "--space", str(space)),
            *options.split(),
            *("--storage", str(folder / "studies.db")),
        ],
        env={**os.environ, "PERCEPTUNA_CACHE": str(folder / "cache")},
        stdout=(folder / "events").open("wb"),
    )
    most: dict[str, dict[str, int]] = {}
    disk, waits = 0, False
    while process.poll() is None:
        for one in _family(process.pid):
            _keep_most(most.setdefault(_role(one, process.pid), dict.fromkeys(_FIELDS, 0)), one.pid)
        # Files without a name too, as far as nobody else writes on this disk.
        disk = max(disk, psutil.disk_usage(str(folder)).used - disk_before)
        if not waits and (folder / "events").read_bytes().count(b"trial_ended") == _TRIALS:
            # What the best is compared with takes minutes, and is given up; its memory was looked at.
            waits = True
            process.send_signal(signal.SIGINT)
        time.sleep(_SAMPLE_SECONDS)
    if process.returncode != 0:
        raise SystemExit(f"the search ended with exit code {process.returncode}")
    return {
        "seconds": round(time.monotonic() - started),
        "cpu_seconds": round(_children_cpu() - before),
        "prepared_bytes": sum(file.stat().st_size for file in (folder / "cache").rglob("*_x.npy")),
        "disk_bytes": disk,
        "processes": {role: of for role, of in most.items() if any(of.values())},
    }


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _role(process: psutil.Process, driver: int) -> str:
    if process.pid == driver:
        return "driver"
    try:
        words = " ".join(process.cmdline())
    except psutil.Error:
        return "others"
    return (
        "worker"
        if "search.workers.serving" in words
        else "reference models"
        if "references" in words
        else "others"
    )


def _keep_most(most: dict[str, int], pid: int) -> None:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:  # it has ended
        return
    told = {line.split(":")[0]: 1024 * int(line.split()[1]) for line in lines}
    for name, fields in _FIELDS.items():
        most[name] = max(most[name], sum(told.get(field, 0) for field in fields))


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--gigabytes", type=float, default=10.0, help="of prepared rows")
    parser.add_argument("--columns", type=int, default=200)
    parser.add_argument("--kind", choices=("parquet", "csv"), default="parquet")
    parser.add_argument("--folder", type=Path, default=None)
    measure(parser.parse_args())


def measure(given: argparse.Namespace) -> None:
    """Make, search, tell, and keep the numbers."""
    gigabytes = QUICK_GIGABYTES if given.quick else given.gigabytes
    rows = int(gigabytes * 1e9 / (4 * (given.columns + 4)))
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        path = folder / f"rows.{given.kind}"
        make_table(path, rows, given.columns)
        print(f"{rows:,} rows of {given.columns} numbers, {path.stat().st_size / 1e9:.2f} GB of {given.kind}")
        found = searched(path, folder)
    for role, of in found["processes"].items():
        told = ", ".join(f"{name} {count / 1e6:,.0f} MB" for name, count in of.items())
        print(f"{role:18} {told}", "" if of["own"] <= BAR else "  above the bar")
    print(f"{found['cpu_seconds']:,} s of CPU, {found['disk_bytes'] / 1e9:.1f} GB of disk beside the source")
    asked = {"rows": rows, "columns": given.columns, "kind": given.kind, "gigabytes": gigabytes}
    print(write_result("large_data", [{**asked, **found, "machine": machine()}], given.quick))


if __name__ == "__main__":
    main()
