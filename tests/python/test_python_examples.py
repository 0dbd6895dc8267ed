"""The notebooks of examples/ run, cell after cell, with fewer trials; what a cell ends with shows itself."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from service_here import service_here
from workers_here import trained_here

import perceptuna as pt

EXAMPLES = Path(__file__).parents[2] / "examples"
FEWER = [
    ('trials=20, timeout="3m"', "trials=1, epochs=2, workers=1, known=False, space='small'"),
    ("top=3, seeds=3", "top=1, seeds=2, folds=2"),
    ("trials=10, workers=0", "trials=1, epochs=2, workers=0, known=False, space='small'"),
    ("cv=3", "cv=2"),
]


def run(notebook: str, given: dict[str, Any] | None = None, *more: tuple[str, str]) -> dict[str, str]:
    """What each cell shows, by its code."""
    cells = json.loads((EXAMPLES / notebook).read_text(encoding="utf-8"))["cells"]
    names: dict[str, Any] = {**(given or {})}
    shown = {}
    for code in ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"):
        fewer = code
        for usual, other in (*FEWER, *more):
            fewer = fewer.replace(usual, other)
        tree = ast.parse(fewer)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, notebook, "exec"), names)
        if last is not None:
            found = eval(compile(ast.Expression(last.value), notebook, "eval"), names)
            shown[code] = found._repr_html_() if hasattr(found, "_repr_html_") else repr(found)
    return shown


@pytest.fixture(scope="module")
def wines(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Where the first of them was run, and what it showed."""
    folder = tmp_path_factory.mktemp("wines")
    with pytest.MonkeyPatch.context() as patch, trained_here():
        patch.chdir(folder)
        patch.delenv("PERCEPTUNA_STORAGE", raising=False)
        return folder, run("from_a_dataframe.ipynb")


def test_from_a_dataframe_to_a_model(wines: tuple[Path, dict[str, str]]) -> None:
    folder, shown = wines
    described, study, picture, trials, conclusion, answers = shown.values()
    assert "178" in described
    assert "<b>wines</b>" in study
    assert "<svg" in picture
    assert "val_crossentropy" in trials
    assert "mean of 2 seeds" in conclusion
    assert answers.startswith("array([")
    assert (folder / "wines.keras").exists()


def test_a_search_among_estimators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    study, answers = run("with_scikit_learn.ipynb").values()
    assert "finished trials" in study
    assert answers.startswith("array([")
    assert "MLPSearchClassifier [" in capsys.readouterr().out


def test_a_study_that_a_colleague_runs_is_read(
    wines: tuple[Path, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = wines
    monkeypatch.chdir(tmp_path)
    with service_here(tmp_path, folder / "perceptuna.db") as service:
        connected = ('pt.connect("http://127.0.0.1:8090")', "service")
        shown = run("reading_a_colleagues_study.ipynb", {"service": service}, connected)
        studies, study, board, answers, metrics, report = shown.values()
        assert study == "ServiceStudy('wines', finished, 1/1 trials)"
    assert study in studies
    assert "validation" in board
    assert answers.count("'prediction'") == 3
    assert "accuracy" in metrics
    assert report == repr(Path("wines.html"))
    assert {"theirs.keras", "theirs.json", "wines.html"} <= {path.name for path in tmp_path.iterdir()}
    assert pt.load_model("theirs.keras").task == "multiclass"
