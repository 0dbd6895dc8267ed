"""What looks at the test split are worth, in plain sentences: before one more, and afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from search.study.look import Look
from search.study.record_of_looks import number_of
from search.text.formats import number


def warnings(own: Sequence[Look], others: dict[str, int]) -> list[str]:
    """That a test value is, or would be, no longer that of unseen data: looks of the study itself, and of others."""
    told = []
    if own:
        listed = "; ".join(
            f"{look.date.replace('T', ' ')} by {look.by}, trial {look.trial}: "
            + ("not told" if look.value is None else number(look.value))
            for look in own
        )
        told.append(f"the test split of this study was opened {_times(len(own))} before ({listed})")
    told += [
        f"study '{name}' has the same test split and opened it {_times(count)}"
        for name, count in others.items()
    ]
    return told


def opened(look: Look, found: Sequence[Look]) -> str:
    """What a look at the test split is worth by now; `found` are all at the split."""
    before = number_of(look, found) - 1
    after = len(found) - before - 1
    if before > 0:
        return f"The test split was opened {_times(before)} before this value, which is no longer that of unseen data."
    if after > 0:
        return f"The test split was opened for this value first, and {_times(after)} since."
    return "The test split was opened once, for this value."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
