"""Which factors an ablation changes, and which changes would be none."""

from __future__ import annotations

import pytest
from digits_spec import digits_spec

from search.conclusion.ablation.factors import Variation, in_effect, variations
from search.data import DataSpec
from search.training.network.optimizers import OPTIMIZERS
from spaces import VOCABULARY, Hyperparameters, Space, load_space

SPEC = digits_spec()
TABLE = SPEC.model_copy(update={"kind": "table", "task": "regression"})
EVERYTHING = Hyperparameters(
    depth=3,
    width=256,
    taper=0.5,
    batch_norm=True,
    input_dropout=0.1,
    dropout=0.3,
    l2=1e-4,
    schedule="cosine",
    label_smoothing=0.1,
    class_weight=0.5,
    pca=20,
    augment="shift",
    shift=0.05,
)


def labels(base: Hyperparameters, space: Space | None = None, spec: DataSpec = SPEC) -> list[str]:
    return [one.label for one in variations(base, space or load_space("mlp"), spec)]


def found(base: Hyperparameters, label: str, spec: DataSpec = SPEC) -> Variation:
    return next(one for one in variations(base, load_space("mlp"), spec) if one.label == label)


def test_techniques_are_removed_and_all_else_is_another_on_both_sides() -> None:
    assert labels(EVERYTHING) == [
        "depth 3 -> 2",
        "depth 3 -> 4",
        "width 256 -> 128",
        "width 256 -> 512",
        "taper 0.5 -> 1",
        "taper 0.5 -> 0.75",
        "activation relu -> gelu",
        "activation relu -> silu",
        "batch norm on -> off",
        "input dropout 0.1 -> 0",
        "input dropout 0.1 -> 0.2",
        "dropout 0.3 -> 0",
        "dropout 0.3 -> 0.5",
        "L2 1e-4 -> 0",
        "L2 1e-4 -> 0.01",
        *(f"optimizer adam -> {name}" for name in OPTIMIZERS if name != "adam"),
        "learning rate 1e-3 -> 1e-4",
        "learning rate 1e-3 -> 0.01",
        "schedule cosine -> constant",
        "schedule cosine -> plateau",
        "batch size 64 -> 32",
        "batch size 64 -> 128",
        "label smoothing 0.1 -> 0",
        "label smoothing 0.1 -> 0.15",
        "class weight 0.5 -> 0",
        "PCA 20 -> 0",
        "PCA 20 -> 10",
        "PCA 20 -> 40",
        "PCA 20 -> 128",
        "augmentation shift -> none",
    ]


def test_each_variation_differs_in_its_factor_alone() -> None:
    for one in variations(EVERYTHING, load_space("mlp"), SPEC):
        differs = {
            name for name in VOCABULARY if getattr(one.hyperparameters, name) != getattr(EVERYTHING, name)
        }
        assert differs - {"learning_rate"} <= {one.parameter}
        assert one.parameter in differs
        assert ("learning_rate" in differs) == (one.parameter == "learning_rate" or bool(one.note)) or (
            OPTIMIZERS["lion"].learning_rate == EVERYTHING.learning_rate and "lion" in one.label
        )


def test_what_is_switched_off_or_on_is_called_by_its_name() -> None:
    removed = {
        "batch norm on -> off": "batch normalization",
        "dropout 0.3 -> 0": "dropout",
        "L2 1e-4 -> 0": "the L2 penalty",
        "schedule cosine -> constant": "the cosine schedule",
        "PCA 20 -> 0": "PCA",
        "augmentation shift -> none": "augmentation by shift",
    }
    for label, technique in removed.items():
        one = found(EVERYTHING, label)
        assert (one.technique, one.adds) == (technique, False)
    added = found(Hyperparameters(), "dropout 0 -> 0.5")
    assert (added.technique, added.adds) == ("dropout (0.5)", True)
    added = found(Hyperparameters(), "PCA 0 -> 128")
    assert (added.technique, added.adds) == ("PCA (128)", True)
    assert found(EVERYTHING, "dropout 0.3 -> 0.5").technique == ""


@pytest.mark.parametrize(
    ("base", "spec", "missing"),
    [
        (Hyperparameters(depth=1), SPEC, "taper"),
        (Hyperparameters(depth=1), SPEC, "depth 1 -> 0"),
        (Hyperparameters(width=1), SPEC, "width 1 -> 0"),
        (Hyperparameters(), SPEC, "last dropout factor"),
        (Hyperparameters(), SPEC, "momentum"),
        (Hyperparameters(), SPEC, "nesterov"),
        (Hyperparameters(optimizer="sgd", momentum=0.0), SPEC, "nesterov"),
        (Hyperparameters(), SPEC, "weight decay"),
        (Hyperparameters(), SPEC, "plateau"),
        (Hyperparameters(), TABLE, "label smoothing"),
        (Hyperparameters(class_weight=1.0), TABLE, "class weight"),
        (Hyperparameters(), TABLE, "augmentation"),
        (Hyperparameters(), TABLE, "PCA"),
        (Hyperparameters(pca=64), SPEC, "PCA 64 -> 128"),  # digits have no more
        (Hyperparameters(augment="shift", shift=0.05), SPEC, "shift"),  # of 8 pixels it is always one
        (Hyperparameters(batch_size=1257), SPEC, "batch size 1,257 -> 2,514"),
        (Hyperparameters(width=65_536), SPEC, "width 65,536 -> 131,072"),
        # The space has no L2 beside weight decay.
        (Hyperparameters(optimizer="adamw"), SPEC, "L2"),
    ],
)
def test_what_changes_nothing_or_cannot_be_is_left_out(
    base: Hyperparameters, spec: DataSpec, missing: str
) -> None:
    assert not [label for label in labels(base, spec=spec) if label.startswith(missing)]


def test_a_shift_is_another_where_it_is_another_number_of_pixels() -> None:
    base = Hyperparameters(augment="shift", shift=0.05)
    shifts = [
        one for one in labels(base, spec=digits_spec(input_shape=(28, 28, 1))) if one.startswith("shift")
    ]
    assert shifts == ["shift 0.05 -> 0.12"]


def test_augmentations_that_are_added_are_told_apart() -> None:
    techniques = {
        one.technique
        for one in variations(Hyperparameters(), load_space("wide"), SPEC)
        if one.parameter == "augment"
    }
    assert techniques == {"augmentation by flip", "augmentation by shift", "augmentation by shift and flip"}


def test_what_no_longer_counts_does_not_put_a_variation_outside_the_space() -> None:
    space = load_space("mlp")
    base = Hyperparameters(
        initializer="he_normal", l2=1e-4, schedule="cosine", pca=128, augment="shift", shift=0.05
    )
    assert space.contains(base) == []
    off = base.model_copy(update={"augment": "none"})
    assert space.contains(off) == [
        "shift: counts only where augment is shift, so here it must be 0.125, but got 0.05"
    ]
    assert in_effect(off, space, SPEC).shift == 0.125
    assert in_effect(base, space, SPEC) == base


def test_an_optimizer_of_another_scale_gets_its_own_learning_rate_and_says_so() -> None:
    adam, sgd = Hyperparameters(learning_rate=3e-3), Hyperparameters(optimizer="sgd", learning_rate=0.05)
    assert found(adam, "optimizer adam -> rmsprop").hyperparameters.learning_rate == 3e-3
    to_sgd = found(adam, "optimizer adam -> sgd")
    assert to_sgd.hyperparameters.learning_rate == 0.01
    assert to_sgd.note == "learning rate 0.01, Keras's default"
    assert found(sgd, "optimizer sgd -> adam").hyperparameters.learning_rate == 1e-3
