"""A page of trials, and one trial, are read as they are among all: of random studies, whatever their trials came to."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.study.study import NoSuchTrial, Study, load_study
from search.study.trial_facts import attributes_of
from search.study.trial_list import ListedTrial, list_trials
from storage import StorageURL, open_storage

STATES = {"complete", "pruned", "fail", "running", "waiting"}


def random_trial(random: np.random.Generator) -> FrozenTrial:
    """Of any state; one that failed may have been run again, and one that waits or runs may have no parameters yet."""
    state = list(TrialState)[random.integers(len(TrialState))]
    every = {
        "rate": FloatDistribution(1e-4, 1.0, log=True),
        "kind": CategoricalDistribution([None, True, "relu"]),
    }
    drawn = {name: of for name, of in every.items() if state is TrialState.COMPLETE or random.random() < 0.7}
    values = {"rate": float(random.uniform(1e-4, 1.0)), "kind": [None, True, "relu"][random.integers(3)]}
    facts: dict[str, Any] = {"epochs": int(random.integers(1, 9)), "seconds": float(random.random())}
    if state is TrialState.FAIL:
        facts |= (
            {"reason": "the loss is not finite"} if random.random() < 0.5 else {"requeued": "its worker died"}
        )
    value = float(random.choice([0.25, 0.5, math.inf]))
    return create_trial(
        state=state,
        value=value if state in (TrialState.COMPLETE, TrialState.PRUNED) else None,
        params={name: values[name] for name in drawn},
        distributions=drawn,
        intermediate_values=dict.fromkeys(range(random.integers(4)), 0.5),
        user_attrs=attributes_of(facts) if random.random() < 0.8 else {},  # type: ignore[arg-type]
    )


def random_study(url: StorageURL, seed: int) -> Study:
    random, storage = np.random.default_rng(seed), open_storage(url, create=True)
    for name, most in (("before", 3), ("random", 15), ("behind", 3)):
        optuna.create_study(study_name=name, storage=storage).add_trials(
            [random_trial(random) for _ in range(random.integers(1, most))]
        )
    return load_study("random", url)


def listed(study: Study, state: str | None) -> list[ListedTrial]:
    """By reading all."""
    return [
        ListedTrial(
            one.number, one.state.name.lower(), one.value, one.params, one.epochs, one.seconds, one.reason
        )
        for one in study.trials()
        if state in (None, one.state.name.lower())
    ]


@pytest.mark.parametrize("seed", range(3))
def test_pages_and_single_trials_are_those_of_the_whole_study(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = random_study(StorageURL.of_file(tmp_path / "studies.db"), seed)
    all_of_them = study.trials()
    for state in (None, *sorted(STATES)):
        expected = listed(study, state)
        for limit, offset in ((100, 0), (4, 0), (4, 3), (2, len(expected)), (1, 2**40)):
            total, page = list_trials(study, state, limit, offset)
            assert total == len(expected)
            assert page == expected[offset : offset + limit]
            # As JSON has them.
            assert [[*one.params.items()] for one in page] == [
                [*one.params.items()] for one in expected[offset : offset + limit]
            ]
    assert list_trials(study, "COMPLETE", 10, 0) == (0, [])
    for number in (-1, len(all_of_them), 2**70):
        with pytest.raises(NoSuchTrial, match=f"but got {number}"):
            study.trial(number)
    alone = load_study("random", study.url)
    monkeypatch.delattr("optuna.storages._cached_storage._CachedStorage.get_all_trials")  # one is read alone
    for number, one in enumerate(all_of_them):
        assert vars(alone.trial(number).optuna) == vars(one.optuna)
