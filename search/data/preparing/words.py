"""Words of a text column: which are kept, by the training rows, and how often a text has each."""

from __future__ import annotations

import itertools
import string
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

# A column becomes at most so many features.
MOST_WORDS = 500
# Of what fewer training rows hold, a network would learn the rows.
FEWEST_ROWS = 3
WORDS_TOGETHER = 2

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase, string.punctuation)


def words_of(text: str) -> list[str]:
    """Words, then pairs of neighbours: `"To be, or"` has `to`, `be`, `or`, `to be`, `be or`.

    As Keras's TextVectorization takes a text apart, which an exported model does: capitals of ASCII become small,
    its punctuation is left out, its white space separates.
    """
    words = [word.decode(errors="ignore") for word in text.translate(_LOWER).encode(errors="ignore").split()]
    return [*words, *(f"{first} {second}" for first, second in itertools.pairwise(words))]


def kept_words(texts: Iterable[str]) -> tuple[str, ...]:
    """Words and pairs that the most texts hold, among equals the first by their letters; `MOST_WORDS` at most.

    Each is in `FEWEST_ROWS` texts or more, and not as often in all of them. None holds the character NUL, which
    TensorFlow drops at the end of a word.
    """
    of_all, rows = 0, Counter[str]()
    often: dict[str, set[int]] = {}
    for text, times in Counter(texts).items():
        of_all += times
        for word, count in Counter(words_of(text)).items():
            rows[word] += times
            often.setdefault(word, set()).add(count)
    kept = [
        word
        for word, held in rows.items()
        if held >= FEWEST_ROWS and (held < of_all or len(often[word]) > 1) and "\0" not in word
    ]
    return tuple(sorted(kept, key=lambda word: (-rows[word], word))[:MOST_WORDS])


def has_one_of(words: Collection[str], text: str) -> bool:
    return not frozenset(words).isdisjoint(words_of(text))


def word_features(text: Any, words: Sequence[str]) -> Any:
    """For each of `words`, log2(1 + how often) a text has it: of a string tensor (batch, 1), (batch, words).

    So a word that is there once is 1, as a category is, and further ones count less and less.
    """
    import keras
    from keras import ops

    counts = keras.layers.TextVectorization(
        ngrams=WORDS_TOGETHER, output_mode="count", vocabulary=list(words)
    )(text)
    # The layer tells Keras a side too many; the first count is of all other words.
    known = ops.reshape(counts, (-1, 1 + len(words)))[:, 1:]
    return ops.log1p(known) * np.float32(1 / np.log(2))
