"""Trials of one study as trials of another: for its space, its metric and its pruner."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from search.policies.first_aim import can_be_pruned
from search.policies.pruners import bracket_in, brackets, build_pruner
from search.settings.aims import column_of
from search.settings.metrics import Direction, direction_of, sign_of
from search.study.aim_values import aim_values, metrics_among, resources_of
from search.study.at_best import at_best
from search.study.history import history_of
from search.study.origin import Origin
from search.study.trial_facts import TrialFacts, attributes_of
from search.study.trial_record import RUNG, TrialRecord, rewritten

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

    from search.settings.settings import StudySettings
    from search.study.study import Study
    from spaces import Space


@dataclass(frozen=True)
class Rewriting:
    """From trials of `old` to trials of a study of `settings`, `space` and `metric`.

    `different` says in what values are not comparable: data, metric, epochs, folds. Of another metric they are read
    from the learning curve. Of other data, epochs or folds, the values after each epoch are left behind: a pruner would
    compare by them. Of folds no other metric is known.
    """

    old: Study
    settings: StudySettings
    space: Space
    metric: str
    different: tuple[str, ...]

    def reasons_against(self, trial: TrialRecord) -> list[str]:
        """Why `trial` does not fit, without its own values, so that they can be counted; empty where it does."""
        reasons = self.space.contains(trial.hyperparameters(self.old.space))
        reasons += [f"no {column_of(aim)} of it was kept" for aim in self._unknown(trial)]
        if self.metric != self.old.metric and self.old.settings.folds is not None:
            reasons.append(f"of folds no value of {self.metric} was kept")
        elif (
            self.metric != self.old.metric
            and _best_epoch(self._curve(trial), direction_of(self.metric)) is None
        ):
            reasons.append(f"no learning curve of {self.metric} was kept")
        return [reason.rpartition(", but got ")[0] or reason for reason in reasons]

    def rewritten(self, trial: TrialRecord) -> FrozenTrial:
        """A trial that fits, as `Study.add_trial` takes it."""
        from optuna.trial import FixedTrial

        # Playing it back tells the distribution of each parameter.
        played = FixedTrial(dict(self.space.params_of(trial.hyperparameters(self.old.space))))
        self.space.suggest(played)
        value: float | None = trial.value
        facts: TrialFacts = {}
        if self.metric != self.old.metric:
            value, facts = self._in_the_new_metric(trial)
        values, bracket = self._values(trial), self._bracket(trial)
        origin = self._origin(trial, bracket)
        if trial.planned is not None:
            # Its name stays; the new space does hold it.
            changes = {"outside": False, "keep_model": False, "keep_scores": False}
            facts["planned"] = trial.planned.model_copy(update=changes)
        facts |= {"original_number": trial.original, "adopted": origin}
        reached: dict[str, Any] = {"value": value}
        if self.settings.aims:
            reached = {"value": None, "values": self._reached(trial, value, facts)}
        compared = values if origin.epochs >= self.settings.epochs else {}
        return rewritten(
            trial,
            facts,
            _rungs(self.settings, bracket or 0, compared, direction_of(self.metric)),
            **reached,
            params=dict(played.params),
            distributions=dict(played.distributions),
            intermediate_values=values,
        )

    def _reached(self, trial: TrialRecord, value: float | None, facts: TrialFacts) -> list[float] | None:
        """In each aim of the new study; nothing of a pruned trial, as Optuna has it."""
        if trial.state.name != "COMPLETE" or value is None:
            return None
        stored = {**trial.stored, **attributes_of(facts), **self._others(trial, facts)}
        return aim_values(self.settings.aims, value, stored)

    def _unknown(self, trial: TrialRecord) -> list[str]:
        """Aims of the new study that nothing is known of."""
        if trial.state.name != "COMPLETE":
            return []
        known = {**trial.stored, **resources_of(trial.stored), **self._others(trial, {})}
        return [aim for aim in self.settings.aims[1:] if aim not in known]

    def _others(self, trial: TrialRecord, facts: TrialFacts) -> dict[str, float]:
        """The new study's other metrics at the best epoch, from the learning curve."""
        epoch = facts.get("best_epoch", trial.best_epoch)
        history = history_of(self.old, trial) if epoch and metrics_among(self.settings.aims) else {}
        found = {name: history[name] for name in metrics_among(self.settings.aims) if name in history}
        return {name: curve[(epoch or 1) - 1] for name, curve in found.items()}

    def _origin(self, trial: TrialRecord, bracket: int | None) -> Origin:
        """That of the study that trained it, which may be one before `old`."""
        before = trial.adopted
        epochs, patience = trial.limits(self.old.settings)
        return Origin(
            study=before.study if before else self.old.name,
            trial=before.trial if before else trial.number,
            epochs=epochs,
            patience=patience,
            bracket=bracket,
            different=tuple(dict.fromkeys([*(before.different if before else ()), *self.different])),
        )

    def _curve(self, trial: TrialRecord) -> list[float]:
        """The new study's metric after each epoch; empty where it was not kept."""
        return history_of(self.old, trial).get(self.metric, [])

    def _values(self, trial: TrialRecord) -> dict[int, float]:
        """What a pruner can compare by, after each epoch."""
        if {"data", "epochs", "folds"} & set(self.different):
            return {}
        if self.metric == self.old.metric:
            return dict(trial.intermediate_values)
        return dict(enumerate(self._curve(trial), start=1))

    def _in_the_new_metric(self, trial: TrialRecord) -> tuple[float, TrialFacts]:
        """Its value (of a pruned trial the last), and its attributes at the best epoch of that metric."""
        history = history_of(self.old, trial)
        curve = history[self.metric]
        best = _best_epoch(curve, direction_of(self.metric))
        assert best is not None  # else it does not fit
        last = curve[-1] if math.isfinite(curve[-1]) else curve[best]
        return curve[best] if trial.state.name == "COMPLETE" else last, {
            "best_epoch": best + 1,
            "at_best": at_best(history, self.metric, best + 1),
        }

    def _bracket(self, trial: TrialRecord) -> int | None:
        """Where hyperband compares it: with those that were compared as it was, from the same epoch on."""
        if self.settings.pruner != "hyperband" or "epochs" in self.different:
            return None
        match self.old.settings.pruner:
            case "hyperband":
                return bracket_in(self._old_pruner, self.old.optuna, trial.optuna)
            case "asha" | "median":
                return 0
            case _:
                return None

    @cached_property
    def _old_pruner(self) -> optuna.pruners.BasePruner:
        return build_pruner(self.old.settings)


def _rungs(
    settings: StudySettings, bracket: int, values: dict[int, float], direction: Direction
) -> dict[str, float]:
    """What hyperband and asha compare later trials with, under the keys that Optuna looks for: the best so far."""
    compares = settings.pruner in ("hyperband", "asha") and can_be_pruned(settings.aims)
    found = brackets(settings)[bracket].rungs if compares else []
    best = max if direction == "maximize" else min
    return {
        f"{RUNG}{rung}": best(values[before] for before in values if before <= epoch)
        for rung, epoch in enumerate(found)
        if math.isfinite(values.get(epoch, math.nan))
    }


def _best_epoch(curve: list[float], direction: Direction) -> int | None:
    """Counted from 0; None where no value is finite."""
    finite = [epoch for epoch, value in enumerate(curve) if math.isfinite(value)]
    return max(finite, key=lambda epoch: sign_of(direction) * curve[epoch], default=None)
