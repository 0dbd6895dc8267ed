"""Searches that are driven from Python: heard, interrupted, in the background, and shared with the shell."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from flowers import SPACE, Place, flowers
from workers_here import trained_here

import perceptuna as pt
from search import cli
from search.analysis.live_html import LiveHTML, page
from search.analysis.showing import SecondInterrupt, listeners_here, notebook_display, shown_here
from search.driving.progress import Progress

ROOT = Path(__file__).parents[2]
HOW: Any = {"target": "kind", "space": SPACE, "epochs": 1, "workers": 1, "known": False, "show": False}

# Without a guard: each worker would search anew.
SCRIPT = """
import pandas as pd
import perceptuna as pt

space = pt.Space(depth=1, width=pt.log(8, 32), optimizer="adam")
frame = pd.read_csv("flowers.csv")
study = pt.search(
    frame, target="kind", name="script", space=space, trials=2, epochs=1, workers=1, known=False, seed=3
)
print("found", len(study.leaderboard()))
"""

# What `mypy --strict` has to take.
TYPED = """
import numpy as np
import pandas as pd
import perceptuna as pt

options: pt.Settings = {"target": "price", "trials": 3, "timeout": 90.0, "drop": ["id"]}

def best(frame: pd.DataFrame) -> float:
    space = pt.Space(depth=(1, 4), width=pt.log(32, 512), optimizer=["adam", "sgd"], l2=0.0)
    study: pt.Study = pt.search(frame, target="price", space=space, metric="val_rmse", timeout="10m")
    pt.search("prices.csv", name="prices", **options)
    running: pt.Running = pt.search(np.zeros((9, 2)), np.zeros(9), wait=False, on_trial_end=lambda study, trial: None)
    running.stop()
    again: pt.Study = pt.load_study("prices").resume(add=20)
    model: pt.Model = again.finalize(top=5, seeds=5).model
    print(model.predict(frame).shape, study.plot.history(), study.optuna.best_trial.number)
    return study.best.validation
"""


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PERCEPTUNA")}
    return {**kept, "PERCEPTUNA_CACHE": str(folder / "cache"), "PYTHONPATH": str(ROOT)}


def call(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def command(line: str) -> None:
    """A command in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["perceptuna", *line.split()])
        with pytest.raises(SystemExit) as end:
            cli.main()
    assert not end.value.code, line


@pytest.mark.slow
def test_a_script_without_a_guard_searches_once_and_the_shell_goes_on_with_its_rows(tmp_path: Path) -> None:
    flowers().to_csv(tmp_path / "flowers.csv", index=False)
    (tmp_path / "script.py").write_text(SCRIPT)
    printed = call(tmp_path, "script.py")
    assert printed.count("starting 1 worker") == printed.count("found 2") == 1
    assert "reading the DataFrame …" in printed
    assert "db-rows" not in printed  # where they are kept is nothing to read each time
    (tmp_path / "flowers.csv").unlink()
    call(tmp_path, "-m", "search", "resume", "script", "--add", "1")
    shown = json.loads(call(tmp_path, "-m", "search", "show", "script", "--json"))
    assert shown["finished"] == 3


def test_a_study_of_the_shell_goes_on_in_python(here: Place) -> None:
    here.frame.to_csv("flowers.csv", index=False)
    SPACE.save("flowers.toml")
    options = "--target kind --space flowers.toml --trials 1 --epochs 1 --workers 1 --no-known"
    command(f"run shell --data flowers.csv {options}")
    study = pt.load_study("shell").resume(add=1, show=False)
    assert len(study.trials_frame()) == 2
    command("show shell")


def test_each_trial_is_heard_of_as_optuna_has_it(here: Place) -> None:
    heard: list[tuple[str, int, str]] = []
    study = pt.search(
        here.frame,
        name="heard",
        trials=2,
        on_trial_end=lambda study, trial: heard.append((study.name, trial.number, trial.state.name)),
        **HOW,
    )
    assert heard == [("heard", trial.number, trial.state.name) for trial in study.optuna.trials]


def test_what_a_callback_raises_ends_the_search_which_can_be_resumed(here: Place) -> None:
    def full(study: pt.Study, trial: Any) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        pt.search(here.frame, name="enough", trials=3, on_trial_end=full, **HOW)
    assert len(pt.load_study("enough").resume(show=False).trials_frame()) == 3


