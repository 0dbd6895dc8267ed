"""A study on a virtual clock: the real sampler and pruner, trainings as `benchmarks.tables_surrogate` tells them.

As under perceptuna's driver, a trial is asked when a worker is free, and values arrive in the order of the clock. A
trial that runs at the deadline counts for nothing.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np

from benchmarks.tables_curves import EPOCHS
from benchmarks.tables_surrogate import Surrogate, Training
from benchmarks.tables_time_rungs import Curve, falls_behind, rung_seconds
from search.policies import pruners
from search.policies.cost import chance
from search.policies.samplers import build_sampler, seed_sampler
from search.settings.settings import StudySettings
from search.study.enqueueing import suggest
from search.study.planned_trial import PlannedTrial
from search.study.trial_facts import enqueue_trial
from search.study.trial_record import asked_record
from spaces import known_configurations

if TYPE_CHECKING:
    import optuna

WORKERS = 2
_DRAWS = 20
"""As perceptuna has it: of so many draws that are all too dear the cheapest is tried."""


@dataclass(frozen=True)
class Policy:
    """What a study does.

    Attributes:
        sampler: a setting's, or `draws`: the recorded draws in random order, without the surrogate.
        rung: `asha` compares after this share of the epochs, or with `by_time` of the seconds that they usually take.
        known: whether known configurations come first, which nothing ends.
        power: a draw that costs more than its fair share is tried with the probability (fair / cost) ** power.
        room: the fair share is the worker-seconds left over this number.
    """

    sampler: str = "tpe"
    pruner: str = "asha"
    rung: float = 1 / 3
    by_time: bool = False
    known: bool = True
    power: float = 0.0
    room: int = 20

    def __str__(self) -> str:
        pruner = self.pruner
        if pruner == "asha":
            pruner += f" at {self.rung:.2f}{' of the time' if self.by_time else ''}"
        cost = f", cost ^{self.power:g} over {self.room}" if self.power else ""
        return f"{'known, ' if self.known else ''}{self.sampler}, {pruner}{cost}"


@dataclass(frozen=True)
class End:
    """A trial that ended, worker-seconds of all of the study until then; `value` is None where it was pruned."""

    spent: float
    value: float | None


@dataclass
class _Begun:
    """A trial's training, of which it runs so many `epochs`."""

    start: float
    training: Training
    epochs: int

    def curve(self, clock: float) -> Curve:
        """By then."""
        ran = min(self.epochs, math.floor((clock - self.start) / self.training.per_epoch + 1e-6))
        return Curve(self.training.best[:ran], [self.training.per_epoch] * ran)

    def has_ended(self, clock: float) -> bool:
        return self.start + self.epochs * self.training.per_epoch <= clock


