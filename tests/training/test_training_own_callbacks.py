"""Callbacks of a user's own: made for each training by name, and heard by both ways in which networks learn."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest
import tracking

from search.data import PreparedData
from search.errors import InputError
from search.training.loop import TrainingResult, train
from search.training.own_callbacks import WatchedTrial, made, refuse_batch_hooks
from search.training.stop_reason import StopReason
from search.training.trying import _problem
from spaces import Hyperparameters

OURS = Hyperparameters(depth=1, width=16, batch_size=128)
OWN = Hyperparameters.from_values(
    {
        "network": "own_networks:mlp",
        "extra": (("layers_2", 1), ("units_2", 16), ("act", "relu"), ("drop", 0.0)),
        "batch_size": 128,
    }
)
TRIAL = WatchedTrial("flowers", 3, {"width": 16}, seed=7)


def trained(one: Hyperparameters, data: PreparedData, *callbacks: keras.callbacks.Callback) -> TrainingResult:
    how: dict[str, Any] = {"epochs": 4, "patience": 50, "metric": "val_crossentropy", "seed": 0}
    return train(one, data, callbacks=callbacks, **how)


def test_each_training_has_its_own() -> None:
    first, second = (made(["tracking:counted", "tracking:early"], TRIAL) for _ in range(2))
    assert first[0] is not second[0]
    assert first[0] is not tracking.counted
    assert isinstance(first[0], tracking.Batches)
    assert isinstance(first[1], keras.callbacks.EarlyStopping)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tracking:none", "expected a keras.callbacks.Callback, but got NoneType"),
        ("tracking:nothing", "tracking has no class or function 'nothing'"),
        ("trackers:Tracker", "there is no module 'trackers'"),
        ("tracking.Tracker", "expected the module and the name of a function"),
        ("keras.callbacks:CSVLogger", "it needs filename, and is given nothing but `trial`"),
    ],
)
def test_what_is_no_callback_is_refused(name: str, said: str) -> None:
    with pytest.raises(InputError) as refusal:
        made([name], TRIAL)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "by_fit", "said"),
    [
        ("tracking:Batches", False, "has on_train_batch_end, but an epoch of perceptuna's networks"),
        ("tracking:heard", False, "has on_train_batch_end"),
        ("tracking:TestBatches", False, "has on_test_batch_end"),
        ("tracking:TestBatches", True, "validation rows are judged after the epoch"),
    ],
)
def test_one_that_waits_for_batches_it_would_not_hear_of_is_refused(
    name: str, by_fit: bool, said: str
) -> None:
    with pytest.raises(InputError) as refusal:
        refuse_batch_hooks(name, *made([name], TRIAL), by_fit=by_fit)
    assert said in str(refusal.value)


def test_those_of_keras_that_know_an_epoch_as_one_step_are_not() -> None:
    refuse_batch_hooks("keras", keras.callbacks.TensorBoard("logs"), by_fit=False)
    refuse_batch_hooks("keras", keras.callbacks.TerminateOnNaN(), by_fit=False)
    refuse_batch_hooks("keras", *made(["tracking:counted"], TRIAL), by_fit=True)


@pytest.mark.parametrize("one", [OURS, OWN], ids=["compiled", "fit"])
def test_a_callback_stops_a_training_or_changes_it(one: Hyperparameters, digits: PreparedData) -> None:
    stopped = trained(one, digits, tracking.StopsAtOnce())
    assert (stopped.epochs, stopped.stop_reason) == (1, StopReason.CALLBACK)
    plain, halved = trained(one, digits), trained(one, digits, tracking.Halves())
    assert halved.history["loss"][0] == plain.history["loss"][0]
    assert halved.history["loss"][3] > plain.history["loss"][3]


def test_a_callback_that_only_looks_changes_nothing_of_fit(digits: PreparedData) -> None:
    plain, watched = trained(OWN, digits), trained(OWN, digits, keras.callbacks.Callback())
    assert watched.history == plain.history


def test_fit_tells_of_each_batch_and_ends_where_it_is_told_to(digits: PreparedData) -> None:
    batches = tracking.Batches()
    result = trained(OWN, digits, batches)
    steps = batches.batches.index(0, 1)
    assert batches.batches == [*range(steps), *range(15 - steps)]
    assert batches.losses[0] != batches.losses[1]
    assert (result.epochs, result.stop_reason) == (2, StopReason.CALLBACK)


def problem(names: list[str], one: Hyperparameters, data: PreparedData) -> str | None:
    asked = {"hyperparameters": one.model_dump_json(), "spec": data.spec.model_dump_json(), "path": []}
    return _problem(json.loads(json.dumps({**asked, "callbacks": names})))


def test_what_cannot_be_made_is_told_with_its_place(
    digits: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.training.trying.start_tensorflow", lambda threads: None)
    assert "tracking:cannot: it cannot be made: RuntimeError: no key (" in str(
        problem(["tracking:early", "tracking:cannot"], OURS, digits)
    )
    assert "has on_train_batch_end" in str(problem(["tracking:counted"], OURS, digits))
    assert problem(["tracking:counted"], OWN, digits) is None
