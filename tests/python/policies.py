"""A sampler and a pruner of a user's own, by names that tests give: `policies:Failing`."""

from __future__ import annotations

from typing import Any

import optuna

seeds: list[int] = []


class Failing(optuna.samplers.RandomSampler):
    """As one that asks a server which is away."""

    def sample_independent(self, study: Any, trial: Any, name: str, distribution: Any) -> Any:
        raise ConnectionError("the server of proposals is away")


class Kept(optuna.samplers.RandomSampler):
    """Holds nothing under the name of its argument."""

    def __init__(self, places: list[str]) -> None:
        super().__init__()
        self.joined = "".join(places)


def seeded(seed: int) -> optuna.samplers.BaseSampler:
    seeds.append(seed)
    return optuna.samplers.QMCSampler(seed=seed, scramble=True)


def nothing() -> None:
    """Forgot to return it."""


strict = optuna.pruners.ThresholdPruner(upper=0.0)
