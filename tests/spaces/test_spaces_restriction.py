"""What a space leaves out for given data."""

from __future__ import annotations

from typing import Any

import pytest

from spaces import Space, load_space
from spaces.parameters import Categorical, Fixed, Float, Int


def test_restriction_drops_what_means_nothing_for_the_data() -> None:
    space = load_space("mlp")
    for_images, notes = space.restricted_to("multiclass", "image")
    assert (for_images, notes) == (space, [])
    for_tables, notes = space.restricted_to("regression", "table")
    assert set(space.parameters) - set(for_tables.parameters) == {
        "label_smoothing",
        "pca",
        "augment",
        "shift",
    }
    assert notes == [
        "label_smoothing: left out, regression has no labels to smooth",
        "pca: left out, only images have principal components here",
        "augment: left out, only images can be shifted and flipped",
        "shift: left out, only images can be shifted and flipped",
    ]
    assert for_tables.restricted_to("regression", "table") == (for_tables, [])


@pytest.mark.parametrize(
    ("pca", "expected"),
    [
        (Categorical(choices=(0, 128, 256)), Categorical(choices=(0, 64))),
        (Categorical(choices=(0, 16)), Categorical(choices=(0, 16))),
        (Int(low=8, high=512), Int(low=8, high=64)),
        (Int(low=10, high=510, step=20), Int(low=10, high=50, step=20)),
        (Int(low=100, high=512), Fixed(value=64)),
        (Int(low=8, high=32), Int(low=8, high=32)),
        (Fixed(value=128), Fixed(value=64)),
    ],
)
def test_restriction_asks_for_no_more_components_than_there_are(pca: Any, expected: Any) -> None:
    space = Space(parameters={"pca": pca})
    restricted, notes = space.restricted_to("multiclass", "image", 64)
    assert restricted.parameters == {"pca": expected}
    assert [note.split(":")[0] for note in notes] == ["pca"] * (pca != expected)


@pytest.mark.parametrize(
    ("pca", "condition", "expected"),
    [
        (Categorical(choices=(0, 128, 256)), (128, 256), (64,)),
        (Categorical(choices=(0, 16, 256)), (16, 256), (16, 64)),
        (Int(low=10, high=510, step=20), (30, 470), (30, 50)),
        (Int(low=100, high=512), (300,), (64,)),
        (Fixed(value=128), (128,), (64,)),
        (Categorical(choices=(0, 128)), (0,), (0,)),
    ],
)
def test_a_condition_on_more_components_than_there_are_holds_for_what_they_came_to(
    pca: Any, condition: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    space = Space(parameters={"pca": pca, "l2": Float(low=0, high=0.5, when={"pca": condition})})
    restricted, notes = space.restricted_to("multiclass", "image", 64)
    assert dict(restricted.parameters["l2"].when) == {"pca": expected}
    assert len(notes) == 1


def test_restriction_drops_what_no_trial_would_use() -> None:
    space = Space(
        parameters={
            "depth": Fixed(value=1),
            "taper": Float(low=0.5, high=1),
            "momentum": Float(low=0.5, high=0.9),
            "weight_decay": Float(low=0.01, high=0.1),
        }
    )
    restricted, notes = space.restricted_to("binary", "vector")
    assert list(restricted.parameters) == ["depth"]
    assert notes == [
        "taper: left out, there is only one hidden layer",
        "momentum: left out, the optimizer is never sgd",
        "weight_decay: left out, the optimizer is never adamw or lion",
    ]


def test_restriction_settles_conditions_on_what_it_dropped() -> None:
    space = Space(
        parameters={
            "augment": Categorical(choices=("none", "shift")),
            "dropout": Float(low=0, high=0.5, when={"augment": ("shift",)}),
            "l2": Float(low=0, high=0.5, when={"augment": ("none",)}),
        }
    )
    restricted, notes = space.restricted_to("binary", "table")
    assert restricted.parameters == {"l2": Float(low=0, high=0.5)}
    assert notes[1:] == ["dropout: left out, since augment is always none here"]
