"""The report of a study that real workers made."""

from __future__ import annotations

import json
import re
from pathlib import Path

from search.analysis.facts.leaderboard import leaderboard
from search.analysis.report import write_report
from search.study.study import Study


def test_the_report_of_a_real_study_shows_its_best_trial_and_its_curves(
    trained_study: Study, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    write_report(trained_study, path)
    page = path.read_text(encoding="utf-8")
    (best,) = leaderboard(trained_study, 1)
    assert f'<div class="value">{best.validation:.4f}</div>' in page
    assert f"trial {best.trial}, at epoch {best.best_epoch} of {best.epochs}" in page
    shown = next(text for text in re.findall(r"<pre>(\{.*?\})</pre>", page, re.DOTALL))
    assert json.loads(shown.replace("&#34;", '"')) == best.hyperparameters
    # The training curve comes from the artifact; the database alone has the validation metric.
    assert f"<title>trial {best.trial}, train</title>" in page
    assert "history file was not found" not in page
    assert "tensorflow 2." in page
    assert len(page) < 1_000_000
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_one_row_for_each_worker_process(trained_study: Study) -> None:
    from search.analysis.report.snapshot import snapshot_of
    from search.analysis.report.timeline import lanes

    facts = snapshot_of(trained_study, 5)
    (lane,) = lanes(facts.trials, facts.read)
    assert "process" in lane.worker
    assert len(lane.trials) == len(facts.trials)
