"""How many lines do common jobs take: here, in KerasTuner, in Optuna, and in scikit-learn? Each of them is run.

    python -m benchmarks.lines [--trials 8] [--jobs table,…] [--tools optuna,…] [--count]

Scripts are `benchmarks/jobs/JOB_TOOL.py`, each as the tool's own documentation would write it:

- `table`: a table of text, numbers and gaps is searched for; the best model is saved, loaded again, and answers rows
  without the target. The answers have to be right more often than the more frequent class is.
- `resume`: a search that is killed (SIGKILL, with all that it started, after two trials) and started again by the same
  script. All trials have to be there at the end, those before the kill with the values that they had.
- `confirm`: the best three of a search are trained on three more seeds each; the winner by their mean is saved, and
  tested on rows that nothing has seen. The test accuracy has to be above 0.8.

A line counts that holds code: no blank ones, comments and docstrings, formatted alike (`ruff format`). KerasTuner is
no dependency: `make bench-lines` puts it into a folder of its own. --count runs nothing. Rows of today's result that
are not run again stay.
"""

from __future__ import annotations

import ast
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measure import command_line, result_path, write_rows

JOBS = ("table", "resume", "confirm")
TOOLS = ("perceptuna", "keras_tuner", "optuna", "scikit_learn")
SCRIPTS = Path(__file__).parent / "jobs"
_ROOT = Path(__file__).parents[1]
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
_LOOK_SECONDS = 0.1
_KILLED_AFTER = 2
_PATIENCE_SECONDS = 1800.0


def script_of(job: str, tool: str) -> Path:
    return SCRIPTS / f"{job}_{tool}.py"


