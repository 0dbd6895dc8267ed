"""Words that stand for a missing value: a few in every column, many among numbers, dates and booleans alone.

Among categories such a word is one of them: a house whose alley is "None" has no alley. And numbers that look as if
they stood for a missing value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized

import numpy as np

from search.data.rows.raw import Array

# In every column, categories too; written so and no other way.
MISSING = ("", "NA", "null", "?", "NaN", "nan")
# Those that pandas takes for missing, in any case of letters.
_OF_PANDAS = (
    "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan", "<na>", "n/a", "na", "null", "nan",
    "none", "?",
)  # fmt: skip
# Others that spreadsheets, databases and people write.
_OTHERS = (
    "-", "--", "---", ".", "..", "...", "–", "—", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "nat",
    "nil", "n.a.", "n.a", "(null)", "\\n", "missing", "unknown", "undefined", "not available", "no data",
)  # fmt: skip
CERTAIN = frozenset(_OF_PANDAS) | {"nat"}
WORDS = frozenset((*_OF_PANDAS, *_OTHERS))

# So few different values are as good as categories: beside strays, more of them make numbers or dates of a column.
MOST_CODES = 10
# So many different strays are no mistakes but values of their own.
_MOST_STRAYS = 3
_STRAYS_SHARE = 0.1

# What stands for "not measured" in many files.
_BELOW = tuple(-float(digits) for digits in ("9", "99", "999", "9999", "99999", "999999", "200", "999.99"))
_ABOVE = tuple(float(digits) for digits in ("999", "9999", "99999", "999999"))


def is_missing_word(text: str) -> bool:
    return text.casefold() in WORDS


def is_certainly_missing(text: str) -> bool:
    """Also in a target, where a row is left out for it."""
    return text.casefold() in CERTAIN


def few_strays(fitting: Sized, strays: Sequence[str], rows: Mapping[str, int]) -> bool:
    """Whether strays are mistakes or words for missing among numbers or dates, rather than values of their own.

    `fitting` are the different texts that are numbers or dates, `rows` has the rows of every text.
    """
    if not strays:
        return True
    most = max(_MOST_STRAYS, int(_STRAYS_SHARE * len(fitting)))
    return len(fitting) > MOST_CODES and len(strays) <= most and few_rows(strays, rows)


def few_rows(strays: Sequence[str], rows: Mapping[str, int]) -> bool:
    """Whether strays are in less than half of the rows."""
    return 2 * sum(rows[stray] for stray in strays) <= sum(rows.values())


def counted(rows: Mapping[str, int], texts: Sequence[str], most: int = 3) -> str:
    """Texts with their rows for a message, the commonest first: `'NULL' (60), '-' (2) and 3 more`."""
    ranked = sorted(texts, key=lambda text: (-rows[text], text))
    told = ", ".join(f"{_short(text)!r} ({rows[text]:,})" for text in ranked[:most])
    return f"{told} and {len(ranked) - most:,} more" if len(ranked) > most else told


def stand_in(values: Array) -> str:
    """A number such as -999 or 9999 that repeats far from all others, for a message; "" where there is none.

    `values` is float64 (rows,), NaN where missing.
    """
    known = values[np.isfinite(values)]
    if len(known) < 3:
        return ""
    for value, usual in ((float(known.min()), _BELOW), (float(known.max()), _ABOVE)):
        others = known[known != value]
        rows = len(known) - len(others)
        if value not in usual or rows < 2 or len(others) == 0:
            continue
        lowest, highest = float(others.min()), float(others.max())
        why = ""
        if min(abs(lowest - value), abs(highest - value)) > highest - lowest:
            why = "far from all others"
        elif value < 0 <= lowest:
            why = "and never else below 0"
        if why:
            return f"is {value:g} in {rows:,} rows, {why}: if that means missing, leave these fields empty"
    return ""


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
