"""The notebook with a network and a metric of one's own: its cells run, in order, with fewer trials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from workers_here import trained_here

import perceptuna as pt

NOTEBOOK = Path(__file__).parents[2] / "examples" / "network_and_metric.ipynb"
WRITE = "%%writefile "
FEWER = [("trials=8", "trials=1"), ("epochs=10", "epochs=1, workers=1, show=False")]


@pytest.mark.slow
def test_its_cells_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell that writes a file does that, as a notebook would."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("PERCEPTUNA_STORAGE", raising=False)
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") for cell in notebook["cells"]), "outputs are not kept"
    names: dict[str, Any] = {}
    with trained_here():
        for cell in notebook["cells"]:
            source = "".join(cell["source"])
            if source.startswith(WRITE):
                first, _, rest = source.partition("\n")
                Path(first.removeprefix(WRITE)).write_text(rest, encoding="utf-8")
            elif cell["cell_type"] == "code":
                for usual, fewer in FEWER:
                    source = source.replace(usual, fewer)
                exec(compile(source, NOTEBOOK.name, "exec"), names)
    study: pt.Study = names["study"]
    assert study.metric == "val_scores:worst_recall(maximize)"
    assert set(study.best.hyperparameters) >= {"filters", "hidden"}
    assert Path("own.keras").exists()
