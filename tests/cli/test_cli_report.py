"""`perceptuna report`: reads only, while a study runs too, and refuses what it cannot write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from cli_calls import CommandLine, contents

from storage import StorageURL, study_lock

ROOT = Path(__file__).parents[2]


def test_it_writes_one_file_and_leaves_the_database_as_it_was(
    perceptuna: CommandLine, studies: Path, folder: Path
) -> None:
    before = contents(folder)
    done = perceptuna.done("report", "done", "-o", "report.html")
    assert done.out == "wrote report.html\n"
    after = contents(folder)
    page = after.pop("report.html").decode()
    assert after == before
    assert "0.9500" in page
    assert "finished: 3 of 3 trials" in page


def test_it_reads_a_study_that_is_being_driven(perceptuna: CommandLine, studies: Path, folder: Path) -> None:
    with study_lock(StorageURL.parse(str(studies)), "half"):
        perceptuna.done("report", "half", "-o", "report.html", "--top", "1")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "running: 1 of 4 trials" in page
    assert "The study was running when this was written" in page


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("report.pdf", "expected a file name ending in .html, but got 'report.pdf'"),
        ("missing/report.html", "the folder missing does not exist; create it first"),
    ],
)
def test_a_page_that_cannot_be_written_is_refused(
    perceptuna: CommandLine, studies: Path, output: str, message: str
) -> None:
    assert message in perceptuna.refused("report", "done", "-o", output)


def test_a_study_that_is_not_there_or_not_ours_is_refused(perceptuna: CommandLine, studies: Path) -> None:
    assert "no study 'dome'" in perceptuna.refused("report", "dome", "-o", "report.html")
    optuna.create_study(study_name="foreign", storage=f"sqlite:///{studies}")
    assert "not made by perceptuna" in perceptuna("report", "foreign", "-o", "report.html").err


def test_it_needs_no_tensorflow(studies: Path, folder: Path) -> None:
    heavy = ("tensorflow", "keras", "plotly", "distributed")
    code = (
        "import sys\nfrom search.cli import main\n"
        f"sys.argv = ['perceptuna', 'report', 'done', '-o', 'report.html']\n"
        "try:\n    main()\nfinally:\n"
        f"    print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "wrote report.html\n[]\n"
    assert done.stderr == ""
