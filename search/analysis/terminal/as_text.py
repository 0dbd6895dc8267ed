"""What the terminal would show, as plain text: for whoever prints an object in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.text.printable import open_console

if TYPE_CHECKING:
    from rich.console import RenderableType

_WIDTH = 160


def as_text(view: RenderableType) -> str:
    """`view` without colours, 160 columns wide at most."""
    # In a notebook, Rich would show it besides, in colours.
    console = open_console(width=_WIDTH, force_terminal=False, force_jupyter=False, color_system=None)
    with console.capture() as capture:
        console.print(view)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
