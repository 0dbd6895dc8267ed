"""Rules that parameters have to keep to make a space."""

from __future__ import annotations

import pytest

from spaces import Space, SpaceError
from spaces.parameters import Categorical, Fixed, Float, Int


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"width": Float(low=1, high=2)}, "width: takes whole numbers: use Int, not Float"),
        ({"dropout": Int(low=0, high=0)}, "dropout: takes floats: use Float, not Int"),
        ({"activation": Float(low=1, high=2)}, "activation: takes choices, not a range; list some of relu"),
        ({"activation": Categorical(choices=(1, 2))}, "must be one of relu.*, but got 1"),
        ({"activation": Categorical(choices=())}, "activation: has no choices; list at least one"),
        ({"taper": Categorical(choices=(1, 1.0))}, "taper: 1 is listed twice; drop one"),
        ({"momentums": Fixed(value=0.9)}, "unknown parameter 'momentums' .did you mean 'momentum'"),
        ({"learning_rate": Float(low=0.1, high=0.01)}, "low 0.1 is above high 0.01; swap them"),
        ({"dropout": Float(low=0, high=0.5, log=True)}, "log needs a low above 0, but got 0"),
        ({"dropout": Float(low=0.1, high=0.5, log=True, step=0.1)}, "log and step exclude each other"),
        ({"dropout": Float(low=0, high=0.5, step=0)}, "step must be a finite number above 0, but got 0"),
        ({"dropout": Float(low=0, high=0.5, step=0.2)}, "the last one is 0.4, so make that high"),
        ({"dropout": Float(low=0, high=float("nan"))}, "high must be a finite number, but got nan"),
        ({"dropout": Fixed(value=1.0)}, "dropout: must be below 1, but got 1"),
        ({"taper": Fixed(value=2.0), "depth": Int(low=1, high=20)}, "makes a layer of 67,108,864 units"),
    ],
)
def test_parameters_that_make_no_space_are_refused(parameters: dict, reason: str) -> None:
    with pytest.raises(SpaceError, match=reason):
        Space(parameters=parameters)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        (
            {"momentum": Fixed(value=0.5, when={"optimizer": ("sgd",)})},
            "optimizer is never 'sgd' in this space: it is not searched, so it is always adam",
        ),
        (
            {
                "momentum": Fixed(value=0.5, when={"optimizer": ("sgd",)}),
                "optimizer": Categorical(choices=("adam", "lion")),
            },
            "momentum: when: optimizer is never 'sgd' in this space, only adam, lion",
        ),
        ({"momentum": Fixed(value=0.5, when={"optimizer": ("sdg",)})}, "but got 'sdg' .did you mean 'sgd'"),
        ({"momentum": Fixed(value=0.5, when={"optimizr": ("sgd",)})}, "did you mean 'optimizer'"),
        ({"momentum": Fixed(value=0.5, when={"optimizer": ()})}, "optimizer has no values"),
        (
            {"momentum": Fixed(value=0.5, when={"l2": (0.1,)}), "l2": Float(low=0, high=0.1)},
            "l2 is a range of floats",
        ),
        (
            {"taper": Fixed(value=0.5, when={"depth": (5,)}), "depth": Int(low=1, high=4)},
            "depth is never 5 in this space, only 1 to 4",
        ),
        (
            {
                "batch_norm": Categorical(choices=(True, False), when={"nesterov": (True,)}),
                "nesterov": Categorical(choices=(True, False), when={"batch_norm": (True,)}),
            },
            "conditions go round in a circle: (batch_norm -> nesterov|nesterov -> batch_norm)",
        ),
        ({"nesterov": Categorical(choices=(True, False), when={"nesterov": (True,)})}, "in a circle"),
        (
            {
                "optimizer": Categorical(choices=("adam", "sgd")),
                "batch_norm": Fixed(value=True, when={"optimizer": ("sgd",)}),
                "dropout": Fixed(value=0.5, when={"batch_norm": (True,), "optimizer": ("adam",)}),
            },
            "dropout: its condition can never be met: batch_norm is true and optimizer is adam",
        ),
    ],
)
def test_conditions_that_cannot_be_met_are_refused(parameters: dict, reason: str) -> None:
    with pytest.raises(SpaceError, match=reason):
        Space(parameters=parameters)


def test_a_condition_may_rest_on_a_default_or_on_a_number_that_no_condition_names() -> None:
    Space(parameters={"momentum": Fixed(value=0.5, when={"optimizer": ("adam",)})})
    Space(
        parameters={
            "depth": Int(low=1, high=4),
            "batch_norm": Fixed(value=True, when={"depth": (3,)}),
            "dropout": Fixed(value=0.5, when={"batch_norm": (False,)}),
        }
    )
