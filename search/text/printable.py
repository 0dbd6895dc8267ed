"""Text of others as a terminal may be given it: nothing in it is markup, and nothing in it commands the terminal.

Names of columns, classes, files and studies come from whoever wrote the file or the database. Printed as they are,
an escape sequence among them would clear the screen or set the window's title, and an override of the writing
direction would turn the rest of the line around.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# Control characters (C0, DEL, C1), marks and overrides of direction (Unicode 16, annex 9), breaks of lines and
# paragraphs, and halves of pairs, which stand for bytes of a path that are no text and which no stream can encode.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def printable(text: str) -> str:
    r"""`text` on one line, with `\u001b` in place of an escape character, as JSON and Python write it."""
    return _UNPRINTABLE.sub(lambda found: _SHORT.get(found[0], rf"\u{ord(found[0]):04x}"), text)


def printable_lines(text: str) -> str:
    """The same for text of several lines."""
    return "\n".join(map(printable, text.split("\n")))


def with_indented_lines(message: str) -> str:
    r"""`message` in which only what is indented begins a line: another line break is part of a name, so `\n`."""
    return re.sub(r"\n(?!  )", r"\\n", message)


def open_console(**options: Any) -> Console:
    """A console of Rich that takes no text for markup or the name of a picture, and escapes what it prints."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment
    from rich.text import Text

    class PrintableConsole(Console):
        """Strings are escaped before they are measured and broken into lines, and whatever else at last."""

        def render_str(self, text: str, **how: Any) -> Text:
            return super().render_str(printable(text), **how)

        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Any:
            for segment in super().render(renderable, options):
                if segment.control or not _UNPRINTABLE.search(segment.text):
                    yield segment
                else:
                    yield Segment(printable_lines(segment.text), segment.style)

    return PrintableConsole(markup=False, emoji=False, highlight=False, **options)
