"""Samplers and pruners against each other, on learning curves that were recorded once.

    python -m benchmarks.policies [--studies 30] [--only PART,…] [--workers 2] [--quick]

A study asks its real sampler and its real pruner, as perceptuna builds them, or other settings of Optuna's; what a
trial would have reported is read from the recorded configuration nearest to the one proposed (benchmarks/recorded.py)
or, over the whole preset `mlp`, from what trees learned of them (benchmarks/surrogate.py), so that a study of hours
takes seconds. Every study may spend the same epochs, those of `BUDGET` trials that run to their end. What counts is
the regret at a share of that budget: the best value among all recorded, less that of the best complete trial so far,
in points. Studies are paired by seed; a policy's difference to the default has a 95 % interval by bootstrap over seeds.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, product
from multiprocessing import get_context
from typing import Any, Protocol

import numpy as np

from benchmarks.draws import DRAWS
from benchmarks.grid import Grid
from benchmarks.measure import write_result
from benchmarks.recorded import EPOCHS, FOLDER, configurations, recorded
from benchmarks.surrogate import surrogate
from search.study.planned import PlannedTrial
from spaces import Hyperparameters, Space, load_baselines

BUDGET = 40
"""Trials whose whole epochs a study may spend."""
SHARES = (0.25, 0.5, 1.0)
SAMPLERS = ("tpe", "random", "qmc", "cmaes")
PRUNERS = ("hyperband", "asha", "median", "none")
# What the settings of perceptuna do not have. `joint`: Optuna's default, which draws all hyperparameters together;
# `alone`: without tpe for the choices.
OTHER_SAMPLERS = ("tpe joint", "tpe 20 at random", "tpe every third at random", "cmaes alone")
# Successive halving: by the best value so far or the last; first comparison after so many epochs of `EPOCHS`, and
# one in how many goes on.
HALVING = {
    "halving 3/3": (True, 3, 3),
    "halving 3/2": (True, 3, 2),
    "halving 6/2": (True, 6, 2),
    "halving 9/3": (True, 9, 3),
    "halving 12/2": (True, 12, 2),
    "halving 9/2 last": (False, 9, 2),
}
OTHER_PRUNERS = ("hyperband last", *HALVING)
DEFAULT = ("tpe", "asha")
AFTER = " after cifar10_mlp"
# Of studies that begin with baselines: `of all` compares what is good with these as well.
AFTER_POLICIES = (DEFAULT, ("tpe of all", "asha"), ("random", "asha"))


@dataclass(frozen=True)
class Study:
    """One replayed study: regret in points at each of `SHARES`, and how many trials it began."""

    data: str
    sampler: str
    pruner: str
    seed: int
    regret: list[float]
    trials: int


class Curves(Protocol):
    """A space, and what a training of any of its configurations would report: validation accuracy after each epoch."""

    @property
    def space(self) -> Space: ...

    @property
    def ceiling(self) -> float:
        """The best value to be found."""
        ...

    def curve(self, hyperparameters: Hyperparameters) -> list[float]: ...


def curves_of(data: str) -> Curves:
    """Of the grid, or, as `NAME over mlp`, of the preset; with `AFTER` the study begins with baselines."""
    name, _, preset = data.removesuffix(AFTER).partition(" over ")
    return surrogate(name) if preset else Grid(name)


def replayed(data: str, sampler: str, pruner: str, seed: int) -> Study:
    """One study, trial by trial, until its epochs are spent; those of baselines come on top."""
    import optuna
    from optuna.trial import TrialState

    from search.policies.samplers import seed_sampler
    from search.study.planned import PLANNED, entry_of, suggest

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    baselines = planned() if data.endswith(AFTER) else []
    storage = optuna.storages.InMemoryStorage()
    # As a driver and a worker have it: one asks, the other prunes. (A sampler of the study whose pruner is at work
    # sees the trials of one bracket of Hyperband alone.)
    study = optuna.create_study(
        study_name="one",
        storage=storage,
        direction="maximize",
        sampler=_sampler(sampler, seed, len(baselines)),
    )
    for one in baselines:
        study.enqueue_trial({}, user_attrs={PLANNED: entry_of(one)})
    worker = optuna.load_study(study_name="one", storage=storage, pruner=_pruner(pruner))
    curves = curves_of(data)
    ceiling = curves.ceiling
    spent, best, reached = 0, 0.0, dict.fromkeys(SHARES, math.nan)
    while spent < BUDGET * EPOCHS:
        seed_sampler(study.sampler, seed, len(study.trials))
        trial = study.ask()
        curve = curves.curve(suggest(curves.space, trial))
        state, epochs = _run(optuna.Trial(worker, trial._trial_id), curve)
        spent += epochs if len(study.trials) > len(baselines) else 0
        study.tell(trial, max(curve) if state is TrialState.COMPLETE else None, state)
        for share in SHARES:
            if spent > share * BUDGET * EPOCHS and math.isnan(reached[share]):
                reached[share] = 100 * (ceiling - best)
        if state is TrialState.COMPLETE:
            best = max(best, *curve)
    last = [100 * (ceiling - best) if math.isnan(value) else value for value in reached.values()]
    return Study(data, sampler, pruner, seed, [round(value, 3) for value in last], len(study.trials))


def planned() -> list[PlannedTrial]:
    """The 25 baselines that come along."""
    return [
        PlannedTrial(label=one.name, hyperparameters=one.hyperparameters)
        for one in load_baselines("cifar10_mlp")
    ]


def _sampler(name: str, seed: int, baselines: int) -> Any:
    from optuna.samplers import CmaEsSampler, TPESampler

    class SometimesRandom(TPESampler):
        """As BOHB has it (Falkner et al. 2018): a third of all configurations at random, whatever was seen."""

        def sample_independent(self, study: Any, trial: Any, name: str, distribution: Any) -> Any:
            if trial.number % 3 == 0:
                return self._random_sampler.sample_independent(study, trial, name, distribution)
            return super().sample_independent(study, trial, name, distribution)

    from search.policies.samplers import build_sampler
    from search.settings.settings import StudySettings

    match name:
        case "tpe joint":
            return TPESampler(seed=seed)
        case "tpe of all":
            return TPESampler(seed=seed, multivariate=False, n_startup_trials=10 + baselines)
        case "tpe 20 at random":
            return TPESampler(seed=seed, multivariate=False, n_startup_trials=20)
        case "tpe every third at random":
            return SometimesRandom(seed=seed, multivariate=False)
        case "cmaes alone":
            return CmaEsSampler(seed=seed, warn_independent_sampling=False)
        case _:
            return build_sampler(
                StudySettings.model_validate({"data": "digits", "sampler": name, "seed": seed}), 0, baselines
            )


def _pruner(name: str) -> Any:
    from optuna.pruners import HyperbandPruner, SuccessiveHalvingPruner

    from search.policies.pruners import build_pruner, first_rung, with_best_so_far
    from search.settings.settings import StudySettings

    class Halving(SuccessiveHalvingPruner):
        def prune(self, study: Any, trial: Any) -> bool:
            return super().prune(study, with_best_so_far(trial, study.direction.name))

    settings = StudySettings(data="digits", pruner="hyperband", epochs=EPOCHS)
    if name == "hyperband last":
        return HyperbandPruner(min_resource=first_rung(settings), max_resource=EPOCHS)
    if name in HALVING:
        best, first, factor = HALVING[name]
        return (Halving if best else SuccessiveHalvingPruner)(min_resource=first, reduction_factor=factor)
    return build_pruner(StudySettings.model_validate({"data": "digits", "pruner": name, "epochs": EPOCHS}))


def _run(trial: Any, curve: list[float]) -> tuple[Any, int]:
    """How a trial of this curve ends, and after how many epochs."""
    from optuna.trial import TrialState

    for epoch, value in enumerate(curve, start=1):
        if value <= 0:  # not finite
            return TrialState.PRUNED, epoch
        trial.report(value, epoch)
        if epoch < EPOCHS and trial.should_prune():
            return TrialState.PRUNED, epoch
    return (TrialState.COMPLETE if len(curve) == EPOCHS else TrialState.PRUNED), len(curve)


def difference(theirs: list[float], ours: list[float]) -> tuple[float, float, float]:
    """Mean of their regret less ours, study by study, with a 95 % percentile interval of 10,000 resamples."""
    apart = np.subtract(theirs, ours)
    resampled = np.random.default_rng(0).choice(apart, (10_000, len(apart))).mean(axis=1)
    low, high = np.percentile(resampled, [2.5, 97.5])
    return float(apart.mean()), float(low), float(high)


def kept(curves: list[list[float]], epoch: int, share: float, best: float = 0.05) -> float:
    """How many of the configurations that end among the best are in the best `share` by the best value so far."""

    def first(upto: int, part: float) -> set[int]:
        ordered = sorted(range(len(curves)), key=lambda index: -max(curves[index][:upto]))
        return set(ordered[: round(part * len(curves))])

    final = first(EPOCHS, best)
    return len(final & first(epoch, share)) / len(final)


def survival(data: str) -> Iterator[str]:
    """A Markdown table: what a comparison after some epochs keeps of what ends among the best twentieth."""
    epochs, shares = (1, 3, 5, 7, 9, 13, 18), {"third": 1 / 3, "half": 1 / 2, "two thirds": 2 / 3}
    yield f"\n**{data}**: of the best 5 % after {EPOCHS} epochs\n"
    yield f"| among the best | {' | '.join(f'after {epoch}' for epoch in epochs)} |"
    yield "|---" * (1 + len(epochs)) + "|"
    for name, share in shares.items():
        cells = [f"{kept(recorded(data), epoch, share):.0%}" for epoch in epochs]
        yield f"| {name} | {' | '.join(cells)} |"
    yield f"\n{best_of_each_optimizer(data)}"


def best_of_each_optimizer(data: str) -> str:
    """`the best of adamw 45.20 %, of sgd 44.70 %`: with rates of learning that suit both."""
    best: dict[str, float] = {}
    for one, curve in zip(configurations(), recorded(data), strict=True):
        best[one.optimizer] = max(best.get(one.optimizer, 0.0), *curve)
    return "the best " + ", ".join(f"of {name} {value:.2%}" for name, value in best.items())


def lines(studies: list[Study]) -> Iterator[str]:
    """A Markdown table for each set of data."""
    for data in sorted({study.data for study in studies}):
        yield f"\n**{data}**\n"
        heads = [f"regret at {share:.0%}" for share in SHARES]
        yield f"| sampler | pruner | trials | {' | '.join(heads)} | worse than {' + '.join(DEFAULT)} by |"
        yield "|---" * (4 + len(SHARES)) + "|"
        by_policy = {
            policy: sorted(
                (one for one in studies if (one.data, one.sampler, one.pruner) == (data, *policy)),
                key=lambda one: one.seed,
            )
            for policy in {(study.sampler, study.pruner) for study in studies if study.data == data}
        }
        default = [study.regret[-1] for study in by_policy[DEFAULT]]
        ordered = sorted(by_policy.items(), key=lambda item: _mean(item[1], -1))
        for (sampler, pruner), found in ordered:
            regrets = [f"{_mean(found, at):.2f}" for at in range(len(SHARES))]
            mean, low, high = difference([study.regret[-1] for study in found], default)
            trials = statistics.mean(study.trials for study in found)
            apart = "" if (sampler, pruner) == DEFAULT else f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"
            yield f"| {sampler} | {pruner} | {trials:.0f} | {' | '.join(regrets)} | {apart} |"


def _mean(studies: list[Study], at: int) -> float:
    return statistics.mean(study.regret[at] for study in studies)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--studies", type=int, default=30, help="seeds of each policy")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="samplers and pruners, by commas")
    parser.add_argument("--quick", action="store_true", help="3 seeds")
    given = parser.parse_args()
    seeds = range(3 if given.quick else given.studies)
    names = sorted(path.stem for path in FOLDER.glob("*.json"))
    drawn = [f"{path.stem} over mlp" for path in sorted(DRAWS.glob("*.json"))]
    if not names:
        raise SystemExit(f"no curves in {FOLDER} yet; record some by `python -m benchmarks.recorded`")
    pruners = (*PRUNERS, *OTHER_PRUNERS)
    policies = {
        *product(SAMPLERS, PRUNERS),
        *product(["tpe", "random"], pruners),
        *product(OTHER_SAMPLERS, ["hyperband", "asha"]),
    }
    jobs = [
        (name, *policy, seed)
        for name, policy, seed in (
            *product((*names, *drawn), sorted(policies), seeds),
            *product([name + AFTER for name in drawn], AFTER_POLICIES, seeds),
        )
        if not given.only or set(policy) <= set(given.only.split(","))
    ]
    for data in drawn:
        known = surrogate(data.partition(" over ")[0])
        print(
            f"{data}: rank correlation of the surrogate with draws it has not seen {known.rank_correlation():.2f}"
        )
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        studies = list(pool.map(replayed, *zip(*jobs, strict=True), chunksize=4))
    rows = [
        {
            "data": one.data,
            "sampler": one.sampler,
            "pruner": one.pruner,
            "seed": one.seed,
            "regret": one.regret,
        }
        for one in studies
    ]
    print("written to", write_result("policies", rows, given.quick))
    for line in (*chain.from_iterable(map(survival, names)), *lines(studies)):
        print(line)


if __name__ == "__main__":
    main()
