"""A study as an object; the examples that show it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from search import load_study
from search.analysis.notebook import NotebookStudy
from search.errors import InputError
from search.study.study import Study

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def notebook_study(trained_study: Study) -> NotebookStudy:
    return load_study("real", trained_study.url.sqlite_path)


def test_a_study_shows_itself_as_its_leaderboard(notebook_study: NotebookStudy) -> None:
    text = repr(notebook_study)
    assert text.startswith("study real  finished  6/6 trials")
    assert "rank  trial  val_accuracy  train accuracy" in text
    page = notebook_study._repr_html_()
    assert page.count("<tr") == 1 + len(notebook_study.ranked())
    assert f"{notebook_study.ranked()[0].value:.4f}" in page


def test_every_finished_trial_is_a_row(notebook_study: NotebookStudy) -> None:
    frame = notebook_study.trials_frame()
    assert [*frame.index] == [0, 1, 2, 3, 4, 5]
    assert set(frame["state"]) <= {"complete", "pruned"}
    assert {"val_accuracy", "accuracy", "epochs", "seconds", "width", "learning_rate"} <= {*frame.columns}
    best = notebook_study.leaderboard()[0]
    assert frame.loc[best.trial, "val_accuracy"] == best.validation


def test_the_history_of_a_trial_counts_epochs_from_one(notebook_study: NotebookStudy) -> None:
    history = notebook_study.history(notebook_study.leaderboard()[0].trial)
    assert history.index[0] == 1
    assert {"loss", "val_loss", "accuracy", "val_accuracy"} <= {*history.columns}


def test_the_best_model_predicts_raw_images(notebook_study: NotebookStudy) -> None:
    probabilities = np.asarray(notebook_study.best_model()(np.full((3, 8, 8, 1), 7, np.uint8)))
    assert probabilities.shape == (3, 10)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_a_study_that_is_not_there_is_refused_by_name(trained_study: Study) -> None:
    with pytest.raises(InputError, match=r"no study 'rael'.*real"):
        load_study("rael", trained_study.url.sqlite_path)


def run_python(program: str, folder: Path, *arguments: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PERCEPTUNA")}
    environment = {**kept, "PERCEPTUNA_CACHE": str(folder / "cache"), "PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={**environment, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Each as a program of its own, in one Python, which starts TensorFlow once; the study's workers share a core.
_ONE_AFTER_THE_OTHER = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
programs, sys.argv = sys.argv[1:], ["study_from_python.py", "."]
for program in programs:
    exec(compile(program, "example", "exec"), {"__name__": "__main__"})
    print("=" * 9)
"""


@pytest.mark.slow
def test_the_script_and_then_the_notebook_run(tmp_path: Path) -> None:
    """The notebook's code cells, one after the other: a kernel would bring a dozen packages and show nothing more."""
    script = (EXAMPLES / "study_from_python.py").read_text(encoding="utf-8")
    assert "trials=8" in script
    script = script.replace("trials=8", "trials=2")
    notebook = json.loads((EXAMPLES / "looking_at_a_study.ipynb").read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") for cell in notebook["cells"]), "outputs are not kept"
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    printed = run_python(_ONE_AFTER_THE_OTHER, tmp_path, script, "\n".join(cells)).split("=" * 9)[0]
    assert "rank  trial  val_accuracy" in printed
    assert "of all digits are right" in printed
    assert (tmp_path / "digits.html").stat().st_size > 1000
