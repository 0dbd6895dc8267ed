"""Networks of a user's own are trained by `fit`, judged, interrupted and exported as ours are."""

from __future__ import annotations

import numpy as np
import pytest

from search.data import PreparedData, attach_preprocessing
from search.errors import InputError
from search.training.checkpoint import Checkpoint
from search.training.loop import TrainingResult, train
from search.training.scoring import measure_rows, row_outputs
from search.training.stop_reason import StopReason
from search.training.trying import problem_of
from spaces import Hyperparameters

OWN = (("layers_2", 1), ("units_2", 16), ("act", "relu"), ("drop", 0.25))


def own(function: str = "mlp", **values: object) -> Hyperparameters:
    return Hyperparameters.from_values(
        {"network": f"own_networks:{function}", "extra": OWN, "batch_size": 128, **values}
    )


def trained(
    one: Hyperparameters, data: PreparedData, after: int = 3, begin: Checkpoint | None = None
) -> TrainingResult:
    return train(
        one,
        data,
        epochs=3,
        patience=50,
        metric="val_rmse" if data.spec.of_quantities else "val_crossentropy",
        seed=0,
        check=lambda epoch, logs: StopReason.INTERRUPTED if epoch == after else None,
        begin=begin,
    )


@pytest.fixture(scope="module")
def result(digits: PreparedData) -> TrainingResult:
    return trained(own(schedule="cosine", label_smoothing=0.1, class_weight=0.5), digits)


def test_the_same_network_learns_by_fit_what_it_learns_by_a_compiled_epoch(digits: PreparedData) -> None:
    ours = trained(Hyperparameters(depth=1, width=16, batch_size=128, optimizer="sgd"), digits)
    by_fit = trained(own("seeded", optimizer="sgd"), digits)
    assert by_fit.history["val_loss"] == pytest.approx(ours.history["val_loss"], rel=1e-4)
    assert by_fit.history["loss"] == pytest.approx(ours.history["loss"], rel=1e-4)
    assert by_fit.parameters == ours.parameters


def test_a_training_that_goes_on_ends_as_if_nobody_had_interrupted_it(
    digits: PreparedData, result: TrainingResult
) -> None:
    one = result.hyperparameters
    checkpoint = trained(one, digits, after=1).checkpoint
    assert checkpoint is not None
    begin = Checkpoint.read(checkpoint.file({}), {})
    gone_on = trained(one, digits, begin=begin)
    assert gone_on.history == result.history
    assert all(map(np.array_equal, gone_on.weights, result.weights))


def test_its_weights_are_worth_later_what_they_were_in_training(
    digits: PreparedData, result: TrainingResult
) -> None:
    x, y = digits.validation()
    measured = measure_rows(result.hyperparameters, result.spec, result.weights, x, y)
    for name in ("loss", "crossentropy", "accuracy"):
        at_best = result.history[f"val_{name}"][result.best_epoch - 1]
        assert measured[name] == pytest.approx(at_best, rel=1e-5)


def test_the_exported_model_answers_as_the_network_does(digits: PreparedData, result: TrainingResult) -> None:
    x, _ = digits.validation()
    answers = attach_preprocessing(result.model, result.spec).predict(x[:50], verbose=0)
    outputs = row_outputs(result.hyperparameters, result.spec, result.weights, x[:50])
    np.testing.assert_allclose(answers, np.exp(outputs), atol=1e-5)


def test_a_quantity_is_learnt_standardised_and_answered_in_its_units(regression: PreparedData) -> None:
    result = trained(own(learning_rate=0.03, batch_size=32), regression)
    assert result.history["val_rmse"][-1] < 100
    answers = attach_preprocessing(result.model, result.spec)(
        regression.validation()[0][:9].astype(np.float64)
    )
    assert 200 < float(np.mean(answers)) < 800


@pytest.mark.parametrize("source", ["quantities", "labels"])
def test_several_targets_have_an_output_each(request: pytest.FixtureRequest, source: str) -> None:
    data: PreparedData = request.getfixturevalue(source)
    assert problem_of(own(), data.spec) is None
    result = trained(own(learning_rate=0.03), data)
    assert result.history["val_loss"][-1] < result.history["val_loss"][0]
    x, y = data.validation()
    measured = measure_rows(result.hyperparameters, data.spec, result.weights, np.asarray(x), np.asarray(y))
    metric = "rmse" if source == "quantities" else "crossentropy"
    assert measured[metric] == pytest.approx(min(result.history[f"val_{metric}"]), rel=1e-4)


def test_a_model_that_is_compiled_keeps_its_optimizer(digits: PreparedData) -> None:
    fast = trained(own("compiled", learning_rate=1e-9), digits).history["loss"]
    slow = trained(own("mlp", learning_rate=1e-9), digits).history["loss"]
    assert fast[-1] < 0.5 * slow[-1]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("narrow", "expected answers of shape (rows, 10) for 10 classes, but got (rows, 3)"),
        ("logits", "expected probabilities, but got answers such as"),
        ("with_lambda", "its file would not open again"),
    ],
)
def test_a_network_that_could_not_be_judged_or_exported_is_told_before(
    digits: PreparedData, function: str, said: str
) -> None:
    assert said in (problem_of(own(function), digits.spec) or "")


def test_a_network_that_can_be_trained_has_no_problem(digits: PreparedData, regression: PreparedData) -> None:
    assert problem_of(own("compiled"), digits.spec) is None
    assert problem_of(own(), regression.spec) is None


def test_a_function_that_returns_no_model_is_refused(digits: PreparedData) -> None:
    with pytest.raises(InputError, match=r"expected a keras\.Model in return, but got NoneType"):
        problem_of(own("none"), digits.spec)
