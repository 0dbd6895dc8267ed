"""What a study will take: trials, epochs, time, memory and disk, before it starts or while it runs.

The statistics and their assumptions are told in docs/forecast.md, with how far off they were.
"""

from __future__ import annotations

import heapq
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from search.analysis.facts.time_left import time_left
from search.data import DataSpec
from search.driving.remaining import FEWEST, Interval, sums_to_come
from search.forecast.calibration import Costs, TrialCost, structure
from search.policies.cost import least_relative_errors
from search.policies.pruners import REDUCTION_FACTOR, brackets
from search.settings.settings import StudySettings
from search.study.study import Study
from search.training.network.effort import steps, work
from spaces import Space

Array = np.ndarray[Any, Any]

_DRAWS = 200
_MOST_SIMULATED = 2000
_POPULATION = 500


@dataclass(frozen=True)
class Rung:
    """An epoch after which trials are compared, and how many reach it; `bracket` is None where all are counted."""

    bracket: int | None
    epoch: int
    trials: float


@dataclass(frozen=True)
class Forecast:
    """What is still to come. Intervals hold nine times in ten if the assumptions do; sizes are in bytes.

    `epochs` are of all trials together, `pruned` is a share of the trials, `timeout` cuts what takes longer.
    `split` says how rows are split where the user says how.
    """

    basis: str
    trials: int
    workers: int
    seconds: Interval
    epochs: Interval
    pruned: Interval
    rungs: list[Rung]
    worker_memory: int | None
    database_bytes: float | None
    artifact_bytes: float | None
    timeout: float | None
    split: str = ""

    def to_json(self) -> dict[str, Any]:
        told = asdict(self)
        return told if self.split else {name: value for name, value in told.items() if name != "split"}


def forecast_from_costs(costs: Costs, settings: StudySettings, space: Space, spec: DataSpec) -> Forecast:
    """Of a whole study, from a calibration: see docs/forecast.md for the simulation."""
    simulated = min(settings.trials, _MOST_SIMULATED)
    scale = settings.trials / simulated
    random = np.random.default_rng(settings.seed)
    configurations = _Configurations.sampled(space, spec, settings.seed)
    workers = settings.local_workers()
    seconds, epochs, pruned, reached = [], [], [], []
    for _ in range(_DRAWS):
        sample = [costs.trials[i] for i in random.integers(0, len(costs.trials), len(costs.trials))]
        ran, was_pruned, at_rungs = _simulate_epochs(settings, sample, simulated, random)
        lasted = configurations.durations(sample, ran, workers, random)
        seconds.append(costs.start_seconds + _makespan(lasted, workers) * scale)
        epochs.append(ran.sum() * scale)
        pruned.append(was_pruned.mean())
        reached.append(at_rungs)
    mean_epochs = float(np.mean(epochs))
    places = [(k, rung) for k, bracket in enumerate(brackets(settings)) for rung in bracket.rungs]
    return Forecast(
        basis=f"a calibration of {len(costs.trials)} configurations in {costs.seconds:.0f} s",
        trials=settings.trials,
        workers=workers,
        seconds=Interval.of(seconds),
        epochs=Interval.of(epochs),
        pruned=Interval.of(pruned),
        rungs=[
            Rung(bracket, epoch, float(count) * scale)
            for (bracket, epoch), count in zip(places, np.mean(reached, axis=0), strict=True)
        ],
        worker_memory=costs.worker_memory,
        database_bytes=costs.tables_bytes
        + costs.trial_bytes * settings.trials
        + costs.epoch_bytes * mean_epochs,
        artifact_bytes=costs.artifact_bytes * settings.trials + costs.model_bytes,
        timeout=settings.timeout,
    )


def forecast_from_study(study: Study, settings: StudySettings) -> Forecast | None:
    """Of what is left of a study, from its trials so far: what comes is taken to be like what came.

    None while fewer than three trials have ended beside the first of each worker.
    """
    finished = study.finished()
    workers, left = settings.local_workers(), max(0, settings.trials - len(finished))
    seconds = time_left(study, settings)
    if seconds is None or len(finished) < workers + FEWEST:
        return None
    ran = np.array([len(trial.intermediate_values) for trial in finished], dtype=float)
    pruned = np.array([trial.state.name == "PRUNED" for trial in finished], dtype=float)
    rungs = sorted({rung for bracket in brackets(settings) for rung in bracket.rungs})
    return Forecast(
        basis=f"the {len(finished)} trials of the study so far",
        trials=left,
        workers=workers,
        seconds=seconds,
        epochs=Interval.of(sums_to_come(ran, left, len(finished))),
        pruned=Interval.of(sums_to_come(pruned, left, len(finished)) / max(1, left)),
        rungs=[Rung(None, rung, float((ran >= rung).mean() * left)) for rung in rungs],
        worker_memory=None,
        database_bytes=None,
        artifact_bytes=None,
        timeout=settings.timeout,
    )


