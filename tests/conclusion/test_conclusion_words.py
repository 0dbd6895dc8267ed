"""What a factor is worth, in a sentence."""

from __future__ import annotations

import pytest

from search.conclusion.statistics.intervals import Difference
from search.conclusion.statistics.words import amount, factor_sentence, level, level_between


def gain(mean: float, half: float | None, count: int = 5) -> Difference:
    interval = None if half is None else (mean - half, mean + half)
    return Difference(mean, interval, None, count)


@pytest.mark.parametrize(
    ("of", "metric", "sentence"),
    [
        (gain(0.0214, 0.0041), "val_accuracy", "dropout is worth 2.1 ± 0.4 points here"),
        (gain(-0.12, 0.04), "val_accuracy", "dropout costs 12.0 ± 4.0 points here"),
        (
            gain(0.001, 0.004),
            "val_accuracy",
            "dropout makes no difference that 5 seeds can show (+0.1 ± 0.4 points)",
        ),
        (
            gain(-0.001, 0.004),
            "val_accuracy",
            "dropout makes no difference that 5 seeds can show (−0.1 ± 0.4 points)",
        ),
        (gain(-0.0213, 0.0042), "val_loss", "dropout is worth 0.0213 ± 0.0042 of val_loss here"),
        (gain(3.1, 0.42), "val_mae", "dropout costs 3.10 ± 0.42 of val_mae here"),
        (gain(0.031, 0.01), "val_r2", "dropout is worth 0.031 ± 0.010 of val_r2 here"),
        (
            gain(0.021, None, 1),
            "val_accuracy",
            "dropout gains 2.1 points with 1 seed, too little to tell from chance",
        ),
        (gain(0.0, None), "val_loss", "dropout changes nothing with 5 seeds, too little to tell from chance"),
    ],
)
def test_a_factor_in_a_sentence(of: Difference, metric: str, sentence: str) -> None:
    assert factor_sentence("dropout", of, metric) == sentence


def test_an_amount_shows_two_figures_of_its_spread() -> None:
    assert amount(123.4, 56.0, "val_mae") == "123 ± 56 of val_mae"
    assert amount(0.0512345, 0.00012, "val_loss") == "0.05123 ± 0.00012 of val_loss"


def test_a_level_with_its_interval() -> None:
    assert level(0.562, 0.011, "val_accuracy") == "56.2 ± 1.1 %"
    assert level(0.562, None, "val_accuracy") == "56.2 %"
    assert level(2.412, 0.2, "val_mae") == "2.41 ± 0.20"
    assert level(12748.2, 68.1, "val_mae") == "12,748 ± 68"
    assert level_between(0.922, (0.884, 0.949), "val_accuracy") == "92.2 % (88.4 to 94.9)"
    assert level_between(2.412, (2.2, 2.6), "val_mae") == "2.41 (2.20 to 2.60)"
    assert level_between(0.9, None, "val_auc") == "0.9000"