@dataclass
class Replay:
    """One study of at most `budget` worker-seconds; it goes on beyond them until `trials` trials have ended."""

    table: Surrogate
    policy: Policy
    seed: int
    budget: float
    trials: int = 0
    ends: list[End] = field(default_factory=list)
    _clock: float = 0.0
    _begun: list[_Begun] = field(default_factory=list)

    def run(self) -> list[End]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._open()
        queue = [(0.0, number, self._worker()) for number in range(WORKERS)]
        while queue:
            self._clock, number, steps = heapq.heappop(queue)
            moment = next(steps, None)
            if moment is not None:
                heapq.heappush(queue, (moment, number, steps))
        return self.ends

    def _worker(self) -> Iterator[float]:
        """Trial after trial: when something happens next, each time the clock has come to the last."""
        while WORKERS * self._clock < self.budget or len(self.ends) < self.trials:
            yield from self._trial()

    def _trial(self) -> Iterator[float]:
        from optuna.trial import TrialState

        trial, training = self._ask()
        start, value = self._clock, training.best[-1]
        begun = _Begun(start, training, training.epochs)
        self._begun.append(begun)
        for seconds, epochs in self._rungs(training):
            yield start + seconds
            if self._is_hopeless(trial, begun, epochs):
                begun.epochs = epochs
                self._study.tell(trial, state=TrialState.PRUNED)
                self.ends.append(End(WORKERS * self._clock, None))
                return
        yield start + training.seconds
        self._study.tell(trial, value)
        self.ends.append(End(WORKERS * self._clock, value))

    def _rungs(self, training: Training) -> list[tuple[float, int]]:
        """Seconds of training and epochs after which it is compared."""
        rungs = self._epochs_of_rungs
        if self.policy.by_time:
            ended = [one.curve(self._clock) for one in self._begun if one.has_ended(self._clock)]
            third = rung_seconds(ended, EPOCHS)
            rungs = [math.ceil(3 * self.policy.rung * third / training.per_epoch)] if third else []
        return [(rung * training.per_epoch, rung) for rung in rungs if rung < training.epochs]

    def _is_hopeless(self, trial: optuna.Trial, begun: _Begun, epochs: int) -> bool:
        """Whether the trial is ended after so many epochs."""
        import optuna

        training = begun.training
        for epoch in range((trial._cached_frozen_trial.last_step or 0) + 1, epochs + 1):
            trial.report(training.best[epoch - 1], epoch)
        if not self.policy.by_time:
            return optuna.Trial(self._pruning, trial._trial_id).should_prune()
        own = Curve(training.best[:epochs], [training.per_epoch] * epochs)
        rivals = [one.curve(self._clock) for one in self._begun if one is not begun]
        behind = falls_behind(own, rivals, rung=own.ends()[-1], epochs=EPOCHS, direction="minimize")
        return behind and not _is_planned(trial)

    def _ask(self) -> tuple[optuna.Trial, Training]:
        """A trial that the budget has room for."""
        from optuna.trial import TrialState

        dear = []
        for _ in range(_DRAWS):
            trial, training = self._drawn()
            if _is_planned(trial) or self._random.random() < self._chance(training.seconds):
                return trial, training
            self._study.tell(trial, state=TrialState.FAIL)
            dear.append((training.seconds, trial.number, trial, training))
        _, _, trial, training = min(dear)
        self._study.enqueue_trial(trial.params)
        return self._study.ask(trial.distributions), training

    def _drawn(self) -> tuple[optuna.Trial, Training]:
        if self.policy.sampler == "draws" and self._asked() >= self._planned:
            return self._study.ask(), next(self._order)
        seed_sampler(self._study.sampler, self.seed, self._asked())
        trial = self._study.ask()
        return trial, self.table.training(suggest(self.table.space, trial, asked_record(trial).planned))

    def _chance(self, cost: float) -> float:
        if not self.policy.power:
            return 1.0
        left = self.budget / WORKERS - self._clock
        return chance(cost, WORKERS * left / self.policy.room, left) ** self.policy.power

    def _asked(self) -> int:
        """Trials so far, without what waits: planned ones come first."""
        trials = self._study.get_trials(deepcopy=False)
        return sum(trial.state.name != "WAITING" for trial in trials)

    def _open(self) -> None:
        import optuna

        policy = self.policy
        known = known_configurations("regression", "table", 0) if policy.known else []
        self._planned = len(known)
        self._random = np.random.default_rng([self.seed, 2])
        self._order = _in_random_order(self.table.trained, self.seed)
        sampler = "random" if policy.sampler == "draws" else policy.sampler
        settings = StudySettings.model_validate(
            {
                "data": "digits",
                "sampler": sampler,
                "pruner": policy.pruner,
                "epochs": EPOCHS,
                "seed": self.seed,
            }
        )
        storage = optuna.storages.InMemoryStorage()
        self._study = optuna.create_study(
            study_name="one", storage=storage, sampler=build_sampler(settings, 0, len(known))
        )
        with patch.dict(pruners._FIRST_RUNG, {"asha": policy.rung}):
            pruner = pruners.build_pruner(settings)
            self._epochs_of_rungs = (
                pruners.rungs_of(settings) if policy.pruner in ("asha", "hyperband") else []
            )
        # Whoever prunes builds trials, and to build one runs the sampler.
        self._pruning = optuna.load_study(
            study_name="one", storage=storage, sampler=optuna.samplers.RandomSampler(), pruner=pruner
        )
        for one in known:
            planned = PlannedTrial(label=one.name, hyperparameters=one.hyperparameters, to_its_end=True)
            values = self.table.space.params_of(one.hyperparameters)
            enqueue_trial(self._study, values, {"planned": planned})


def _is_planned(trial: optuna.Trial) -> bool:
    return asked_record(trial).planned is not None


def _in_random_order(trained: list[Training], seed: int) -> Iterator[Training]:
    """Each once, then each once again."""
    order = np.random.default_rng([seed, 3])
    while True:
        yield from (trained[at] for at in order.permutation(len(trained)))
