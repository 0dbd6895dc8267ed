"""What a study may be called, and how a name is shown."""

from __future__ import annotations

import re

from search.errors import InputError
from storage.urls import hide_passwords

_STUDY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_study_name(name: str) -> str:
    """`name`, when it is fit for file names and URLs.

    Raises:
        InputError: it is not.
    """
    if _STUDY_NAME.fullmatch(name) is None:
        raise InputError(
            f"study name: expected 1 to 100 letters, digits, '.', '_' or '-', beginning with a letter or digit, "
            f"but got {quote_name(name)}; try '{name_like(hide_passwords(name))}'"
        )
    return name


def quote_name(name: str) -> str:
    """A name as it came, in quotes, on one line and not longer than a line."""
    return repr(name if len(name) <= 40 else name[:40] + "…")


def name_like(name: str) -> str:
    """What a study may be called, as near to `name` as can be."""
    ascii_name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")
    return ascii_name[:100] or "my-study"
