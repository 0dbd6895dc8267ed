"""Hyperparameters: validation, JSON, widths, and the words for a leaderboard."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from spaces import VOCABULARY, Hyperparameters, SpaceError, value_problem
from spaces.hyperparameters import kind_of, words_of
from spaces.optimizers import OPTIMIZERS

floats = st.floats(0, 0.99)
hyperparameters = st.builds(
    Hyperparameters,
    depth=st.integers(1, 32),
    width=st.integers(1, 65_536),
    taper=st.floats(0.01, 1),
    dropout=floats,
    l2=floats,
    learning_rate=st.floats(1e-9, 10),
    momentum=floats,
    weight_decay=floats,
    batch_size=st.integers(1, 65_536),
    label_smoothing=floats,
    class_weight=floats,
    batch_norm=st.booleans(),
    nesterov=st.booleans(),
    **{name: st.sampled_from(words_of(name)) for name in VOCABULARY if kind_of(name) == "word"},
)


@given(hyperparameters)
def test_json_brings_back_the_same_hyperparameters(one: Hyperparameters) -> None:
    assert Hyperparameters.model_validate_json(one.model_dump_json()) == one
    assert Hyperparameters.from_values(one.model_dump()) == one


@given(hyperparameters)
def test_every_layer_has_a_width_and_a_description(one: Hyperparameters) -> None:
    assert len(one.widths) == one.depth
    assert one.widths[0] == one.width
    assert min(one.widths) >= 1
    assert one.activation in one.describe()
    assert one.optimizer in one.describe()


@pytest.mark.parametrize(
    ("width", "taper", "depth", "widths"),
    [
        (256, 0.5, 3, (256, 128, 64)),
        (128, 1.0, 2, (128, 128)),
        (100, 0.5, 5, (100, 50, 25, 13, 6)),
        (3, 0.1, 3, (3, 1, 1)),
        (10, 2.0, 3, (10, 20, 40)),
        (7, 0.5, 1, (7,)),
    ],
)
def test_widths_taper_without_rounding_in_between(
    width: int, taper: float, depth: int, widths: tuple[int, ...]
) -> None:
    assert Hyperparameters(width=width, taper=taper, depth=depth).widths == widths


def test_description_names_what_is_on() -> None:
    one = Hyperparameters(
        depth=3,
        width=256,
        taper=0.5,
        activation="gelu",
        batch_norm=True,
        dropout=0.3,
        optimizer="adamw",
        learning_rate=1.234e-3,
        schedule="cosine",
    )
    assert one.describe() == "256-128-64 gelu, batch norm, dropout 0.3, adamw 1.2e-3, cosine, batch 64"


def test_description_names_what_differs_from_layer_to_layer_and_from_the_usual_plateau() -> None:
    one = Hyperparameters(depth=3, dropout=0.3, last_dropout_factor=2 / 3, schedule="plateau")
    assert one.dropouts == pytest.approx((0.3, 0.3, 0.2))
    assert one.describe() == "128-128-128 relu, dropout 0.3-0.3-0.2, adam 1e-3, plateau, batch 64"
    slower = one.model_copy(update={"plateau_patience": 4})
    assert "plateau after 4" in slower.describe()
    assert "plateau 0.1 after 4" in slower.model_copy(update={"plateau_factor": 0.1}).describe()


def test_skip_connections_go_around_layers_whose_widths_are_equal() -> None:
    one = Hyperparameters(depth=3, width=5, taper=0.93, skip=True)
    assert (one.widths, one.skips) == ((5, 5, 4), (False, True, False))
    assert one.describe().startswith("5-5-4 relu, skip connections, ")
    pyramid = one.model_copy(update={"taper": 0.5})
    assert (any(pyramid.skips), "skip" in pyramid.describe()) == (False, False)


def test_description_leaves_out_what_the_optimizer_ignores() -> None:
    assert Hyperparameters(momentum=0.5, weight_decay=0.1).describe() == "128-128 relu, adam 1e-3, batch 64"
    sgd = Hyperparameters(
        optimizer="sgd", learning_rate=0.1, momentum=0.95, nesterov=True, augment="shift_flip"
    )
    assert sgd.describe() == "128-128 relu, sgd 0.1, nesterov 0.95, batch 64, shift and flip"
    nearer = Hyperparameters(pca=128, augment="shift_flip", shift=0.04)
    assert nearer.describe().endswith(", batch 64, PCA 128, shift 0.04 and flip")
    assert Hyperparameters(augment="flip", shift=0.04).describe().endswith("batch 64, flip")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("dropout", 1.5, "must be below 1, but got 1.5"),
        ("dropout", -0.1, "must be at least 0, but got -0.1"),
        ("learning_rate", 0.0, "must be above 0, but got 0"),
        ("learning_rate", float("nan"), "must be a finite number, but got nan"),
        ("learning_rate", float("inf"), "must be a finite number, but got inf"),
        ("learning_rate", "0.1", "must be a number, but got '0.1'"),
        ("learning_rate", True, "must be a number, but got true"),
        ("taper", 3, "must be at most 2, but got 3"),
        ("depth", 33, "must be at most 32, but got 33"),
        ("depth", 2.5, "must be a whole number, but got 2.5"),
        ("depth", 2.0, "must be a whole number, but got 2"),
        ("depth", True, "must be a whole number, but got true"),
        ("batch_norm", 1, "must be true or false, but got 1"),
        (
            "optimizer",
            "adm",
            f"must be one of {', '.join(OPTIMIZERS)}, but got 'adm' (did you mean 'adam'?)",
        ),
    ],
)
def test_refused_values_say_what_was_expected_and_what_came(name: str, value: object, reason: str) -> None:
    assert value_problem(name, value) == reason


def test_a_whole_number_will_do_for_a_float() -> None:
    assert value_problem("taper", 1) is None
    assert value_problem("l2", 10**400) is not None


def test_from_values_reports_everything_at_once() -> None:
    with pytest.raises(SpaceError) as caught:
        Hyperparameters.from_values({"dropout": 2.0, "lerning_rate": 0.1, "depth": "two"})
    assert sorted(str(caught.value).splitlines()) == [
        "depth: must be a whole number, but got 'two'",
        "dropout: must be below 1, but got 2",
        "unknown parameter 'lerning_rate' (did you mean 'learning_rate'?)",
    ]


def test_layers_that_grow_beyond_reason_are_refused() -> None:
    with pytest.raises(SpaceError, match="makes a layer of 134,217,728 units, above 65,536"):
        Hyperparameters.from_values({"depth": 21, "taper": 2.0})


def test_hyperparameters_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Hyperparameters().depth = 3  # type: ignore[misc]


def test_import_does_not_load_optuna_or_tensorflow() -> None:
    code = "import spaces, sys; print({'optuna', 'tensorflow', 'keras', 'sqlalchemy'} & sys.modules.keys())"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
