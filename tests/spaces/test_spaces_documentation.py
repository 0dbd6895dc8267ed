"""docs/spaces.md has all of the vocabulary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spaces import VOCABULARY
from spaces.hyperparameters import words_of
from spaces.optimizers import OPTIMIZERS, takers_of

PAGE = (Path(__file__).parents[2] / "docs" / "spaces.md").read_text(encoding="utf-8")
VOCABULARY_PART = PAGE.partition("## The vocabulary")[2]
ROWS = [line.split("|")[1:3] for line in VOCABULARY_PART.splitlines() if line.startswith("| `")]
MEANINGS = {name: meaning for names, meaning in ROWS for name in re.findall(r"`(\w+)`", names)}


def words_in(meaning: str) -> set[str]:
    return set(re.findall(r"\w+", meaning))


def test_every_hyperparameter_has_its_row_in_the_order_of_the_vocabulary() -> None:
    assert list(MEANINGS) == list(VOCABULARY)


@pytest.mark.parametrize("name", ["activation", "optimizer", "schedule", "augment"])
def test_the_row_of_a_choice_names_what_can_be_chosen(name: str) -> None:
    assert set(words_of(name)) <= words_in(MEANINGS[name])


@pytest.mark.parametrize("name", sorted({name for taken in OPTIMIZERS.values() for name in taken}))
def test_the_row_of_what_matters_to_some_optimizers_names_them(name: str) -> None:
    assert words_in(MEANINGS[name]) & set(OPTIMIZERS) == set(takers_of(name))
