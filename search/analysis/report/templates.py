"""Templates of pages: whatever is put into one is escaped, and cannot command whoever reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from search.text import formats
from search.text.printable import printable_lines

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(folder: Path) -> Environment:
    """The templates in `folder`, with the words for numbers that all pages have."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(folder),
        # Whatever the template's name: names of classes, columns and files are strangers' text.
        autoescape=True,
        undefined=StrictUndefined,
        # ... and an override of the direction of writing would turn the rest of a sentence around.
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "number": formats.number,
        "thousands": formats.count,
        "duration": formats.duration,
        "setting": formats.setting,
        "plural": formats.plural,
    }
    made.filters.update(filters)
    return made


def _shown(value: object) -> object:
    return printable_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value
