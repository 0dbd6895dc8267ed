"""A trial as one typed record, read from Optuna's trial in this file alone; `trial_facts.py` writes it.

The original number names a configuration whatever happens to its attempts: a trial that was lost is run again under a
new number. The original one seeds the sampler, the training and the choice of a bracket, so that an interrupted study
goes on as it would have gone on without the interruption.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from search.study.left_off import LeftOff
from search.study.origin import Origin
from search.study.planned_trial import PlannedTrial
from search.study.trial_facts import TrialFacts, attributes_of
from search.training.stop_reason import Stop

if TYPE_CHECKING:
    from datetime import datetime

    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, TrialState

    from search.settings.settings import StudySettings
    from search.training.decision import Decision
    from spaces import Hyperparameters, Space

ADOPTED = "adopted"
NOT_COUNTED = ("requeued", "infeasible", ADOPTED)
"""What is kept of trials that do not count toward the budget, each by itself; see `TrialRecord.counts`."""
RUNG = "completed_rung_"
"""Optuna's key of what successive halving has compared a trial by, before the rung's number."""


@dataclass(frozen=True, eq=False)
class TrialRecord:
    """One attempt at a configuration. What Optuna knows has Optuna's names; the rest is None where it is not kept.

    It may be `planned` and `adopted` at once: what an earlier study had in its plan, and trained.

    Attributes:
        original: the configuration's number in the study, from 0; equal for all attempts at it.
        times_lost: how often its worker died, in all attempts so far.
        began_anew: why it did not go on from where it was `left_off`.
        requeued: why it was given up and its hyperparameters enqueued again.
        infeasible: why it was never trained.
        reason: why it failed.
        epochs: that it ran; `best_epoch` counts from 1.
        values: one for each aim of its study; `value` is the first, and of a pruned trial the last one reported.
        parameters: weights of the network, as Keras counts them.
        seconds: wall time of the training.
        stop: why the training ended.
        seed: that it was trained with.
        environment: what else the bits of the training depend on (`search.training.environment`).
        stored: all of this as it is stored, by name, for who shows all of it.
        optuna: Optuna's own trial, for who passes it to Optuna.
    """

    number: int
    state: TrialState
    value: float | None
    values: tuple[float, ...] | None
    params: Mapping[str, Any]
    distributions: Mapping[str, BaseDistribution]
    intermediate_values: Mapping[int, float]
    datetime_start: datetime | None
    datetime_complete: datetime | None
    original: int
    times_lost: int
    began_anew: str | None
    requeued: str | None
    infeasible: str | None
    reason: str | None
    epochs: int | None
    best_epoch: int | None
    parameters: int | None
    seconds: float | None
    seed: int | None
    host: str | None
    process: int | None
    environment: Mapping[str, str]
    stored: Mapping[str, Any] = field(repr=False)
    optuna: FrozenTrial = field(repr=False)

    @property
    def reported(self) -> list[float]:
        """What was reported of it, in the order of its steps."""
        return [self.intermediate_values[step] for step in sorted(self.intermediate_values)]

    @cached_property
    def planned(self) -> PlannedTrial | None:
        """The plan's entry that it runs; None for a choice of the sampler."""
        return PlannedTrial.model_validate_json(self.stored["planned"]) if self.is_planned else None

    @cached_property
    def adopted(self) -> Origin | None:
        """Where it came from that an earlier study trained; None for a trial of its own study."""
        return Origin.model_validate_json(self.stored["adopted"]) if self.is_adopted else None

    @cached_property
    def left_off(self) -> LeftOff | None:
        """Where an earlier attempt at it was interrupted, for it to go on from there."""
        written = self.stored.get("left_off")
        return None if written is None else LeftOff.model_validate_json(written)

    def decision(self, metric: str) -> Decision | None:
        """The threshold that its validation rows fitted at its best epoch, in a study that is compared by `metric`."""
        from search.training.decision import Decision

        written = self.stored.get("decision")
        found = None if written is None else Decision.model_validate_json(written)
        return found if found is not None and found.metric == metric.removeprefix("val_") else None

    @property
    def epochs_before(self) -> int:
        """Epochs that an earlier attempt ran, and it goes on from."""
        return self._goes_on.epoch if self._goes_on else 0

    @property
    def seconds_before(self) -> float:
        """That such attempts took, from ask to interruption."""
        return self._goes_on.seconds if self._goes_on else 0.0

    @property
    def _goes_on(self) -> LeftOff | None:
        return self.left_off if self.began_anew is None else None

    @property
    def rungs(self) -> dict[str, float]:
        """What pruning has compared it by so far, by Optuna's keys."""
        return {key: value for key, value in self.optuna.system_attrs.items() if key.startswith(RUNG)}

    @property
    def is_adopted(self) -> bool:
        """Whether an earlier study trained it."""
        return "adopted" in self.stored

    @cached_property
    def stop(self) -> Stop | None:
        written = self.stored.get("stop_reason")
        return None if written is None else Stop.read(str(written))

    @property
    def enqueued(self) -> dict[str, Any]:
        """The hyperparameters that it was enqueued with."""
        return dict(self.optuna.system_attrs.get("fixed_params", {}))

    def at_best(self, metric: str) -> float | None:
        """`metric` by its name on train or on validation rows, or `gap`, at the best epoch."""
        return self.stored.get(metric)

    @property
    def counts(self) -> bool:
        """Whether it counts toward the budget: it was trained, and its end is its own.

        One that is run again under another number does not, nor one that was found too large to be trained, nor one
        that an earlier study trained.
        """
        own = self.requeued is None and self.infeasible is None and not self.is_adopted
        return own and self.state.is_finished()

    @property
    def was_trained(self) -> bool:
        """Whether it was trained to an end that has a value, in its study or in an earlier one that it came from."""
        ended = self.state.name in ("COMPLETE", "PRUNED")
        return ended and self.requeued is None and self.infeasible is None

    @property
    def is_comparable(self) -> bool:
        """Whether it can be ranked with those of its study. A sampler may learn from it all the same."""
        # Asked of each trial: a cached property takes longer than the question.
        return not self.is_adopted or (self.adopted is not None and self.adopted.is_comparable)

    @property
    def is_planned(self) -> bool:
        """Whether it runs an entry of a plan, and is no choice of the sampler."""
        return "planned" in self.stored

    def hyperparameters(self, space: Space) -> Hyperparameters:
        """What it was trained with, fixed and default values included."""
        from optuna.trial import FixedTrial

        return (
            space.suggest(FixedTrial(dict(self.params)))
            if self.planned is None
            else self.planned.hyperparameters
        )

    def describe(self, space: Space) -> str:
        """In a few words; one that was planned begins with its name, one of an earlier study with its origin."""
        names = [] if self.adopted is None else [self.adopted.words()]
        if self.planned is not None:
            names.append(self.planned.label + (" (outside the space)" if self.planned.outside else ""))
        return ": ".join([*names, self.hyperparameters(space).describe()])

    def limits(self, settings: StudySettings) -> tuple[int, int]:
        """Most epochs, and patience: its own where it has them, within those of the study that ran it."""
        if self.adopted is not None:
            return self.adopted.epochs, self.adopted.patience
        planned = self.planned
        most = min((planned and planned.epochs) or settings.epochs, settings.epochs)
        return most, (planned and planned.patience) or settings.patience_within(most)

    def training_seed(self, study_seed: int) -> int:
        """That it was trained with, or is to be: that of its plan, or its own."""
        if self.seed is not None:
            return self.seed
        if self.planned is not None and self.planned.seed is not None:
            return self.planned.seed
        return training_seed(study_seed, self.original)


