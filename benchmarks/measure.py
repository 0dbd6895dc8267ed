"""Paired timings on a machine that is shared with others: interleaved runs, ratios of CPU time, median and spread."""

from __future__ import annotations

import argparse
import json
import platform
import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def command_line(what: str | None) -> argparse.ArgumentParser:
    """Of a benchmark whose docstring is `what`; `--quick` is a short run, which replaces no full result."""
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short run, to see that it works")
    return parser


@dataclass(frozen=True)
class Timing:
    """CPU and wall seconds of each counted run."""

    cpu: list[float]
    wall: list[float]

    @property
    def median(self) -> float:
        """CPU seconds."""
        return statistics.median(self.cpu)


def ratios(rival: Timing, ours: Timing) -> list[float]:
    """CPU time of the rival over ours, round by round."""
    return [theirs / mine for theirs, mine in zip(rival.cpu, ours.cpu, strict=True)]


def spread(values: list[float]) -> str:
    """`8.7 (8.1–9.4, n=5)`: median, least and most."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f}, n={len(values)})"


def machine() -> dict[str, str]:
    """What the figures depend on, without naming the machine."""
    names = ("tensorflow", "keras", "optuna", "numpy", "scikit-learn")
    return {
        "date": date.today().isoformat(),
        "processor": _processor(),
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor()
    lines = cpuinfo.read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    flags = next((line for line in lines if line.startswith("flags")), "")
    wanted = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags.split()]
    return f"{model}, {sum(line.startswith('processor') for line in lines)} cores, {' '.join(wanted)}"


def write_result(name: str, rows: list[dict[str, Any]], quick: bool) -> Path:
    """Raw numbers beside the machine they were measured on; a quick run does not replace a full one."""
    path = result_path(name, quick)
    write_rows(path, rows)
    return path


def result_path(name: str, quick: bool) -> Path:
    """Where today's numbers are written."""
    return RESULTS / f"{name}{'-quick' if quick else ''}-{date.today().isoformat()}.json"


def write_rows(path: Path, rows: list[dict[str, Any]], *, a_line_each: bool = False) -> None:
    """Replace a result file as a whole: killed at any instant, the earlier or the later one is there.

    Args:
        a_line_each: where rows are many, or long lists of numbers.
    """
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    if a_line_each:
        lines = ",\n".join(map(json.dumps, rows))
        text = f'{{"machine": {json.dumps(machine())}, "rows": [\n{lines}\n]}}'
    else:
        text = json.dumps({"machine": machine(), "rows": rows}, indent=1)
    unfinished.write_text(text + "\n", encoding="utf-8")
    unfinished.replace(path)


def measure_missing(
    output: Path,
    known: list[dict[str, Any]],
    wanted: Iterable[tuple[Any, ...]],
    named: tuple[str, ...],
    measured: Callable[..., dict[str, Any]],
) -> list[dict[str, Any]]:
    """All rows: those that are `known`, and one for each of `wanted` that none of them is; written after each.

    Args:
        wanted: what `measured` is called with, which a row has under the names of `named`.
    """
    rows = list(known)
    there = {tuple(row[name] for name in named) for row in rows}
    for one in wanted:
        if one not in there:
            rows.append({**dict(zip(named, one, strict=True)), **measured(*one)})
            write_rows(output, rows)
            print(json.dumps(rows[-1]), flush=True)
    return rows


def raw(timing: Timing) -> dict[str, list[float]]:
    """Rounded, for the result file."""
    return {name: [round(value, 5) for value in values] for name, values in asdict(timing).items()}
