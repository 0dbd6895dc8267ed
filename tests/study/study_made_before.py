"""The studies that an earlier program made (made_before/README.md): unpacked, asked, and what was said of them then.

    python tests/study/study_made_before.py

writes anew what is said of them, for a version that says on purpose something else. Look at the difference.
"""

from __future__ import annotations

import contextlib
import io
import lzma
import os
import re
import shutil
import sqlite3
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from search import load_study
from search.cli import main

MADE_BEFORE = Path(__file__).with_name("made_before")
SAID = MADE_BEFORE / "said"
DATABASE = "perceptuna.db"
# What stands in the place of the folder that the studies were made in.
_FOLDER = "{FOLDER}"
# Commands that were carried out then, so that they train nothing.
ABLATE = "ablate prices --seeds 2"
FINALIZE = "finalize customers --top 2 --seeds 2 -o again.keras"
STUDIES = (
    "customers",
    "customers.finalize",
    "next",
    "after-next",
    "prices",
    "prices.ablate-0",
    "failing",
    "attempts",
    "killed",
)
# A trial of each kind, by its study.
TRIALS = {
    # Planned and complete, outside the space, too large, not finite, stopped by patience, pruned, chosen.
    "customers": (0, 1, 2, 3, 4, 5, 14),
    "customers.finalize": (0, 4),
    # Taken over and planned, taken over, new.
    "next": (0, 3, 10),
    "after-next": (0, 10, 16),
    "prices": (0, 5),
    "prices.ablate-0": (1,),
    # Failed with a traceback, out of time.
    "failing": (1, 2),
    # Each lost in another way: with its driver, with its worker, with the worker of its second attempt; then an
    # attempt that was complete, one that waits, and one that a dead driver left.
    "attempts": (1, 2, 3, 5, 8),
    "killed": (2,),
}


def questions() -> dict[str, str]:
    """The command that each file of `SAID` holds the answer to; JSON where the file's name says so."""
    asked = {"list.txt": "list", "list.json": "list --json"}
    for study in STUDIES:
        asked[f"{study}.txt"] = f"show {study}"
        asked[f"{study}.json"] = f"show {study} --json"
    for study, numbers in TRIALS.items():
        for number in numbers:
            asked[f"{study}-trial-{number}.json"] = f"show {study} --trial {number} --json"
    return asked | {
        "customers-trial-3.txt": "show customers --trial 3",
        "failing-trial-1.txt": "show failing --trial 1",
        "ablate.txt": ABLATE,
        "finalize.txt": FINALIZE,
    }


def unpack(folder: Path) -> None:
    """The database, its artifacts, data and spaces, as they lay in the folder that the studies were made in."""
    text = lzma.decompress((MADE_BEFORE / "studies.sql.xz").read_bytes()).decode()
    with contextlib.closing(sqlite3.connect(folder / DATABASE)) as database:
        database.executescript(text.replace(_FOLDER, str(folder)))
    with tarfile.open(MADE_BEFORE / "artifacts.tar.xz") as archive:
        archive.extractall(folder / f"{DATABASE}-artifacts", filter="data")
    for file in [*MADE_BEFORE.glob("*.csv"), *MADE_BEFORE.glob("*.toml")]:
        shutil.copy(file, folder)


def answer(line: str, folder: Path, code: int = 0) -> str:
    """What a command that ends with `code` says in `folder`; the answer does not name that folder.

    Raises:
        AssertionError: it ended with another code.
    """
    out, err, ended = io.StringIO(), io.StringIO(), 0
    before = sys.argv
    sys.argv = ["perceptuna", *line.split()]
    try:
        with _standing_in(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        ended = int(end.code or 0)
    finally:
        sys.argv = before
    assert ended == code, f"perceptuna {line}\n{out.getvalue()}{err.getvalue()}"
    said = out.getvalue().replace(str(folder), _FOLDER)
    return _without_today(said) if line == "list" else said


def _without_today(table: str) -> str:
    """How long ago studies began, and with it the widths of columns, change from day to day."""
    return re.sub(r" {2,}", "  ", re.sub(r"\d+ \w+( \d+ \w+)? ago", "{AGO}", table))


def frame(study: str, folder: Path) -> str:
    """The trials of a study as a notebook has them, as CSV."""
    return str(load_study(study, folder / DATABASE).trials_frame().to_csv())


@contextlib.contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    """With the database of `folder`, and with times as they were there and then: they are shown as of this machine."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.delenv("PERCEPTUNA_STORAGE", raising=False)
            patch.setenv("TZ", "UTC")
            time.tzset()
            yield
    finally:
        time.tzset()


def _write_what_is_said() -> None:
    import tempfile

    SAID.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["PERCEPTUNA_CACHE"] = f"{folder}/cache"
        unpack(folder)
        for name, line in questions().items():
            (SAID / name).write_text(answer(line, folder), encoding="utf-8")
        for study in STUDIES:
            (SAID / f"{study}.csv").write_text(frame(study, folder), encoding="utf-8")


if __name__ == "__main__":
    _write_what_is_said()
