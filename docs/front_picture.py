"""Draw the picture of the README: its first task, from the file to the test, by the commands that stand there.

.venv/bin/python -m docs.front_picture [FOLDER]      # some minutes; FOLDER already has that study, finalized
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from search.analysis.terminal.study import study_view
from search.study.study import load_study
from storage import StorageURL

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "front.svg"
STUDY = "digits"
WIDTH = 118
TOP = 3


def commands() -> list[str]:
    """Those that make the tables, search and test."""
    task = (ROOT / "README.md").read_text(encoding="utf-8").partition("### From a CSV file to a model")[2]
    (block, *_) = re.findall(r"```sh\n(.*?)```", task, re.DOTALL)
    return [line.partition("#")[0].strip() for line in block.splitlines()[:3]]


def run_all(folder: Path) -> None:
    for line in commands():
        program, *words = shlex.split(line)
        script = [str(ROOT / words[0]), *words[1:]] if program == "python" else ["-m", "search", *words]
        paths = {"PYTHONPATH": str(ROOT), "PERCEPTUNA_STORAGE": str(folder / "perceptuna.db")}
        subprocess.run([sys.executable, *script], cwd=folder, env={**os.environ, **paths}, check=True)


def draw(folder: Path) -> None:
    """What `show` prints of it, conclusion included."""
    study = load_study(STUDY, StorageURL.parse(str(folder / "perceptuna.db")))
    console = Console(record=True, width=WIDTH, force_terminal=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text(f"$ perceptuna show {STUDY} --top {TOP}", "bold green"))
    console.print(study_view(study, TOP))
    console.print()  # the picture cuts the foot of its last line
    console.save_svg(str(PICTURE), title="perceptuna")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        draw(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            run_all(Path(temporary))
            draw(Path(temporary))
