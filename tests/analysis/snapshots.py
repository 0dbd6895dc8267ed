"""Screens of a terminal, compared with what they were: text files beside the tests, and a page of the differences."""

from __future__ import annotations

import difflib
import io
import os
from pathlib import Path

import pytest
from rich.console import RenderableType

from search.text.printable import open_console

FOLDER = Path(__file__).with_name("snapshots")
REWRITE = "PERCEPTUNA_REWRITE_SNAPSHOTS"
WIDTHS = (50, 80, 120)


def screen(shown: RenderableType, width: int, height: int = 24) -> str:
    """What a terminal of that size shows, without colours."""
    console = open_console(
        record=True, width=width, height=height, force_terminal=True, file=io.StringIO(), legacy_windows=False
    )
    console.print(shown)
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    return "\n".join(lines).rstrip() + "\n"


def compare(name: str, shown: str, differences: Path) -> None:
    """Hold `shown` to the snapshot of that name; where it differs, a page in `differences` has both side by side.

    With the variable REWRITE set, the snapshot is written anew instead.
    """
    path = FOLDER / f"{name}.txt"
    if os.environ.get(REWRITE):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    expected = path.read_text(encoding="utf-8") if path.exists() else ""
    if shown == expected:
        return
    page = differences / f"{name}.html"
    both = expected.splitlines(), shown.splitlines()
    page.write_text(difflib.HtmlDiff().make_file(*both, "snapshot", "now"), encoding="utf-8")
    pytest.fail(
        f"{name}: the terminal shows something else than {path}: look at {page}; if it is as it should be, "
        f"write the snapshots anew by {REWRITE}=1 and this test",
        pytrace=False,
    )
