"""Where studies stand is counted in the database as it is counted of trials that are read."""

from __future__ import annotations

import json
import math
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from search.study.origin import Origin
from search.study.standing import Standing, standing, standings
from search.study.study import load_study, study_names
from search.study.trial_facts import TrialFacts, attributes_of
from storage import DatabaseUnusable, StorageURL, open_storage
from storage.reading import KNOWN_REVISION, current_revision

COMPARABLE = Origin(study="old", trial=2, epochs=9, patience=3)
OTHER = Origin(study="old", trial=3, epochs=9, patience=3, different=("data",))


def trial(value: float | None, state: TrialState = TrialState.COMPLETE, **facts: Any) -> Any:
    kept: TrialFacts = {**facts}  # type: ignore[typeddict-item]
    return create_trial(value=value, state=state, user_attrs=attributes_of(kept))


TRIALS = {
    "empty": [],
    "plain": [trial(0.5), trial(0.75), trial(0.9, TrialState.PRUNED), trial(None, TrialState.FAIL)],
    "open": [trial(0.5), trial(None, TrialState.WAITING), trial(None, TrialState.RUNNING)],
    "lost": [
        trial(None, TrialState.FAIL, requeued="its worker died"),
        trial(None, TrialState.PRUNED, infeasible="needs 9 GB"),
        trial(0.25, TrialState.PRUNED),
    ],
    "adopted": [trial(0.5), trial(0.625, adopted=COMPARABLE), trial(0.75, adopted=OTHER)],
    "adopted alone": [trial(0.75, adopted=OTHER)],
    "boundless": [trial(math.inf), trial(-math.inf), trial(0.5)],
}


def counted_otherwise(url: StorageURL) -> list[Standing]:
    return [standing(load_study(name, url)) for name in study_names(url)]


def figures(of: list[Standing]) -> list[tuple[str, int, float | None, str]]:
    return [(one.name, one.finished, one.best, json.dumps(dict(one.record.stored))) for one in of]


def test_standings_are_those_of_the_trials(url: StorageURL) -> None:
    assert standings(url) == []
    storage = open_storage(url, create=True)
    assert standings(url) == []
    for direction in ("maximize", "minimize"):
        for name, trials in TRIALS.items():
            made = optuna.create_study(study_name=f"{name} {direction}", storage=storage, direction=direction)
            made.set_user_attr("companion_of", name)
            made.add_trials(trials)
    several = optuna.create_study(study_name="two aims", storage=storage, directions=["minimize"] * 2)
    several.add_trial(create_trial(values=[1.0, 2.0]))
    found = figures(standings(url))
    assert found == figures(counted_otherwise(url))
    by_name = {name: (finished, best) for name, finished, best, _ in found}
    assert by_name["plain maximize"] == (4, 0.75)
    assert by_name["lost minimize"] == (1, None)
    assert by_name["adopted maximize"] == (1, 0.625)
    assert by_name["boundless minimize"] == (3, -math.inf)
    assert by_name["two aims"] == (1, None)


def test_the_revision_that_is_known_is_that_of_the_installed_optuna() -> None:
    assert current_revision() == KNOWN_REVISION


def test_a_database_of_another_version_is_refused_as_it_is_for_who_reads_trials(
    sqlite_url: StorageURL,
) -> None:
    storage = open_storage(sqlite_url, create=True)
    optuna.create_study(study_name="one", storage=storage)
    with storage._backend.engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = 'v3.0.0.d'")
    with pytest.raises(DatabaseUnusable, match="perceptuna storage upgrade"):
        standings(sqlite_url)
