"""Who is ahead, in words: by the study's metric and its direction."""

from __future__ import annotations

import pytest

from search.references.record import NAMES, Reference, References
from search.references.words import standing, told, values_in_words


def of(metric: str, **values: float) -> References:
    found = References()
    for name, value in values.items():
        found = found.having(Reference(name=name, metrics={metric: value}, seconds=1.0))
    return found


def test_a_network_that_is_behind_or_equal_was_not_better() -> None:
    found = of("accuracy", constant=0.759, linear=0.8521, trees=0.8704)
    wanted = "No network was better than the boosted trees (0.8704 against 0.8643)."
    assert standing(0.8643, found, "val_accuracy", "maximize") == wanted
    assert str(standing(0.8704, found, "val_accuracy", "maximize")).startswith("No network was better")


def test_a_network_that_is_ahead_was_chosen_by_these_rows() -> None:
    found = of("mae", constant=9.0, linear=4.0, trees=5.0)
    said = standing(3.5, found, "val_mae", "minimize")
    assert said is not None
    assert said.startswith("The best network is ahead of the linear model (3.5000 against 4.0000), on rows")


def test_of_equal_models_the_simplest_is_named() -> None:
    found = of("accuracy", constant=0.9, linear=0.9, trees=0.9)
    assert "than the constant (" in str(standing(0.9, found, "val_accuracy", "maximize"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_ahead_of_nothing(value: float) -> None:
    found = of("mae", linear=value, trees=5.0)
    assert "No network was better than the boosted trees" in str(standing(6.0, found, "val_mae", "minimize"))
    assert "ahead of the boosted trees" in str(standing(4.0, found, "val_mae", "minimize"))


def test_of_a_loss_nothing_is_said_since_a_penalty_is_in_it() -> None:
    found = of("accuracy", constant=0.5, trees=0.9)
    assert standing(0.3, found, "val_loss", "minimize") is None
    assert values_in_words(found, "val_loss") == ""
    assert told(found.models[0], "val_loss") == "constant, to compare networks with: val_accuracy 0.5000"


def test_what_is_to_come_and_what_failed_are_told_apart() -> None:
    found = of("accuracy", constant=0.5).having(
        Reference(name="linear", reason="all training rows are of one class")
    )
    assert values_in_words(found, "val_accuracy") == "constant 0.5000, linear model –, boosted trees …"
    assert values_in_words(References(), "val_accuracy") == ""
    assert found.missing == NAMES[1:]
