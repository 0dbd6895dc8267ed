"""README as a new user reads it: every command is typed in order, its notebook is run, and a team's service asked."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

TESTS = Path(__file__).parent
README = TESTS.parent / "README.md"
# Shows the same: other networks, and fewer of them.
SHORTER = {
    "run": "--trials 2 --epochs 4 --space small --workers 1",
    "finalize": "--top 1 --seeds 2 --folds 2 --workers 1",
}
FEWER = [
    ('trials=20, timeout="3m"', 'trials=1, epochs=2, space="small", workers=1, show=False'),
    ("top=3, seeds=3", "top=1, seeds=2, folds=2, workers=1, show=False"),
]


def part(title: str) -> str:
    """One of the three tasks."""
    text = README.read_text(encoding="utf-8")
    return text.partition(f"### {title}\n")[2].partition("\n##")[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> list[str]:
    """Each line that a user types, those that train with less to do."""
    lines = [line.split("#")[0].strip() for block in blocks(text, "sh") for line in block.splitlines()]
    return [f"{line} {SHORTER.get(line.split()[1], '')}".strip() for line in lines]


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PERCEPTUNA")}
    return {
        **kept,
        "PERCEPTUNA_CACHE": str(folder / "cache"),
        "PYTHONPATH": f"{README.parent}{os.pathsep}{TESTS}",
        **more,
    }


def call(program: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a program of Python's did, which may neither fail nor print what nobody should see."""
    done = subprocess.run(
        [sys.executable, *program],
        cwd=folder,
        env=environment(folder, **variables),
        capture_output=True,
        text=True,
        timeout=480,
    )
    assert done.returncode == 0, f"{program}\n{done.stdout}\n{done.stderr}"
    assert not re.search("Traceback|Warning", done.stdout + done.stderr), done.stderr
    return done


# Each line as if it were typed, in one Python, which starts TensorFlow once and trains by itself. Reference models are
# fitted at the lowest priority, which on a busy machine takes minutes; they have tests of their own.
_ONE_AFTER_THE_OTHER = """
import os, runpy, shlex, sys
import search.driving.reference_fits, search.running.drive
from search.cli import main
from workers_here import WorkersHere
search.running.drive.workers_of = lambda *given, **named: WorkersHere(lambda task: None)
search.driving.reference_fits.fitting_of = lambda study, data: None
examples, *lines = sys.argv[1:]
for line in lines:
    program, *words = shlex.split(line)
    if program == "python":
        sys.argv = [os.path.join(examples, words[0]), *words[1:]]
        runpy.run_path(sys.argv[0], run_name="__main__")
        continue
    sys.argv = [program, *words]
    try:
        main()
    except SystemExit as end:
        assert end.code == 0, line
"""

# As where nothing of this project is installed.
_PREDICT = """
import sys, runpy
for package in ("search", "spaces", "storage", "optuna", "sklearn", "scipy", "matplotlib"):
    sys.modules[package] = None  # importing it fails
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.slow
def test_every_command_of_the_readme_runs_in_order(tmp_path: Path) -> None:
    """From the file to answers, then the notebook, in one process; the script that needs Keras alone has its own."""
    *typed, predict = commands(part("From a CSV file to a model"))
    assert "examples/predict.py" in predict
    (code,) = blocks(part("In a notebook"), "python")
    for usual, fewer in FEWER:
        assert usual in code, usual
        code = code.replace(usual, fewer)
    (tmp_path / "notebook.py").write_text(code, encoding="utf-8")
    session = [*typed, f"python {tmp_path / 'notebook.py'}", "perceptuna show digits --json"]
    said = call(["-c", _ONE_AFTER_THE_OTHER, str(README.parent), *session], tmp_path)
    shown = json.loads(said.stdout.splitlines()[-1])
    assert shown["finished"] == shown["budget"] == 2
    assert {"digits.html", "digits.json"} <= {path.name for path in tmp_path.iterdir()}

    script, *files = shlex.split(predict)[1:]
    done = call(["-c", _PREDICT, str(README.parent / script), *files], tmp_path)
    assert done.stderr == "", "TensorFlow's log is not the user's"
    answers, rows = (pd.read_csv(tmp_path / name) for name in ("answers.csv", "digits.csv"))
    assert [line.partition(",")[0] for line in done.stdout.splitlines()] == [*map(str, answers["prediction"])]
    assert (answers["prediction"] == rows["digit"]).mean() > 0.5


@contextmanager
def serving(line: str, folder: Path) -> Iterator[str]:
    """Meanwhile the service answers at the address that it prints."""
    program = [sys.executable, "-m", "search", *shlex.split(line)[1:]]
    process = subprocess.Popen(
        program, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found
        yield found[0]
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.slow
def test_a_team_is_served_as_the_readme_says(tmp_path: Path, unused_port: int) -> None:
    call([str(README.parent / "examples" / "make_tables.py"), "."], tmp_path)
    team = part("For a team")
    (add, serve), (export, run, show) = (block.splitlines() for block in blocks(team, "sh"))
    assert export.startswith("export PERCEPTUNA_SERVICE=http://127.0.0.1:8090 PERCEPTUNA_TOKEN=anna.")
    token = call(["-m", "search", *shlex.split(add, comments=True)[1:]], tmp_path).stdout.strip()
    assert token.startswith("anna.")
    with serving(f"{serve.partition('#')[0]} --port {unused_port} --cold", tmp_path) as address:
        anna = {"PERCEPTUNA_SERVICE": address, "PERCEPTUNA_TOKEN": token}
        call(["-m", "search", *shlex.split(f"{run} {SHORTER['run']} --detach")[1:]], tmp_path, **anna)
        # The study does not end before its reference models are there.
        deadline, said = time.monotonic() + 120, ""
        while "2/2 trials" not in said and time.monotonic() < deadline:
            said = call(["-m", "search", *shlex.split(show)[1:]], tmp_path, **anna).stdout
    assert "2/2 trials" in said


def test_its_links_lead_somewhere() -> None:
    for document in [README, *README.parent.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+?)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
