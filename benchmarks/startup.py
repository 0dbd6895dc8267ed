"""How long a command takes to answer, and a study to its first epoch.

    python -m benchmarks.startup [--quick] [--only "import,worker,first epoch"]

Each is a fresh process, in turn, after one round that is not counted (files read, bytecode written). The rivals
are importing Keras and TensorFlow alone, which a command that shows something should not have to do (and which a
worker does in its own way: `worker`), and a script that imports Keras and fits one epoch of digits.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.children import Child, run_child
from benchmarks.large_study import made_study
from benchmarks.measure import command_line, spread, write_result
from storage import StorageURL

IMPORT = "import keras, tensorflow"
WORKER = "from search.machine.tensorflow_start import start_tensorflow; start_tensorflow(threads=1)"
FIT = """
import keras
from sklearn.datasets import load_digits
x, y = load_digits(return_X_y=True)
layers = [keras.Input((64,)), keras.layers.Dense(64, "relu"), keras.layers.Dense(10, "softmax")]
model = keras.Sequential(layers)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[:1257] / 16, y[:1257], validation_split=0.15, epochs=1, verbose=0)
"""
TRIALS = 1000
# What each is compared with.
RIVALS = {
    "worker": "import",
    "--help": "import",
    "list, empty": "import",
    f"list, {TRIALS} trials": "import",
    f"show, {TRIALS} trials": "import",
    "first epoch": "fit",
}


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", metavar="NAME,…")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (1 if arguments.quick else 7)
    with tempfile.TemporaryDirectory() as folder:
        only = arguments.only.split(",") if arguments.only else None
        measured = measure(Path(folder), rounds, only)
    rows = [{"what": what, **figures} for what, figures in measured.items()]
    for row in rows:
        print(describe(row, measured), flush=True)
    name = "startup-some" if arguments.only else "startup"
    print("raw numbers:", write_result(name, rows, arguments.quick))


def measure(folder: Path, rounds: int, only: list[str] | None = None) -> dict[str, dict[str, Any]]:
    """Wall and CPU seconds of each command, or of `only` these, rounds interleaved."""
    empty, full = f"sqlite:///{folder}/empty.db", f"sqlite:///{folder}/full.db"
    made_study(StorageURL.of_file(folder / "full.db"), TRIALS)
    run = ["run", "first", "--data", "digits", "--space", "small", "--trials", "1", "--epochs", "1"]
    commands = {
        "import": ["-c", IMPORT],
        "worker": ["-c", WORKER],
        "fit": ["-c", FIT],
        "--help": ["-m", "search", "--help"],
        "list, empty": ["-m", "search", "list", "--storage", empty],
        f"list, {TRIALS} trials": ["-m", "search", "list", "--storage", full],
        f"show, {TRIALS} trials": ["-m", "search", "show", "large", "--storage", full],
        "first epoch": ["-m", "search", *run, "--workers", "1", "--json"],
    }
    commands = {name: command for name, command in commands.items() if only is None or name in only}
    figures: dict[str, dict[str, Any]] = {name: {"wall": [], "cpu": [], "peak_mb": []} for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            fresh = ["--storage", f"sqlite:///{folder}/run{number}.db"] if name == "first epoch" else []
            child = run_child([*command, *fresh])
            wall, cpu = first_end(child) if name == "first epoch" else (child.wall, child.cpu)
            if number:
                figures[name]["wall"].append(wall)
                figures[name]["cpu"].append(cpu)
                figures[name]["peak_mb"].append(child.peak_mb)
    return figures


def first_end(child: Child) -> tuple[float, float]:
    """Wall and CPU seconds up to the end of the first trial, which is one epoch."""
    for line in child.lines:
        if line.text.startswith("{") and json.loads(line.text)["event"] == "trial_ended":
            return line.wall, line.cpu
    raise SystemExit("no trial ended")


def describe(row: dict[str, Any], measured: Mapping[str, dict[str, Any]]) -> str:
    text = f"{row['what']:>17}: {spread(row['wall'])} s, {spread(row['cpu'])} CPU s"
    rival = RIVALS.get(row["what"], "")
    if rival in measured:
        pairs = zip(measured[rival]["cpu"], row["cpu"], strict=True)
        walls = zip(measured[rival]["wall"], row["wall"], strict=True)
        text += (
            f"; against {rival}: CPU ×{spread([a / b for a, b in pairs])}, "
            f"wall ×{statistics.median(a / b for a, b in walls):.2f}"
        )
    return text


if __name__ == "__main__":
    main()
