"""Studies that other programs made, of several objectives too: shown, or refused in one sentence."""

from __future__ import annotations

import gc
import json

import optuna
import pytest
from cli_calls import CommandLine

from storage import StorageURL, open_storage

PLACE = "sqlite:///studies.db"
NOT_OURS = "was not made by perceptuna"
REFUSING = (
    "show {name}",
    "show {name} --json",
    "show {name} --trial 1",
    "report {name} -o report.html",
    "tensorboard {name} -o events",
    "export {name} -o model.keras",
    "export {name} --trial 1 -o model.keras",
    "replay {name} --trial 1",
    "resume {name}",
    "plan {name}",
    "finalize {name} -o model.keras",
    "ablate {name}",
    "run new --from {name} --data digits",
)


@pytest.fixture
def foreign(perceptuna: CommandLine) -> CommandLine:
    """`one` has one objective, `several` has two; neither has anything of perceptuna's."""
    open_storage(StorageURL.parse(PLACE), create=True)  # in write-ahead mode already
    two = optuna.create_study(study_name="several", storage=PLACE, directions=["minimize", "maximize"])
    two.optimize(lambda trial: (trial.suggest_float("x", 0, 1), trial.suggest_int("n", 1, 4)), n_trials=3)
    one = optuna.create_study(study_name="one", storage=PLACE)
    one.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    del one, two
    gc.collect()  # as their processes end
    return perceptuna


def test_every_command_shows_a_foreign_study_or_refuses_it_in_one_sentence(foreign: CommandLine) -> None:
    for name in ("one", "several"):
        for words in REFUSING:
            message = foreign.refused(*words.format(name=name).split(), "--storage", PLACE)
            assert f"study '{name}' in {PLACE} {NOT_OURS}" in message, words
        assert "made by another program; choose another name" in foreign.refused(
            "run", name, "--data", "digits", "--storage", PLACE
        )
        assert "is not running" in foreign.refused("stop", name, "--storage", PLACE)

    listed = json.loads(foreign.done("list", "--json", "--storage", PLACE).out)
    assert [(row["study"], row["state"], row["finished"]) for row in listed] == [
        ("several", "foreign", 3),
        ("one", "foreign", 3),
    ]
    assert listed[0]["best"] is None
    assert "several" in foreign.done("list", "--storage", PLACE).out
    foreign.done("storage", "check", "--storage", PLACE)
    foreign.done("storage", "backup", "-o", "copy.db", "--storage", PLACE)
    foreign.done("delete", "several", "--yes", "--storage", PLACE)
