"""Samplers and pruners by the names of the settings, and when a pruner compares trials."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from search.attempts import REQUEUED, original_number
from search.errors import InputError
from search.origin import origin_of
from search.settings import StudySettings

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial


# Optuna's own.
_STARTUP_TRIALS = 10


def build_sampler(
    settings: StudySettings, trials_so_far: int, planned: int = 0
) -> optuna.samplers.BaseSampler:
    """The sampler by name.

    `planned` trials were chosen by somebody else: `tpe` draws as many at random as without them before it trusts
    what it has seen, lest it looks only where they are.

    Its seed depends on the number of trials so far: the study's own seed would repeat the start-up points
    of the first run whenever a study is resumed. (`tpe`, `random` and `cmaes` are seeded anew for each trial.)

    Raises:
        InputError: `gp` without PyTorch.
    """
    import numpy as np
    from optuna import samplers

    seed = int(np.random.SeedSequence([settings.seed, trials_so_far]).generate_state(1)[0])
    match settings.sampler:
        case "tpe":
            return _tpe(seed, _STARTUP_TRIALS + planned)
        case "random":
            return samplers.RandomSampler(seed=seed)
        case "qmc":
            return samplers.QMCSampler(seed=seed)
        case "cmaes":
            # Choices, and what only some trials have, by tpe: CMA-ES has no numbers for them.
            other = _tpe(seed, _STARTUP_TRIALS + planned)
            return samplers.CmaEsSampler(
                seed=seed, independent_sampler=other, warn_independent_sampling=False
            )
        case "gp":
            import importlib.util

            if importlib.util.find_spec("torch") is None:
                raise InputError("--sampler gp: needs PyTorch; install perceptuna[gp], or choose tpe")
            return samplers.GPSampler(seed=seed)


def _tpe(seed: int, startup: int) -> optuna.samplers.TPESampler:
    """TPE that chooses each hyperparameter by itself.

    Jointly, which is Optuna's default, it copies its few best trials in all of their choices at once, and stays there
    (docs/results/policies.md).
    """
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed, n_startup_trials=startup, multivariate=False)


def seed_sampler(sampler: optuna.samplers.BaseSampler, study_seed: int, original: int) -> None:
    """What is drawn for a configuration depends on its number, not on what was drawn before.

    So a study that is resumed proposes what it would have proposed without the interruption. (Optuna's own
    `reseed_rng` takes no seed; a new sampler for each trial would lose what it has computed of the trials.)
    `qmc` counts its points itself, `gp` and the state of `cmaes` depend on more than a generator.
    """
    import numpy as np
    from optuna.samplers import CmaEsSampler, RandomSampler, TPESampler

    seed = np.random.SeedSequence([study_seed, original, 1]).generate_state(1)[0]
    if isinstance(sampler, CmaEsSampler):
        sampler._cma_rng.rng.seed(seed)
        sampler = sampler._independent_sampler
    if isinstance(sampler, TPESampler):
        sampler._rng.rng.seed(seed)
        sampler = sampler._random_sampler
    if isinstance(sampler, RandomSampler):
        sampler._rng.rng.seed(seed)


# The first comparison of `asha` is late and lenient: what falls to a good end by cosine, or learns slowly under strong
# regularisation, is behind for a third of its epochs (docs/results/policies.md).
_FIRST_RUNG = {"hyperband": 1 / 10, "asha": 1 / 3, "median": 1 / 10, "none": 1.0}
_REDUCTION_FACTOR = {"hyperband": 3, "asha": 2}


def reduction_factor(pruner: str) -> int:
    """One trial in how many goes on from a rung of `hyperband` or `asha`."""
    return _REDUCTION_FACTOR[pruner]


def first_rung(settings: StudySettings) -> int:
    """Epochs before the earliest comparison."""
    return max(1, round(settings.epochs * _FIRST_RUNG[settings.pruner]))


def rungs_of(settings: StudySettings) -> list[int]:
    """Epochs after which `hyperband` or `asha` compares trials: the first rung, then so many times as many.

    None in the second half: to end a trial there saves little and loses its value.
    """
    start, factor = first_rung(settings), reduction_factor(settings.pruner)
    reached = (start * factor**power for power in range(20))
    return [rung for rung in reached if 2 * rung <= settings.epochs]


def build_pruner(settings: StudySettings) -> optuna.pruners.BasePruner:
    """The pruner by name."""
    from optuna import pruners

    class Hyperband(pruners.HyperbandPruner):
        """Hyperband by best values so far; a configuration counts once, in the bracket of its original number."""

        def __init__(self, last_rung: int, **values: Any) -> None:
            super().__init__(**values)
            self._last_rung = last_rung
            self._known: dict[int, int] = {}

        def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
            if (trial.last_step or 0) > self._last_rung:
                return False
            return super().prune(study, with_best_so_far(trial, study.direction.name))

        def _get_bracket_id(self, study: optuna.Study, trial: FrozenTrial) -> int:
            if REQUEUED in trial.user_attrs:
                return -1
            if not self._pruners:
                # Who only samples has no brackets: all trials are in 0, and a sampler is to learn from all. Nor does
                # a worker have them yet when it opens its first trial.
                return 0
            number = original_number(trial)
            if number not in self._known:
                # For each trial it is asked several times a trial: at a thousand, a fifth of a driver's time.
                numbered: Any = SimpleNamespace(number=number)
                self._known[number] = super()._get_bracket_id(study, numbered)
                origin = origin_of(trial)
                if origin is not None and origin.bracket is not None:
                    self._known[number] = origin.bracket
            return self._known[number]

    start = first_rung(settings)
    match settings.pruner:
        case "hyperband" | "asha":
            # Successive halving is hyperband of one bracket; Optuna's own counts lost attempts as rivals.
            most = settings.epochs if settings.pruner == "hyperband" else start
            factor, last = reduction_factor(settings.pruner), max(rungs_of(settings), default=0)
            return Hyperband(last, min_resource=start, max_resource=most, reduction_factor=factor)
        case "median":
            return pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=start)
        case "none":
            return pruners.NopPruner()


def with_best_so_far(trial: FrozenTrial, direction: str) -> FrozenTrial:
    """`trial` as if its last report were its best one so far, which is what it would be worth if it ended now.

    A single epoch at a high rate of learning tells less of the end: with batch normalization it can be far below the
    one before.
    """
    reported = trial.intermediate_values
    if not reported:
        return trial
    best = max(reported.values()) if direction == "MAXIMIZE" else min(reported.values())
    seen = copy.copy(trial)
    seen.intermediate_values = {**reported, max(reported): best}
    return seen


def bracket_in(pruner: optuna.pruners.BasePruner, study: optuna.Study, trial: FrozenTrial) -> int | None:
    """Which of the `brackets` of its settings `pruner` compares `trial` in; None for a pruner without brackets."""
    from optuna.pruners import HyperbandPruner

    if not isinstance(pruner, HyperbandPruner):
        return None
    if not pruner._pruners:
        pruner._try_initialization(study)
    return pruner._get_bracket_id(study, trial)


@dataclass(frozen=True)
class Bracket:
    """Trials that are compared with each other, after the epochs in `rungs`; `share` of all trials are in it."""

    share: float
    rungs: list[int]


def brackets(settings: StudySettings) -> list[Bracket]:
    """Those of `hyperband` and `asha`; for `median` the epoch of its first comparison; none without pruning.

    Number and shares of hyperband's are Optuna's own (Li et al. 2018, algorithm 1); each begins one rung later.
    """
    start, epochs = first_rung(settings), settings.epochs
    match settings.pruner:
        case "none":
            return [Bracket(1.0, [])]
        case "median":
            return [Bracket(1.0, [start] if start < epochs else [])]
        case "asha":
            return [Bracket(1.0, rungs_of(settings))]
        case "hyperband":
            rungs, factor = rungs_of(settings), reduction_factor("hyperband")
            count = math.floor(math.log(epochs / start, factor)) + 1
            weights = [math.ceil(count * factor**s / (s + 1)) for s in reversed(range(count))]
            return [Bracket(weight / sum(weights), rungs[k:]) for k, weight in enumerate(weights)]


def describe_rungs(settings: StudySettings) -> str:
    """When the pruner compares trials, in a sentence."""
    start, found = first_rung(settings), brackets(settings)
    match settings.pruner:
        case "none":
            return "pruning: none, every trial may run all its epochs"
        case "median":
            return f"pruning: median, after each epoch from epoch {start} on, once 5 trials are complete"
        case "asha":
            return f"pruning: asha, the best half goes on after epochs {_join(found[0].rungs)} (of {settings.epochs})"
        case "hyperband":
            shown = "; ".join(f"bracket {k}: {_join(bracket.rungs)}" for k, bracket in enumerate(found))
            return f"pruning: hyperband, the best third goes on after epochs {shown} (of {settings.epochs})"


def _join(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"
