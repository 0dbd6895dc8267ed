"""README as a new user reads it: every command is typed in order, and its models and figures are looked at."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).parent
README = TESTS.parent / "README.md"
TRAINS = ("perceptuna run", "perceptuna resume", "perceptuna finalize")
FEWER = ("--trials 6", "--trials 2")  # shows the same; each trial may be another graph to compile


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def commands() -> list[str]:
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith(("perceptuna ", "python examples/"))]


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PERCEPTUNA")}
    return {
        **kept,
        "PERCEPTUNA_CACHE": str(folder / "cache"),
        "PYTHONPATH": f"{README.parent}{os.pathsep}{TESTS}",
    }


def call(program: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """What a program of Python's did, which may neither fail nor print what nobody should see."""
    done = subprocess.run(
        [sys.executable, *program],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, f"{program}\n{done.stdout}\n{done.stderr}"
    assert not re.search("Traceback|Warning", done.stdout + done.stderr), done.stderr
    return done


# Each line as if it were typed, in one Python, which starts TensorFlow once and trains by itself.
_ONE_AFTER_THE_OTHER = """
import os, runpy, shlex, sys
import search.workers.pool
from search.cli import main
from workers_here import WorkersHere
search.workers.pool.Workers = lambda *given, **named: WorkersHere(lambda task: None)
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


def browse(words: list[str], folder: Path, port: int) -> dict[str, object]:
    """What the dashboard's own page asks for, while `perceptuna WORDS` runs."""
    program = [sys.executable, "-m", "search", *words, "--port", str(port)]
    process = subprocess.Popen(
        program, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True
    )
    # Without proxies: a test of failed downloads has named one that does not answer, and urllib remembers it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        assert process.stdout is not None
        link = process.stdout.readline().split()[2]
        assert link.startswith("http://127.0.0.1")
        known = {"Authorization": f"Bearer {link.partition('?token=')[2]}"}
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/api/studies", headers=known)
        for _ in range(300):
            try:
                with opener.open(asked, timeout=5) as reply:
                    return json.load(reply)
            except urllib.error.URLError as error:
                trouble = f"{error} {process.poll()}"
                time.sleep(0.1)
        raise AssertionError(f"the dashboard did not answer: {trouble}")
    finally:
        process.terminate()
        process.wait(20)


# The script first, then models by themselves.
_PREDICT = """
import sys, json, runpy
for package in ("search", "spaces", "storage", "optuna", "sklearn", "scipy", "matplotlib"):
    sys.modules[package] = None  # importing it fails, as where it is not installed
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
import keras, numpy as np, tensorflow as tf
image = keras.saving.load_model("first.keras")(np.full((3, 8, 8, 1), 7, np.uint8))
prices = keras.saving.load_model("prices.keras")({
    "area": tf.constant([[50.0], [150.0], [float("nan")]], tf.float64),
    "town": tf.constant([["Ghent"], ["Lille"], ["Mars"]]),
    "built": tf.constant([["1987-03-01"], ["2001-01-31"], [""]]),
    "garden": tf.constant([[1.0], [0.0], [1.0]], tf.float64),
})
print(json.dumps([np.asarray(image).tolist(), np.asarray(prices).tolist()]))
"""


@pytest.mark.slow
def test_every_command_of_the_readme_runs_in_order(tmp_path: Path, unused_port: int) -> None:
    """The first with a worker of its own; those after it share a process, but for the dashboard and predictions."""
    typed = commands()
    assert len(typed) >= 10
    typed = [line.replace(*FEWER) for line in typed if "--config" not in line and "--install" not in line]
    first, *others = [f"{line} --workers 1" if line.startswith(TRAINS) else line for line in typed]
    assert first.startswith("perceptuna run first ")
    call(["-m", "search", *shlex.split(first)[1:]], tmp_path)

    (predict,) = [line for line in others if "predict.py" in line]
    (dashboard,) = [line for line in others if line.startswith("perceptuna dashboard")]
    apart = (predict, dashboard)
    session = [line for line in others if line not in apart]
    said = call(
        ["-c", _ONE_AFTER_THE_OTHER, str(README.parent), *session, "perceptuna show first --json"], tmp_path
    )
    assert "first" in json.dumps(browse(shlex.split(dashboard)[1:], tmp_path, unused_port))
    shown = json.loads(said.stdout.splitlines()[-1])
    assert shown["finished"] == shown["budget"] == 4
    facts = json.loads((tmp_path / "first.json").read_text())
    assert facts["class_names"] == list("0123456789")

    script, *files = shlex.split(predict)[1:]
    done = call(["-c", _PREDICT, str(README.parent / script), *files], tmp_path)
    assert done.stderr == "", "TensorFlow's log is not the user's"
    *rows, models = done.stdout.splitlines()
    assert 50_000 < float(rows[0]) < 600_000
    answers = np.loadtxt(tmp_path / "answers.csv", skiprows=1)
    np.testing.assert_allclose(answers, [float(row) for row in rows], rtol=1e-5)  # rows have six digits
    digits, prices = (np.array(part) for part in json.loads(models))
    assert digits.shape == (3, 10)
    assert digits.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert prices.shape == (3, 1)
    assert 50_000 < prices[0, 0] < prices[1, 0] < 600_000


def test_the_settings_and_the_space_it_shows_are_right(tmp_path: Path) -> None:
    (space,) = blocks("toml")
    assert tomllib.loads(space)
    (tmp_path / "own.toml").write_text(space, encoding="utf-8")
    assert call(["-m", "search", "space", "check", "own.toml"], tmp_path).stderr == ""


def test_its_links_lead_somewhere() -> None:
    for document in [README, *README.parent.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+?)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
