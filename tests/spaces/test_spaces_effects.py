"""Which hyperparameters change nothing beside which others."""

from __future__ import annotations

import pytest

from spaces import Hyperparameters, idle
from spaces.effects import NEEDS
from spaces.hyperparameters import value_problem

OF_EMBEDDINGS = {"embedding", "frequencies", "sigma", "bins", "embedding_size"}


@pytest.mark.parametrize(
    ("values", "without_effect"),
    [
        ({}, {"momentum", "nesterov", "weight_decay", "plateau_factor", "plateau_patience", "shift"}),
        ({"optimizer": "adamw", "schedule": "plateau", "augment": "flip"}, {"momentum", "nesterov", "shift"}),
        (
            {"optimizer": "sgd", "momentum": 0.0, "depth": 1, "augment": "shift"},
            {"nesterov", "weight_decay", "plateau_factor", "plateau_patience", "taper", "skip"},
        ),
        ({"optimizer": "lion"}, {"momentum", "nesterov", "plateau_factor", "plateau_patience", "shift"}),
    ],
)
def test_idle_hyperparameters_of_images(values: dict[str, object], without_effect: set[str]) -> None:
    configuration = Hyperparameters.from_values({"dropout": 0.1, **values}).model_dump()
    assert set(idle(configuration, "multiclass", "image")) == without_effect | OF_EMBEDDINGS


@pytest.mark.parametrize(
    ("embedding", "without_effect"),
    [
        ("none", OF_EMBEDDINGS - {"embedding"}),
        ("periodic", {"bins"}),
        ("piecewise", {"frequencies", "sigma"}),
    ],
)
def test_idle_hyperparameters_of_embeddings(embedding: str, without_effect: set[str]) -> None:
    values = Hyperparameters.from_values({"embedding": embedding}).model_dump()
    assert OF_EMBEDDINGS & {*idle(values, "binary", "table")} == without_effect


def test_what_has_no_meaning_for_the_data_is_idle_too() -> None:
    values = Hyperparameters(optimizer="sgd", schedule="plateau", augment="shift").model_dump()
    assert [*idle(values, "regression", "table")] == [
        "frequencies",
        "sigma",
        "bins",
        "embedding_size",
        "last_dropout_factor",
        "weight_decay",
        "label_smoothing",
        "class_weight",
        "pca",
        "augment",
        "shift",
    ]


def test_needs_name_hyperparameters_and_values_that_they_can_have() -> None:
    for name, need in NEEDS.items():
        assert name in Hyperparameters.model_fields
        assert [value for value in need.values if value_problem(need.other, value)] == []
