"""Keras callbacks of the user's own: made anew for each training, by the names of their modules."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras

from search.errors import InputError
from search.machine.importing import imported_object, module_and_name

OPTION = "--callback"

_TRIAL = "trial"
_OF_BATCHES = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
_OF_TEST_BATCHES = ("on_test_batch_begin", "on_test_batch_end")


@dataclass(frozen=True)
class WatchedTrial:
    """The training that a callback looks at, for who makes one: its parameter `trial`.

    Attributes:
        study: its name; that of a companion, `STUDY.finalize`, where the training is one of a conclusion.
        number: of the trial in that study, from 0.
        hyperparameters: by name, as a function that builds a network is given them.
        seed: of weights, shuffling, dropout and augmentation.
        fold: from 0, in a study of folds; else None.
    """

    study: str
    number: int
    hyperparameters: dict[str, Any]
    seed: int
    fold: int | None = None


def made(names: Iterable[str], trial: WatchedTrial) -> list[keras.callbacks.Callback]:
    """Those of `names`, each `module:name`, for one training.

    Raises:
        InputError: one cannot be imported, or is no callback.
        Exception: whatever making it raises.
    """
    return [_made(name, trial) for name in names]


def _made(said: str, trial: WatchedTrial) -> keras.callbacks.Callback:
    found = imported_object(said, OPTION)
    if isinstance(found, keras.callbacks.Callback):
        return copy.deepcopy(found)  # what one training leaves in it is nothing to the next
    if not callable(found):
        module, name = module_and_name(said, OPTION)
        raise InputError(f"{OPTION} {said}: {module} has no class or function '{name}'")
    callback = found(**_arguments(found, said, trial))
    if not isinstance(callback, keras.callbacks.Callback):
        raise InputError(
            f"{OPTION} {said}: expected a keras.callbacks.Callback, but got {type(callback).__name__}"
        )
    return callback


def _arguments(maker: Callable[..., Any], said: str, trial: WatchedTrial) -> dict[str, Any]:
    """The trial, where `maker` has a parameter of that name; it may need no other."""
    parameters = inspect.signature(maker).parameters.values()
    needed = [
        one.name
        for one in parameters
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    if missing := [name for name in needed if name != _TRIAL]:
        raise InputError(
            f"{OPTION} {said}: it needs {', '.join(missing)}, and is given nothing but `trial`; name a function that "
            "returns it: def callback(trial): …"
        )
    return {_TRIAL: trial} if any(one.name == _TRIAL for one in parameters) else {}


def refuse_batch_hooks(said: str, callback: keras.callbacks.Callback, *, by_fit: bool) -> None:
    """`callback`, which `said` made, is not to wait for batches of which it would not hear.

    Keras's own may: they are made for the whole epoch as one step (`steps_per_execution`), and so are called once.

    Args:
        by_fit: whether Keras's `fit` trains, which has batches.

    Raises:
        InputError: it does.
    """
    unheard = _OF_TEST_BATCHES if by_fit else (*_OF_BATCHES, *_OF_TEST_BATCHES)
    own = [hook for hook in unheard if _is_own(callback, hook)]
    if own and by_fit:
        raise InputError(
            f"{OPTION} {said}: has {', '.join(own)}, but validation rows are judged after the epoch, not in batches; "
            "use on_epoch_end, whose logs have what they came to"
        )
    if own:
        raise InputError(
            f"{OPTION} {said}: has {', '.join(own)}, but an epoch of perceptuna's networks is one compiled step, in "
            "which no batch is heard of; use on_epoch_begin and on_epoch_end, or search a network of your own "
            "(--model), which fit trains"
        )


def hears_batches(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether one of them does anything at a batch of training."""
    return any(
        _defined_by(callback, hook) is not keras.callbacks.Callback
        for callback in callbacks
        for hook in _OF_BATCHES
    )


def _is_own(callback: keras.callbacks.Callback, hook: str) -> bool:
    """Whether a class that is not Keras's, or the callback itself, defines `hook`."""
    by = _defined_by(callback, hook)
    return by is None or by.__module__.partition(".")[0] != "keras"


def _defined_by(callback: keras.callbacks.Callback, hook: str) -> type | None:
    """The class; None where it is the callback's own, as that of a LambdaCallback is."""
    if hook in vars(callback):
        return None
    return next(one for one in type(callback).__mro__ if hook in vars(one))