def trial_record(trial: FrozenTrial) -> TrialRecord:
    """What `trial`, of any program, says."""
    stored, values = trial.user_attrs, trial.values
    value = values[0] if values else _last_reported(trial)
    fact = stored.get
    return TrialRecord(
        number=trial.number,
        state=trial.state,
        value=value,
        values=tuple(values) if values else None,
        params=trial.params,
        distributions=trial.distributions,
        intermediate_values=trial.intermediate_values,
        datetime_start=trial.datetime_start,
        datetime_complete=trial.datetime_complete,
        original=int(fact("original_number", trial.number)),
        times_lost=int(fact("times_lost", 0)),
        began_anew=fact("began_anew"),
        requeued=fact("requeued"),
        infeasible=fact("infeasible"),
        reason=fact("reason"),
        epochs=fact("epochs"),
        best_epoch=fact("best_epoch"),
        parameters=fact("parameters"),
        seconds=fact("seconds"),
        seed=fact("seed"),
        host=fact("host"),
        process=fact("process"),
        environment=fact("environment", {}),
        stored=stored,
        optuna=trial,
    )


def state_word(state: str) -> str:
    """A state in small letters as drivers say it: Optuna's is `fail`."""
    return "failed" if state == "fail" else state


def _last_reported(trial: FrozenTrial) -> float | None:
    """Of a pruned trial: with one aim Optuna takes it for the trial's value, with several it keeps none."""
    if trial.state.name != "PRUNED" or not trial.intermediate_values:
        return None
    last = trial.intermediate_values[max(trial.intermediate_values)]
    return last if math.isfinite(last) else None


