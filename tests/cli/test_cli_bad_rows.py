"""Rows, splits, weights and folds that cannot be: each is refused with a sentence, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_calls import CommandLine

ROWS = 60
SHORT = ("--trials", "1", "--epochs", "1", "--no-known", "--space", "small", "--workers", "1")


@pytest.fixture
def rows(folder: Path) -> Path:
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "x": random.normal(size=ROWS),
            "one": "same",
            "who": np.arange(ROWS) // 20,
            "when": ["soon", "later", "never"] * 20,
            "nothing": 0,
            "few": (np.arange(ROWS) < 3).astype(int),
            "note": [f"some words here {number % 9} and there" for number in range(ROWS)],
            "price": random.normal(size=ROWS),
            "debt": -np.exp(random.normal(size=ROWS)),
            "left": random.choice(["yes", "no"], ROWS),
            "rare": ["yes"] * 2 + ["no"] * (ROWS - 2),
        }
    )
    table.to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--target left --group one", "'one' has 1 different value, and each of the 3 sides needs groups of its own"),
        ("--target left --group one --folds 3", "'one' has 1 different value"),
        ("--target left --time when", "holds no dates and no numbers, but 'later' (20)"),
        ("--target left --weight nothing", "holds 0 in all 60 rows, so that none counts"),
        ("--target left --weight note", "should hold a number of 0 or more in each row, but 60 of 60 rows"),
        ("--target left --weight few --folds 3", "validation rows have 0 in 'few', so none of them counts"),
        ("--target left --folds 500", "--folds: expected at most 20, but got 500"),
        ("--target left --folds 5 --group who", "the rows cannot be cut into 5: they are of 2 groups of 'who'"),
        ("--target left,rare --folds 5", "of all rows 2 are 'yes': collect more of them, leave the label out"),
        ("--target price --cost fn=10,fp=1", "this data is regression, and costs are of mistakes about two classes"),
        ("--target debt --target-transform log --folds 3", "the target 'debt' has no logarithm where it is below 0"),
        ("--target price,debt --target-transform log --folds 3", "of several targets each is learnt as it is"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(perceptuna: CommandLine, rows: Path, options: str, said: str) -> None:
    message = perceptuna.refused("run", "s", "--data", rows, *options.split(), *SHORT)
    assert said in " ".join(message.split())
