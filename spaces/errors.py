"""Errors of search spaces, and the hint for a misspelt word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SpaceError(Exception):
    """A space, or a set of hyperparameters, is not one that can be searched."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'depth'?)` where one of `known` is close to `word`, else an empty string."""
    matches = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean '{matches[0]}'?)" if matches else ""