def test_ctrl_c_leaves_a_study_that_goes_on(here: Place) -> None:
    with (
        trained_here(lambda task: os.kill(os.getpid(), signal.SIGINT)),
        pytest.raises(KeyboardInterrupt, match="go on with: perceptuna resume interrupted"),
    ):
        pt.search(here.frame, name="interrupted", trials=2, **HOW)
    assert len(pt.load_study("interrupted").trials_frame()) == 1
    assert len(pt.load_study("interrupted").resume(show=False).trials_frame()) == 2
    # The program's own handler is back.
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_ctrl_c_ends_the_study_and_not_the_notebook() -> None:
    with pytest.raises(KeyboardInterrupt, match="ended at once"):
        SecondInterrupt().abandoned()


def test_a_search_in_the_background_is_watched_and_stopped(here: Place) -> None:
    running = pt.search(here.frame, name="background", trials=500, wait=False, **HOW)
    assert running.study.name == "background"
    assert "background" in repr(running)
    with pytest.raises(TimeoutError, match="it goes on"):
        running.result(timeout=0.01)
    with pytest.raises(pt.StudyBusy, match="is being driven by"):
        running.study.resume(add=1, show=False)
    running.stop()
    study = running.result(timeout=120)
    assert running.done
    assert len(study.trials_frame()) == running.progress.finished < 500


def test_what_cannot_be_searched_in_the_background_is_refused_at_once(here: Place) -> None:
    folder = here.folder / "perceptuna.db-rows"
    before = {*folder.iterdir()}
    with pytest.raises(pt.InputError, match="is already in"):
        pt.search(here.frame[:90], name="flowers", wait=False, **HOW)
    assert {*folder.iterdir()} == before


def test_a_name_is_made_up_after_the_target(here: Place) -> None:
    first, second = (
        pt.search(here.frame.rename(columns={"kind": "the kind"}), trials=1, **(HOW | {"target": "the kind"}))
        for _ in range(2)
    )
    assert (first.name, second.name) == ("the-kind-1", "the-kind-2")


def test_rows_that_are_handed_over_twice_are_kept_once(here: Place) -> None:
    kept = [path.name for path in (here.folder / "perceptuna.db-rows").iterdir()]
    assert len([name for name in kept if name.startswith("frame-")]) == len({*kept}) - len(
        [name for name in kept if name.startswith("space-")]
    )
    assert not [name for name in kept if "partial" in name]


class Shown:
    """Stands for a notebook: what it was given to show."""

    def __init__(self) -> None:
        self.pages: list[str] = []

    def __call__(self, shapes: dict[str, str], *, raw: bool, display_id: bool) -> Shown:
        assert raw
        assert display_id
        self.update(shapes, raw=raw)
        return self

    def update(self, shapes: dict[str, str], *, raw: bool) -> None:
        self.pages.append(shapes["text/html"])


def progress() -> Progress:
    return Progress("one", "val_accuracy", "maximize", 4, 9, finished=1, best=0.5, best_number=0)


def test_a_notebook_shows_one_table_that_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown()
    notebook, display = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    notebook.get_ipython = lambda: types.SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    display.display = shown  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    assert notebook_display() is shown
    listener = shown_here()
    assert isinstance(listener, LiveHTML)
    listener.said("<b>reading</b>")
    running = progress()
    running.begin(1, "width <8>")
    listener.ticked(running)
    listener.closed(running)
    assert "&lt;b&gt;reading" in shown.pages[-1]
    assert "width &lt;8&gt;" in shown.pages[-1]
    assert "0.5000 (trial 0)" in shown.pages[-1]
    assert len(shown.pages) >= 2


def test_a_notebook_that_is_gone_ends_no_study() -> None:
    def gone(*shapes: object, **how: object) -> None:
        raise BrokenPipeError

    listener = LiveHTML(gone)
    listener.said("one")
    listener.closed(progress())


def test_a_page_is_well_formed() -> None:
    from xml.etree import ElementTree

    ElementTree.fromstring(page(["a & b"], progress()))


def test_the_background_of_a_script_is_told_to_its_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="perceptuna"):
        listeners_here(in_background=True).said("one\nline")
    assert caplog.messages == [r"one\nline"]


@pytest.mark.slow
def test_a_script_of_a_user_passes_strict_types(tmp_path: Path) -> None:
    (tmp_path / "typed.py").write_text(TYPED)
    cache = ROOT / ".mypy_cache" / "of_a_user"
    words = ["-m", "mypy", "--strict", "--follow-imports=silent", "--ignore-missing-imports", "typed.py"]
    done = subprocess.run(
        [sys.executable, *words, "--config-file=", f"--cache-dir={cache}"],
        cwd=tmp_path,
        env={**environment(tmp_path), "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
