"""The page "From Python": its code runs, in order, with fewer trials."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from workers_here import trained_here

DOCS = Path(__file__).parents[2] / "docs"
# Shows the same, and trains one structure.
FEWER = [
    ('trials=50, timeout="10m"', "trials=1, epochs=1, known=False, space=small"),
    ("trials=200", "trials=2, epochs=1, space=small"),
    ("trials=20)", "trials=2, epochs=1)"),
    ("trials=4", "trials=1, epochs=1, space=small"),
    ("top=5, seeds=5", "top=1, seeds=2, folds=2"),
    ("depth=(1, 2)", "depth=1"),
    ('["adam", "sgd"]', '["sgd"]'),
    ("pt.search(", "pt.search(show=False, workers=1, data="),
    ("study.finalize(", "study.finalize(show=False, output="),
    ("study.resume(", "study.resume(show=False, "),
]


@pytest.mark.slow
def test_the_code_of_the_page_runs_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calibrated: None
) -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", (DOCS / "python.md").read_text("utf-8"), re.DOTALL))
    for usual, fewer in FEWER:
        assert usual in code, usual
        code = code.replace(usual, fewer)
    code = code.replace("data=\n    frame", "data=frame")
    start = 'import perceptuna as pt\nsmall = pt.Space(depth=1, width=pt.log(32, 64), optimizer="sgd")\n'
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PERCEPTUNA_STORAGE", raising=False)
    with trained_here():
        exec(compile(start + code, "python.md", "exec"), {})
    assert {path.name for path in tmp_path.iterdir()} >= {
        "flowers.keras",
        "gap.svg",
        "flowers.html",
        "copy.db",
        "shallow.toml",
    }
