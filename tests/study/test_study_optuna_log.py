"""A notebook's own studies of Optuna log what they did before; those of perceptuna log nothing but errors."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator

import optuna
import pytest

from search.policies.samplers import build_sampler
from search.settings.settings import StudySettings
from search.study.optuna_log import quiet_optuna
from storage.patience import keep_trying


class Written(logging.Handler):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What a handler of Optuna's writes, after `quiet_optuna`."""
    before, written = optuna.logging.get_verbosity(), Written()
    optuna.logging.set_verbosity(optuna.logging.INFO)
    logging.getLogger("optuna").addHandler(written)
    quiet_optuna()
    quiet_optuna()
    assert len(written.filters) == 1
    yield written.lines
    logging.getLogger("optuna").removeHandler(written)
    optuna.logging.set_verbosity(before)


def own_study() -> None:
    optuna.create_study(study_name="own").optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)


def test_a_users_own_study_is_logged(told: list[str]) -> None:
    own_study()
    assert [line.split(" finished")[0] for line in told] == [
        "A new study created in memory with name: own",
        "Trial 0",
    ]


def test_what_perceptuna_asks_for_is_not_logged(told: list[str]) -> None:
    keep_trying(own_study)  # any function of perceptuna's that calls it
    assert told == []


def test_what_a_handler_that_is_optunas_too_logs_of_perceptuna_is_logged(told: list[str]) -> None:
    for name in ("perceptuna", "optuna.study"):
        keep_trying(lambda name=name: _log_to_optunas_handler(name, f"one trial, of {name}"))  # type: ignore[misc]
    assert told == ["one trial, of perceptuna"]


def _log_to_optunas_handler(name: str, message: str) -> None:
    (handler,) = (one for one in logging.getLogger("optuna").handlers if isinstance(one, Written))
    handler.handle(logging.makeLogRecord({"name": name, "msg": message, "levelno": logging.INFO}))


def test_errors_are(told: list[str]) -> None:
    keep_trying(lambda: optuna.logging.get_logger("optuna.study").error("of the disk"))
    assert told == ["of the disk"]


def test_perceptunas_sampler_is_not_warned_of_as_an_experiment_and_a_users_own_is() -> None:
    settings = StudySettings.model_validate({"data": "digits", "sampler": "qmc"})
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        quiet_optuna()
        build_sampler(settings, 0)
        assert [str(one.message) for one in heard] == []
        optuna.samplers.QMCSampler()
    assert len(heard) == 1
