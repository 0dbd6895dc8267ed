"""What texts look like that are read as nothing but text: a word for messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from search.data.date_forms import looks_like_a_date

_ODD_SHARE = 0.1
_WITH_UNIT = re.compile(r"[<>~≤≥]?\s*[+-]?\d[\d.,]*\s*[^\d\s]{0,12}")


def likely_form(texts: Collection[str]) -> str:
    """ "its values look like …" where nine in ten do, else ""."""
    if with_unit := _most(texts, lambda text: _WITH_UNIT.fullmatch(text) is not None):
        return f"its values look like numbers with a unit or a mark, such as {with_unit!r}"
    if date := _most(texts, looks_like_a_date):
        return f"its values look like dates, such as {date!r}, of no form that is read (write 2025-03-31)"
    return ""


def _most(texts: Collection[str], looks_so: Callable[[str], bool]) -> str:
    """One that looks so, where most do."""
    alike = [text for text in texts if looks_so(text)]
    return alike[0] if len(alike) > (1 - _ODD_SHARE) * len(texts) else ""