def asked_record(trial: optuna.Trial) -> TrialRecord:
    """What a trial says that is being asked by this process, without reading it again."""
    return trial_record(trial._cached_frozen_trial)


def by_first_aim(trial: TrialRecord) -> FrozenTrial:
    """`trial` for a study of one aim, the first: Optuna's own code about several differs, or is not there."""
    from optuna.trial import FrozenTrial

    kept = ("number", "state", "params", "distributions", "intermediate_values", "user_attrs", "system_attrs")
    same = {name: getattr(trial.optuna, name) for name in (*kept, "datetime_start", "datetime_complete")}
    return FrozenTrial(trial_id=trial.optuna._trial_id, value=trial.value, **same)


class TrialRecords:
    """TrialRecords of one study's trials; those that have ended, which change no more, are read once."""

    def __init__(self) -> None:
        self._ended: dict[int, TrialRecord] = {}

    def of(self, trial: FrozenTrial) -> TrialRecord:
        """That of `trial`."""
        found = self._ended.get(trial._trial_id)
        if found is None:
            found = trial_record(trial)
            if trial.state.is_finished():
                self._ended[trial._trial_id] = found
        return found

    def all(self, trials: Iterable[FrozenTrial]) -> list[TrialRecord]:
        """Those of `trials`."""
        known = self._ended.get
        return [known(trial._trial_id) or self.of(trial) for trial in trials]


def rewritten(
    trial: TrialRecord, facts: TrialFacts, rungs: Mapping[str, float], **changes: Any
) -> FrozenTrial:
    """`trial` for another study, as `Study.add_trial` takes it: with `facts` and `changes`, compared at `rungs`.

    Without what tells of attempts at it, which stay behind.
    """
    from optuna.trial import FrozenTrial

    known = {name: getattr(trial.optuna, name) for name in ("state", "datetime_start", "datetime_complete")}
    own = {name: fact for name, fact in trial.stored.items() if name not in ("left_off", "began_anew")}
    stored = {**own, **attributes_of(facts)}
    return FrozenTrial(
        number=-1, trial_id=-1, user_attrs=stored, system_attrs=dict(rungs), **{**known, **changes}
    )


def training_seed(study_seed: int, original: int) -> int:
    """The seed of a training, from the study's seed and the trial's original number alone."""
    import numpy as np

    return int(np.random.SeedSequence([study_seed, original]).generate_state(1)[0])
