"""How far off forecasts were: `perceptuna plan`, then `perceptuna run` with the same options, compared.

    python -m benchmarks.forecast [--quick] [--studies digits,table,fashion]

The machine is used as it is: what else runs on it is in both, and its load is written down. The time left that
a running study tells is read at a quarter and at a half of its trials.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measure import command_line, write_result
from examples.make_tables import write_tables
from storage import StorageURL, artifact_folder

STUDIES = {
    "digits": "--data digits --space small --trials 40 --epochs 15",
    "table": "--data customers.csv --target leaves --space mlp --trials 30 --epochs 15",
    "fashion": "--data fashion_mnist --space small --trials 12 --epochs 6",
}
QUICK = {"digits": "--data digits --space small --trials 12 --epochs 6"}
WORKERS = 2


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--studies", default=",".join(STUDIES))
    arguments = parser.parse_args()
    studies = QUICK if arguments.quick else {name: STUDIES[name] for name in arguments.studies.split(",")}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        write_tables(Path(folder))
        for name, options in studies.items():
            rows.append({"study": name, "options": options, **compare(name, options, Path(folder))})
            print(describe(rows[-1]), flush=True)
    print("raw numbers:", write_result("forecast", rows, arguments.quick))


def compare(name: str, options: str, folder: Path) -> dict[str, Any]:
    """Forecast and truth of one study."""
    words = [name, *options.split(), "--workers", str(WORKERS), "--json", "--storage", "sqlite:///studies.db"]
    before = os.getloadavg()[0]
    began = time.monotonic()
    planned = json.loads(call(["plan", *words], folder).stdout)
    plan_seconds = time.monotonic() - began
    between = os.getloadavg()[0]
    truth = run([*words], folder, name)
    return {
        "load": [round(load, 1) for load in (before, between, os.getloadavg()[0])],
        "plan_seconds": round(plan_seconds, 1),
        "forecast": planned,
        "truth": truth,
    }


def run(words: list[str], folder: Path, name: str) -> dict[str, Any]:
    """Run the study; when each trial ended, what was left then, and what it took."""
    began = time.monotonic()
    process = subprocess.Popen(command(["run", *words]), cwd=folder, stdout=subprocess.PIPE, text=True)
    memory = [0]
    threading.Thread(target=watch, args=(process.pid, memory), daemon=True).start()
    assert process.stdout is not None
    ended: list[tuple[float, dict[str, Any]]] = []
    facts: dict[str, Any] = {}
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "trial_ended":
            ended.append((time.monotonic() - began, event))
        facts = event
    if process.wait() != 0:
        sys.exit(f"the study {name} ended with exit code {process.returncode}")
    # Starting workers and trials is forecast; printing the result is not.
    last = ended[-1][0]
    told = {}
    for share in (0.25, 0.5):
        at, event = ended[round(len(ended) * share) - 1]
        told[str(share)] = {"left": event["seconds_left"], "was": round(last - at, 2)}
    states = facts["states"]
    database, artifacts = sizes(folder)
    return {
        "seconds": round(last, 1),
        "epochs": sum(event["epochs"] for _, event in ended),
        "pruned": states.get("pruned", 0) / len(ended),
        "worker_memory": memory[0],
        "database_bytes": database,
        "artifact_bytes": artifacts,
        "time_left": told,
    }


def watch(process: int, memory: list[int]) -> None:
    """Memory of the largest process below `process`, until it ends."""
    try:
        while True:
            for child in psutil.Process(process).children(recursive=True):
                memory[0] = max(memory[0], child.memory_info().rss)
            time.sleep(0.5)
    except psutil.Error:
        return


def sizes(folder: Path) -> tuple[int, int]:
    """Bytes of the database and of the artifacts; both are then removed, so that the next study starts from none."""
    url = StorageURL.parse(str(folder / "studies.db"))
    assert url.sqlite_path is not None
    database = url.sqlite_path.stat().st_size
    artifacts = sum(path.stat().st_size for path in artifact_folder(url).rglob("*") if path.is_file())
    for path in artifact_folder(url).rglob("*"):
        if path.is_file():
            path.unlink()
    url.sqlite_path.unlink()
    return database, artifacts


def command(words: list[str]) -> list[str]:
    return [sys.executable, "-m", "search", *words]


def call(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(words), cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done


def describe(row: dict[str, Any]) -> str:
    """A line for each figure: forecast with its interval, truth, and how far off it was."""
    lines = [f"{row['study']} ({row['options']}), load {row['load']}, planned in {row['plan_seconds']} s"]
    forecast, truth = row["forecast"], row["truth"]
    for name in ("seconds", "epochs", "pruned"):
        told = forecast[name]
        inside = "inside" if told["low"] <= truth[name] <= told["high"] else "outside"
        lines.append(
            f"  {name}: {told['middle']:.2f} ({told['low']:.2f} to {told['high']:.2f}), was {truth[name]:.2f}, {inside}"
        )
    for name in ("worker_memory", "database_bytes", "artifact_bytes"):
        lines.append(f"  {name}: {forecast[name] / 1e6:.2f} MB, was {truth[name] / 1e6:.2f} MB")
    for share, left in truth["time_left"].items():
        told = left["left"]
        if told:
            interval = f"{told['middle']:.1f} s ({told['low']:.1f} to {told['high']:.1f})"
            lines.append(f"  left at {share} of the trials: {interval}, was {left['was']} s")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
