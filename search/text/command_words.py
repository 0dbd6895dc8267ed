"""Options of a command as a user types them again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping


def option_words(options: Mapping[str, object]) -> str:
    """Each with its value, a space before it; what has no value, or False, is left out, and True has no word."""
    return "".join(
        f" {name}" if value is True else f" {name} {shlex.quote(str(value))}"
        for name, value in options.items()
        if value is not None and value is not False
    )
