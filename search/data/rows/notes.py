"""Notes and names for people: of hundreds, a few are shown and the others counted."""

from __future__ import annotations

from collections.abc import Sequence

MOST_ALIKE = 5
MOST_NAMED = 20


def listed(names: Sequence[str]) -> str:
    """Names for a message, the first twenty of them."""
    shown = ", ".join(names[:MOST_NAMED])
    return f"{shown} and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else shown


class ColumnNotes:
    """Collects notes by what they are about, and tells them in the order in which each subject first came up."""

    def __init__(self) -> None:
        self._by_subject: dict[str, list[str]] = {}

    def add(self, subject: str, text: str) -> None:
        """`subject` is never shown; notes of one subject say the same of several columns."""
        self._by_subject.setdefault(subject, []).append(text)

    def texts(self) -> tuple[str, ...]:
        told: list[str] = []
        for texts in self._by_subject.values():
            # One more than is shown would take the line that counts it.
            shown = texts if len(texts) <= MOST_ALIKE + 1 else texts[:MOST_ALIKE]
            told += shown
            if len(shown) < len(texts):
                told.append(f"… and so it is with {len(texts) - len(shown):,} more columns")
        return tuple(told)
