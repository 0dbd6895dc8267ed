"""Pruners by the names of the settings, and when they compare trials: rungs and brackets."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from search.policies.behind import BEHIND, is_behind
from search.policies.first_aim import ByFirstAim, can_be_pruned, is_in_the_way, takes
from search.settings.own_policies import is_own, own_pruner
from search.study.trial_record import TrialRecord, TrialRecords

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

    from search.settings.settings import StudySettings

# The first comparison of `asha` is late and lenient: what falls to a good end by cosine, or learns slowly under strong
# regularisation, is behind for a third of its epochs (docs/results/policies.md).
_FIRST_RUNG = {"hyperband": 1 / 10, "asha": 1 / 3, "median": 1 / 10, "none": 1.0}
REDUCTION_FACTOR = {"hyperband": 3, "asha": 2}
"""One trial in how many goes on from a rung."""
FIRST_FOLD = 1
"""The rung of `asha` in a study of folds, whose trials report after each fold."""


def first_rung(settings: StudySettings) -> int:
    """Epochs before the earliest comparison."""
    return max(1, round(settings.epochs * _FIRST_RUNG.get(settings.pruner, 1.0)))


def rungs_of(settings: StudySettings) -> list[int]:
    """Epochs after which `asha` compares trials, once, or `hyperband`: the first rung, then so many times as many.

    None in the second half: to end a trial there saves little and loses its value.
    """
    start, factor = first_rung(settings), REDUCTION_FACTOR[settings.pruner]
    reached = (start * factor**power for power in range(1 if settings.pruner == "asha" else 20))
    return [rung for rung in reached if 2 * rung <= settings.epochs]


def is_asked_after(epoch: int, settings: StudySettings) -> bool:
    """Whether the pruner can end a trial of one split after `epoch`; elsewhere it need not be asked."""
    match settings.pruner:
        case "none":
            return False
        case "median":
            return epoch >= first_rung(settings)
        case "asha" | "hyperband":
            return epoch in rungs_of(settings)
        case _:  # nobody knows of one of the user's own
            return True


def build_pruner(settings: StudySettings) -> optuna.pruners.BasePruner:
    """The pruner of the settings.

    Raises:
        InputError: one of the user's own cannot be made.
    """
    from optuna import pruners

    records = TrialRecords()

    def rivals_of(trial: TrialRecord) -> Callable[[FrozenTrial], bool]:
        """Which trials can keep `trial` from the front: of one aim all, of several those that take no more."""
        if len(settings.aims) < 2:
            return lambda one: True
        own = takes(trial, settings.aims)
        return lambda one: is_in_the_way(takes(records.of(one), settings.aims), own)

    class Hyperband(pruners.HyperbandPruner):
        """Hyperband by best values so far; a configuration counts once, in the bracket of its original number."""

        def __init__(self, last_rung: int, **values: Any) -> None:
            super().__init__(**values)
            self._last_rung = last_rung
            self._asked_about: FrozenTrial | None = None
            self._known: dict[int, int] = {}

        def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
            if (trial.last_step or 0) > self._last_rung or not is_compared(records.of(trial), settings):
                return False
            self._asked_about = trial
            # Asked in any case: that leaves its value at the rung, by which others are measured.
            behind = super().prune(study, with_best_so_far(trial, study.directions[0].name))
            return behind and not runs_to_its_end(records.of(trial))

        def _create_bracket_study(self, study: optuna.Study, bracket_id: int) -> Any:
            if len(study.directions) == 1 or self._asked_about is None:
                return super()._create_bracket_study(study, bracket_id)
            in_the_way = rivals_of(records.of(self._asked_about))
            return ByFirstAim(
                study, lambda one: self._get_bracket_id(study, one) == bracket_id and in_the_way(one)
            )

        def _get_bracket_id(self, study: optuna.Study, trial: FrozenTrial) -> int:
            record = records.of(trial)
            if record.requeued is not None:
                return -1
            if not self._pruners:
                # Who only samples has no brackets: all trials are in 0, and a sampler is to learn from all. Nor does
                # a worker have them yet when it opens its first trial.
                return 0
            number = record.original
            if number not in self._known:
                # For each trial it is asked several times a trial: at a thousand, a fifth of a driver's time.
                numbered: Any = SimpleNamespace(number=number)
                self._known[number] = super()._get_bracket_id(study, numbered)
                if record.adopted is not None and record.adopted.bracket is not None:
                    self._known[number] = record.adopted.bracket
            return self._known[number]

    class Median(pruners.MedianPruner):
        """Median pruning among those that can be compared."""

        def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
            in_the_way = rivals_of(records.of(trial))
            seen: Any = ByFirstAim(
                study, lambda one: is_compared(records.of(one), settings) and in_the_way(one)
            )
            record = records.of(trial)
            if runs_to_its_end(record) or not is_compared(record, settings):
                return False
            return super().prune(seen, trial)

    class OfFolds(pruners.BasePruner):
        """The better half goes on after the first fold; later, whoever is not behind the best one."""

        def __init__(self) -> None:
            self._halving = Hyperband(FIRST_FOLD, min_resource=1, max_resource=1, reduction_factor=2)

        def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
            if self._halving.prune(study, trial):
                return True
            seen: Any = ByFirstAim(study, rivals_of(records.of(trial)))
            best = best_of_folds(seen, records)
            if best is None or runs_to_its_end(records.of(trial)):
                return False
            maximize = study.directions[0].name == "MAXIMIZE"
            return is_behind(trial.intermediate_values, best.intermediate_values, maximize=maximize)

    class Own(pruners.BasePruner):
        """One of the user's own, asked of trials that a comparison may end."""

        def __init__(self, own: optuna.pruners.BasePruner) -> None:
            self._own = own

        def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
            record = records.of(trial)
            may_end = is_compared(record, settings) and not runs_to_its_end(record)
            seen: Any = ByFirstAim(study, rivals_of(record)) if len(study.directions) > 1 else study
            return may_end and self._own.prune(seen, trial)

    if not can_be_pruned(settings.aims):
        return pruners.NopPruner()
    if is_own(settings.pruner):
        return Own(own_pruner(settings.pruner))
    if settings.folds is not None:
        return pruners.NopPruner() if settings.pruner == "none" else OfFolds()
    start = first_rung(settings)
    match settings.pruner:
        case "hyperband" | "asha":
            # Successive halving is hyperband of one bracket; Optuna's own counts lost attempts as rivals.
            most = settings.epochs if settings.pruner == "hyperband" else start
            factor, last = REDUCTION_FACTOR[settings.pruner], max(rungs_of(settings), default=0)
            return Hyperband(last, min_resource=start, max_resource=most, reduction_factor=factor)
        case "median":
            return Median(n_startup_trials=5, n_warmup_steps=start)
        case _:
            return pruners.NopPruner()


