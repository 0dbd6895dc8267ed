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

README = Path(__file__).parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def commands() -> list[str]:
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith(("perceptuna ", "python examples/"))]


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PERCEPTUNA")}
    return {**kept, "PERCEPTUNA_CACHE": str(folder / "cache"), "PYTHONPATH": str(README.parent)}


def call(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program, *rest = shlex.split(line)
    start = ["-m", "search"] if program == "perceptuna" else [str(README.parent / rest.pop(0))]
    return subprocess.run(
        [sys.executable, *start, *rest],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=240,
    )


def browse(folder: Path, port: int) -> dict[str, object]:
    """What the dashboard's own page asks for, while `perceptuna dashboard` runs."""
    words = [sys.executable, "-m", "search", "dashboard", "--read-only", "--port", str(port)]
    process = subprocess.Popen(words, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True)
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


_PREDICT = """
import sys, json, os
for package in ("search", "spaces", "storage", "optuna"):
    sys.modules[package] = None  # importing it fails, as where it is not installed
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
    typed = commands()
    assert len(typed) >= 10
    for line in typed:
        if line.startswith("perceptuna dashboard"):
            assert "first" in json.dumps(browse(tmp_path, unused_port))
            continue
        if "--config" in line or "--install-completion" in line:
            continue
        trains = line.startswith(("perceptuna run", "perceptuna resume", "perceptuna finalize"))
        done = call(f"{line} --workers 1" if trains else line, tmp_path)  # each starts TensorFlow anew
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert not re.search("Traceback|Warning", done.stdout + done.stderr), done.stderr
        if "predict.py" in line:
            assert done.stderr == "", "TensorFlow's log is not the user's"
            assert 50_000 < float(done.stdout.splitlines()[0]) < 600_000

    shown = json.loads(call("perceptuna show first --json", tmp_path).stdout)
    assert shown["finished"] == shown["budget"] == 8
    facts = json.loads((tmp_path / "first.json").read_text())
    assert facts["class_names"] == list("0123456789")

    done = subprocess.run(
        [sys.executable, "-c", _PREDICT], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    digits, prices = (np.array(part) for part in json.loads(done.stdout))
    assert digits.shape == (3, 10)
    assert digits.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert prices.shape == (3, 1)
    assert 50_000 < prices[0, 0] < prices[1, 0] < 600_000


def test_the_settings_and_the_space_it_shows_are_right(tmp_path: Path) -> None:
    (space,) = blocks("toml")
    assert tomllib.loads(space)
    (tmp_path / "own.toml").write_text(space, encoding="utf-8")
    done = call("perceptuna space check own.toml", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_its_links_lead_somewhere() -> None:
    for document in [README, *README.parent.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+?)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