def lines_of_code(source: str) -> int:
    """Lines of `source` that hold code."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    held = {
        line
        for token in tokens
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(held - set(_docstring_lines(ast.parse(source))))


def _docstring_lines(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            text = node.body[0]
            yield from range(text.lineno, (text.end_lineno or text.lineno) + 1)


def write_table(folder: Path) -> pd.Series:
    """`flats.csv`, and `new.csv` without its target, which is returned."""
    chance = np.random.default_rng(0)
    rows = 1200
    flats = pd.DataFrame(
        {
            "town": chance.choice(["Bern", "Thun", "Biel", "Köniz"], rows),
            "heating": chance.choice(["gas", "oil", "heat pump"], rows, p=[0.5, 0.3, 0.2]),
            "area": chance.gamma(9.0, 10.0, rows).round(1),
            "rooms": chance.integers(1, 7, rows).astype(float),
            "built": chance.integers(1890, 2025, rows).astype(float),
        }
    )
    liked = (
        flats["area"] / 30
        + (flats["town"] == "Bern") * 1.5
        + (flats["heating"] == "heat pump") * (flats["built"] < 1980) * 2
        + chance.normal(0.0, 0.4, rows)
    )
    sold = pd.Series(np.where(liked > liked.median(), "yes", "no"))
    flats = flats.mask(chance.random(flats.shape) < 0.05)
    known = slice(0, 1000)
    flats[known].assign(sold=sold[known]).to_csv(folder / "flats.csv", index=False)
    flats[1000:].to_csv(folder / "new.csv", index=False)
    return sold[1000:].reset_index(drop=True)


def run(job: str, tool: str, trials: int, folder: Path) -> dict[str, Any]:
    """Run a script, and see that it does what the job is. Raises: RuntimeError: it does not."""
    if job == "table":
        sold = write_table(folder)
        _ended(_started(job, tool, trials, folder))
        answers = pd.read_csv(folder / "answers.csv")["sold"]
        return {"accuracy": _above(float((answers == sold).mean()), max(sold.value_counts(normalize=True)))}
    if job == "confirm":
        told = _ended(_started(job, tool, trials, folder))
        if not [*folder.glob("digits.*")]:
            raise RuntimeError("no model was saved")
        return {"test_accuracy": _above(float(told.split()[-1]), 0.8)}
    first = _started(job, tool, trials, folder)
    began = time.monotonic()
    while len(trials_kept(tool, folder)) < _KILLED_AFTER:
        if first.poll() is not None or time.monotonic() > began + _PATIENCE_SECONDS:
            raise RuntimeError(f"it ended before it was killed: {first.communicate()}")
        time.sleep(_LOOK_SECONDS)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    before = trials_kept(tool, folder)
    _ended(_started(job, tool, trials, folder))
    after = trials_kept(tool, folder)
    if len(after) != trials or any(after.get(name) != value for name, value in before.items()):
        raise RuntimeError(f"before the kill {before}, after the second start {after}")
    return {"trials_before_the_kill": len(before)}


def trials_kept(tool: str, folder: Path) -> dict[str, float | None]:
    """The values of trials that have ended, as the tool keeps them on disk; None of a pruned one."""
    if tool == "scikit_learn":
        journal = folder / "trials.jsonl"
        text = journal.read_text() if journal.exists() else ""
        return {str(n): json.loads(line)["score"] for n, line in enumerate(text.splitlines())}
    if tool == "keras_tuner":
        files = sorted(folder.glob("digits/trial_*/trial.json"))
        read = [json.loads(text) for file in files if (text := file.read_text())]
        return {one["trial_id"]: one["score"] for one in read if one["status"] == "COMPLETED"}
    import optuna

    file = folder / ("digits.db" if tool == "optuna" else "perceptuna.db")
    if not file.exists():
        return {}
    try:
        study = optuna.load_study(study_name="digits", storage=f"sqlite:///{file}")
        found = study.get_trials(states=(optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED))
    except Exception:  # it is being made: whatever is lacking then is there a moment later
        return {}
    pruned = optuna.trial.TrialState.PRUNED
    return {str(one.number): None if one.state == pruned else one.value for one in found}


def _started(job: str, tool: str, trials: int, folder: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PERCEPTUNA")}
    paths = [str(_ROOT), environment.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, str(script_of(job, tool)), str(trials)],
        cwd=folder,
        env={**environment, "PYTHONPATH": os.pathsep.join(paths), "PERCEPTUNA_CACHE": str(folder / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _ended(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=_PATIENCE_SECONDS)
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode}:\n{out}\n{err}")
    return out


def _above(value: float, least: float) -> float:
    if value <= least:
        raise RuntimeError(f"expected more than {least}, but got {value}")
    return round(value, 4)


def table(counts: dict[tuple[str, str], int]) -> Iterator[str]:
    """In Markdown: a row for each job, a column for each tool."""
    yield f"| job | {' | '.join(TOOLS)} |"
    yield "|---" * (len(TOOLS) + 1) + "|"
    for job in JOBS:
        yield f"| {job} | {' | '.join(str(counts.get((job, tool), '–')) for tool in TOOLS)} |"


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--jobs", default=",".join(JOBS), metavar="JOB,…")
    parser.add_argument("--tools", default=",".join(TOOLS), metavar="TOOL,…")
    parser.add_argument("--count", action="store_true", help="count the lines, and run nothing")
    given = parser.parse_args()
    asked = [(job, tool) for job in given.jobs.split(",") for tool in given.tools.split(",")]
    counts = {pair: lines_of_code(script_of(*pair).read_text("utf-8")) for pair in asked}
    if given.count:
        print("\n".join(table(counts)))
        return
    output = result_path("lines", given.quick)
    done = json.loads(output.read_text())["rows"] if output.exists() else []
    rows = {(row["job"], row["tool"]): row for row in done}
    for job, tool in asked:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found = run(job, tool, given.trials, Path(folder))
        row = {"job": job, "tool": tool, "lines": counts[job, tool], "trials": given.trials, **found}
        rows[job, tool] = {**row, "seconds": round(time.monotonic() - began, 1)}
        print(json.dumps(rows[job, tool]), flush=True)
        write_rows(output, [*rows.values()])
    print("\n".join(table({pair: row["lines"] for pair, row in rows.items()})))
    print("raw numbers:", output)


if __name__ == "__main__":
    main()