def should_prune(trial: optuna.Trial) -> bool:
    """Optuna's question, also in a study of several aims, where Optuna refuses to ask it."""
    if len(trial.study.directions) == 1:
        return trial.should_prune()
    return trial.study.pruner.prune(trial.study, trial.study._storage.get_trial(trial._trial_id))


def best_of_folds(study: optuna.Study, records: TrialRecords) -> TrialRecord | None:
    """The best complete trial whose folds are those of `study`; None where none is complete."""
    from optuna.trial import TrialState

    complete = records.all(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    comparable = [trial for trial in complete if trial.is_comparable and trial.value is not None]
    sign = 1.0 if study.direction.name == "MAXIMIZE" else -1.0
    return max(comparable, key=lambda trial: sign * (trial.value or 0.0), default=None)


def is_compared(trial: TrialRecord, settings: StudySettings) -> bool:
    """Whether `trial` is compared with others after the same epoch, as one that is judged and as a rival.

    One that has fewer epochs of its own, as a baseline may, is further down its cosine there: it would look better
    than it is beside those that still learn at a high rate. It runs to its own end, and others are not measured by it.
    """
    return trial.limits(settings)[0] >= settings.epochs


def runs_to_its_end(trial: TrialRecord) -> bool:
    """Whether no comparison ends `trial`, whatever it shows: so with known configurations."""
    return trial.planned is not None and trial.planned.to_its_end


def with_best_so_far(trial: FrozenTrial, direction: str) -> FrozenTrial:
    """`trial` as if its last report were its best one so far, which is what it would be worth if it ended now.

    A single epoch at a high learning rate tells less of the end: with batch normalization it can be far below the
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
    """Trials that are compared with each other, after the epochs in `rungs`; `share` of all trials are in it.

    In a study of folds rungs are folds.
    """

    share: float
    rungs: list[int]


def brackets(settings: StudySettings) -> list[Bracket]:
    """Those of `hyperband` and `asha`; for `median` the epoch of its first comparison; none without pruning.

    Of a pruner of the user's own nobody knows when it compares: it is taken for none.

    Number and shares of hyperband's are Optuna's own (Li et al. 2018, algorithm 1); each begins one rung later.
    """
    start, epochs = first_rung(settings), settings.epochs
    if settings.pruner == "none" or is_own(settings.pruner) or not can_be_pruned(settings.aims):
        return [Bracket(1.0, [])]
    if settings.folds is not None:
        return [Bracket(1.0, [FIRST_FOLD])]
    match settings.pruner:
        case "median":
            return [Bracket(1.0, [start] if start < epochs else [])]
        case "asha":
            return [Bracket(1.0, rungs_of(settings))]
        case _:
            rungs, factor = rungs_of(settings), REDUCTION_FACTOR["hyperband"]
            count = math.floor(math.log(epochs / start, factor)) + 1
            weights = [math.ceil(count * factor**s / (s + 1)) for s in reversed(range(count))]
            return [Bracket(weight / sum(weights), rungs[k:]) for k, weight in enumerate(weights)]


def describe_rungs(settings: StudySettings) -> str:
    """When the pruner compares trials, in a sentence; and with which others, where there are several aims."""
    told = _when(settings)
    alone = settings.pruner == "none" or len(settings.aims) < 2 or not can_be_pruned(settings.aims)
    return told if alone else f"{told}; each is compared with those that take no more than it does"


def _when(settings: StudySettings) -> str:
    start, found = first_rung(settings), brackets(settings)
    if settings.pruner != "none" and not can_be_pruned(settings.aims):
        return (
            "pruning: none, every trial may run all its epochs; what it will reach in a second metric is not known "
            "before its end"
        )
    if is_own(settings.pruner):
        steps = "epoch" if settings.folds is None else "fold"
        return f"pruning: {settings.pruner}, asked after each {steps}"
    if settings.folds is not None and settings.pruner != "none":
        return (
            f"pruning: asha, the best half goes on after the first of {settings.folds} folds; after each later one, "
            f"trials end that are behind the best (signed ranks, p < {BEHIND:g})"
        )
    match settings.pruner:
        case "none":
            return "pruning: none, every trial may run all its epochs"
        case "median":
            return f"pruning: median, after each epoch from epoch {start} on, once 5 trials are complete"
        case "asha":
            return f"pruning: asha, the best half goes on after epoch {_join(found[0].rungs)} (of {settings.epochs})"
        case _:
            shown = "; ".join(f"bracket {k}: {_join(bracket.rungs)}" for k, bracket in enumerate(found))
            return f"pruning: hyperband, the best third goes on after epochs {shown} (of {settings.epochs})"


def _join(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"
