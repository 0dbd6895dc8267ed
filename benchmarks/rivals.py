"""The best validation accuracy over time: perceptuna, plain Optuna and KerasTuner, with the same minutes each.

    python -m benchmarks.rivals --data SOURCE [--minutes 10] [--seeds 3] [--epochs 30] [--only NAME,…]

All search the preset `mlp`, without augmentation, which `fit` does not have, on the same prepared rows, the rivals on
principal components that are made once, as perceptuna has them: trials of at most `--epochs` epochs, the same
early stopping, and everything else at its own default: perceptuna as `perceptuna run`; Optuna by `study.optimize` with
TPE, the median pruner and Keras's `fit`; KerasTuner's Hyperband and RandomSearch. Each study is a process of its own,
started cold, alone on the machine; the clock runs from its start, reading the data and importing TensorFlow included.
Seeds are rounds: all contestants run once before any runs again.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.children import run_child
from benchmarks.measure import command_line, write_result
from search.data import DataRequest, prepare
from search.study.data_cache import cache_folder
from spaces import Space, load_space

CONTESTANTS = ("perceptuna", "optuna", "kerastuner_hyperband", "kerastuner_random")
SHARES = (0.1, 0.25, 0.5, 1.0)


def study(contestant: str, task: dict[str, Any]) -> dict[str, Any]:
    """One study, as the seconds after which its best value rose."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "task.json")
        path.write_text(json.dumps({**task, "folder": folder}), encoding="utf-8")
        child = run_child(["-m", "benchmarks.rivals_contestants", contestant, str(path)])
    steps: list[tuple[float, float]] = []
    trials, cpu = 0, 0.0
    for line in child.lines:
        if not line.text.startswith("{"):
            continue
        ended = json.loads(line.text)
        # Of all its processes: those that are still training when its time is over are not counted at its end.
        trials, cpu = ended["trials"], round(line.cpu)
        if not steps or ended["best"] > steps[-1][1]:
            steps.append((round(line.wall, 1), ended["best"]))
    return {"contestant": contestant, "seed": task["seed"], "trials": trials, "cpu": cpu, "best": steps}


def best_after(row: dict[str, Any], seconds: float) -> float:
    """Best value of a study after `seconds`; 0 before its first trial."""
    return max((value for wall, value in row["best"] if wall <= seconds), default=0.0)


def lines(rows: list[dict[str, Any]], seconds: float) -> Iterator[str]:
    """Markdown: median best value after shares of the time, with least and most; CPU s at the last trial's end."""
    heads = [f"after {share * seconds / 60:g} min" for share in SHARES]
    yield f"| | trials | CPU s | {' | '.join(heads)} |"
    yield "|---" * (3 + len(SHARES)) + "|"
    for contestant in dict.fromkeys(row["contestant"] for row in rows):
        of_it = [row for row in rows if row["contestant"] == contestant]
        cells = [_spread([best_after(row, share * seconds) for row in of_it]) for share in SHARES]
        trials, cpu = (statistics.median(row[key] for row in of_it) for key in ("trials", "cpu"))
        yield f"| {contestant} | {trials:.0f} | {cpu:.0f} | {' | '.join(cells)} |"


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.4f} ({min(values):.4f}–{max(values):.4f})"


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--only", default=",".join(CONTESTANTS))
    given = parser.parse_args()
    seconds, seeds = (60.0, 1) if given.quick else (60 * given.minutes, given.seeds)
    task = {
        "data": given.data,
        "prepared": str(prepare(DataRequest(given.data), cache_folder()).folder),
        "epochs": given.epochs,
        "seconds": seconds,
    }
    with tempfile.TemporaryDirectory() as folder:
        space = Path(folder, "space.toml")
        whole = load_space("mlp").parameters
        plain = Space(parameters={name: whole[name] for name in whole if name not in ("augment", "shift")})
        space.write_text(plain.to_toml(), encoding="utf-8")
        rows, path = compare({**task, "space": str(space)}, seeds, given.only.split(","), given.quick)
    print("\n".join(lines(rows, seconds)))
    print("raw numbers:", path)


def compare(
    task: dict[str, Any], seeds: int, contestants: list[str], quick: bool
) -> tuple[list[dict[str, Any]], Path]:
    """All studies; they are written down after each, since a whole run takes hours."""
    rows: list[dict[str, Any]] = []
    for seed in range(seeds):
        for contestant in contestants:
            rows.append(study(contestant, {**task, "seed": seed}))
            last = rows[-1]
            print(f"seed {seed}, {contestant}: {last['trials']} trials, best {last['best'][-1:]}", flush=True)
            name = f"rivals-{Path(task['data']).name}-{task['seconds'] / 60:g}min"
            path = write_result(name, rows, quick)
    return rows, path


if __name__ == "__main__":
    main()