def _simulate_epochs(
    settings: StudySettings, sample: list[TrialCost], trials: int, random: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Epochs of each trial, whether it was pruned, and how many trials reached each rung of each bracket.

    Values come in random order, so the n-th at a rung is among the best third with probability
    max(1, n // 3) / n (the best half: n // 2), whatever came before (Rényi 1962: relative ranks are independent).
    Optuna lets the best of the first two go on as well.
    """
    ends = [cost.epochs for cost in sample if cost.whole] or [settings.epochs]
    ran = random.choice(np.minimum(ends, settings.epochs), trials)
    pruned = np.zeros(trials, dtype=bool)
    found = brackets(settings)
    bracket = random.choice(len(found), trials, p=[one.share for one in found])
    reached = []
    for k, one in enumerate(found):
        alive = bracket == k
        for rung in one.rungs:
            arrived = np.flatnonzero(alive & (ran >= rung))
            order = np.arange(1, arrived.size + 1)
            if settings.pruner == "median":
                goes_on = np.where(order <= 5, 1.0, 0.5)
            else:
                goes_on = np.maximum(1, order // REDUCTION_FACTOR[settings.pruner]) / order
            out = arrived[(random.random(arrived.size) >= goes_on) & (rung < settings.epochs)]
            ran[out], pruned[out], alive[out] = rung, True, False
            reached.append(arrived.size)
    return ran, pruned, np.array(reached)


@dataclass(frozen=True)
class _Configurations:
    """A random sample of the space by what drives the cost of an epoch."""

    features: Array
    structures: Array

    @classmethod
    def sampled(cls, space: Space, spec: DataSpec, seed: int) -> _Configurations:
        import optuna

        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
        rows = spec.rows.train
        found = [space.suggest(study.ask()) for _ in range(_POPULATION)]
        keys: dict[object, int] = {}
        return cls(
            features=np.array([[1.0, steps(rows, h.batch_size), work(h, spec)] for h in found]),
            structures=np.array([keys.setdefault(structure(h, spec), len(keys)) for h in found]),
        )

    def durations(
        self, sample: list[TrialCost], ran: Array, workers: int, random: np.random.Generator
    ) -> Array:
        """Seconds of trials of random configurations that run `ran` epochs."""
        chosen = random.integers(0, len(self.features), ran.size)
        fit = _fit(sample)
        epoch = np.maximum(self.features[chosen] @ fit, 1e-6)
        # How far single configurations lie from the fit.
        measured = np.array([cost.epoch_seconds for cost in sample])
        fitted = np.maximum(_features(sample) @ fit, 1e-6)
        epoch *= random.choice(measured / fitted, ran.size)
        before = np.array([cost.before for cost in sample])
        after = np.array([cost.after for cost in sample])
        lasted = ran * epoch + random.choice(after, ran.size) + before.min()
        # A worker compiles for the first trial of each structure alone.
        pairs = self.structures[chosen] * workers + np.arange(ran.size) % workers
        first = np.unique(pairs, return_index=True)[1]
        lasted[first] += random.choice(before, first.size) - before.min()
        return np.asarray(lasted)


def _features(sample: list[TrialCost]) -> Array:
    return np.array([[1.0, cost.steps, cost.work] for cost in sample])


def _fit(sample: list[TrialCost]) -> Array:
    """Seconds of an epoch as a constant, a part for each step, and a part for each row and parameter, none negative."""
    seconds = np.maximum([cost.epoch_seconds for cost in sample], 1e-6)
    return least_relative_errors(_features(sample), seconds)


def _makespan(lasted: Array, workers: int) -> float:
    """Seconds until the last trial ends when each goes to the worker that is free first."""
    free = [0.0] * min(workers, lasted.size)
    for seconds in lasted:
        heapq.heapreplace(free, free[0] + float(seconds))
    return max(free)
