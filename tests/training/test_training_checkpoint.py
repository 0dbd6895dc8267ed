"""A training that is interrupted and goes on from its checkpoint ends as if nobody had interrupted it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from one_training import fit

from search.data import PreparedData
from search.training.checkpoint import Checkpoint, CheckpointUnfit, identity
from search.training.loop import TrainingResult
from search.training.stop_reason import StopReason
from spaces import Hyperparameters

SAME = {"tensorflow": "2.21.0"}
TRAININGS: dict[str, dict[str, object]] = {
    "plain": {},
    "batch normalization and dropout": {"batch_norm": True, "dropout": 0.3, "input_dropout": 0.1, "depth": 2},
    "momentum": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.01, "schedule": "cosine"},
    "rmsprop": {"optimizer": "rmsprop"},
    "lion": {"optimizer": "lion", "learning_rate": 1e-4, "l2": 1e-4, "label_smoothing": 0.1},
    # At such a rate no epoch is much better than the one before.
    "plateau": {"schedule": "plateau", "plateau_patience": 1, "learning_rate": 0.1},
    "augmented images": {"augment": "shift_flip", "batch_norm": True},
    "components of augmented images": {"augment": "shift", "pca": 12},
    "skip connections": {"depth": 3, "skip": True, "dropout": 0.2},
    "members": {"members": 3, "batch_norm": True, "dropout": 0.2},
    "classes that weigh alike": {"class_weight": 1.0},
}
OF_TABLES: dict[str, dict[str, object]] = {
    "waves of numbers": {"embedding": "periodic", "schedule": "plateau", "plateau_patience": 1},
    "bins of numbers, members": {"embedding": "piecewise", "members": 2, "batch_norm": True},
}


def left(data: PreparedData, after: int, begin: Checkpoint | None = None, **values: object) -> Checkpoint:
    """Of a training that ends after epoch `after`, by way of its file."""
    result = fit(
        data,
        check=lambda epoch, logs: StopReason.INTERRUPTED if epoch == after else None,
        begin=begin,
        **values,
    )
    assert result.stop_reason is StopReason.INTERRUPTED
    assert result.checkpoint is not None
    assert result.checkpoint.epochs == after
    return Checkpoint.read(result.checkpoint.file(SAME), SAME)


def assert_same(one: TrainingResult, other: TrainingResult) -> None:
    for fact in ("history", "best_epoch", "epochs", "stop_reason", "parameters"):
        assert getattr(one, fact) == getattr(other, fact), fact
    assert len(one.weights) == len(other.weights)
    assert all(np.array_equal(a, b) for a, b in zip(one.weights, other.weights, strict=True))


@pytest.mark.parametrize("name", TRAININGS)
def test_it_ends_with_the_same_bits_wherever_it_was_interrupted(digits: PreparedData, name: str) -> None:
    values = {"epochs": 5, "width": 12, "batch_size": 256, **TRAININGS[name]}
    undisturbed = fit(digits, **values)
    for after in range(1, undisturbed.epochs):
        begin = left(digits, after, **values)
        # Another training of its structure comes in between.
        fit(digits, **{**values, "epochs": 1, "width": 8, "seed": 1})
        assert_same(fit(digits, begin=begin, **values), undisturbed)


@pytest.mark.parametrize("name", OF_TABLES)
def test_so_does_one_of_numbers(regression: PreparedData, name: str) -> None:
    values = {"epochs": 4, "batch_size": 64, **OF_TABLES[name]}
    undisturbed = fit(regression, **values)
    for after in range(1, 4):
        assert_same(fit(regression, begin=left(regression, after, **values), **values), undisturbed)


def test_patience_goes_on_to_count(digits: PreparedData) -> None:
    still = {"optimizer": "sgd", "learning_rate": 1e-30, "epochs": 9, "patience": 3}
    undisturbed = fit(digits, **still)
    assert (undisturbed.stop_reason, undisturbed.epochs) == (StopReason.EARLY, 4)
    for after in range(1, 4):
        assert_same(fit(digits, begin=left(digits, after, **still), **still), undisturbed)


def test_the_rate_that_a_plateau_has_cut_stays_cut(digits: PreparedData) -> None:
    still = {
        "optimizer": "sgd",
        "learning_rate": 1e-5,
        "schedule": "plateau",
        "plateau_patience": 2,
        "epochs": 7,
    }
    undisturbed = fit(digits, **still)
    assert len(set(undisturbed.history["learning_rate"])) > 2
    for after in range(1, 7):
        assert_same(fit(digits, begin=left(digits, after, **still), **still), undisturbed)


def test_it_may_be_interrupted_again_and_again(digits: PreparedData) -> None:
    values = {"epochs": 5, "batch_norm": True, "dropout": 0.2}
    begin, seconds = None, [0.0]
    for after in range(1, 5):
        begin = left(digits, after, begin, **values)
        seconds.append(begin.seconds)
    assert seconds == sorted(seconds)
    result = fit(digits, begin=begin, **values)
    assert_same(result, fit(digits, **values))
    assert result.seconds > seconds[-1]


def test_callbacks_of_a_user_leave_no_checkpoint_and_take_none(digits: PreparedData) -> None:
    interrupted = fit(
        digits, keras.callbacks.Callback(), epochs=3, check=lambda epoch, logs: StopReason.INTERRUPTED
    )
    assert (interrupted.stop_reason, interrupted.checkpoint) == (StopReason.INTERRUPTED, None)
    begin = left(digits, 1, epochs=3)
    with pytest.raises(ValueError, match="have not seen"):
        fit(digits, keras.callbacks.Callback(), epochs=3, begin=begin)


def test_a_training_that_came_to_an_end_leaves_none(digits: PreparedData) -> None:
    assert fit(digits, epochs=1).checkpoint is None


def test_a_file_of_another_training_or_a_damaged_one_is_refused(digits: PreparedData) -> None:
    begin = left(digits, 1)

    def of(seed: int, **environment: str) -> dict[str, str]:
        return identity(Hyperparameters(), digits.spec, environment, epochs=3, metric="val_loss", seed=seed)

    file = begin.file(of(1, tensorflow="2.20.0"))
    assert Checkpoint.read(file, of(1, tensorflow="2.20.0")).history == begin.history
    with pytest.raises(CheckpointUnfit, match=r"^seed 1 then, 2 now; tensorflow 2.20.0 then, 2.21.0 now$"):
        Checkpoint.read(file, of(2, tensorflow="2.21.0"))
    for damaged in (b"", b"PK", file[: len(file) // 2], file[:200] + b"\0" * 200 + file[400:]):
        with pytest.raises(CheckpointUnfit, match="damaged"):
            Checkpoint.read(damaged, of(1, tensorflow="2.20.0"))


def test_a_checkpoint_of_other_weights_is_refused(digits: PreparedData) -> None:
    begin = left(digits, 1, width=8)
    with pytest.raises(ValueError, match="other weights"):
        fit(digits, begin=begin, width=16, epochs=3)
