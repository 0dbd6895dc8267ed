"""What a report says of a study, read at one moment: a study that runs goes on changing while it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from search.analysis.facts.cost import Cost, cost_of
from search.analysis.facts.importance import importances
from search.analysis.facts.leaderboard import Entry, front, leaderboard, not_comparable, trials_with_value
from search.analysis.facts.overview import study_state
from search.analysis.report.pruning import Pruning, pruning_of
from search.study.history import History, history_of
from search.study.look import Look
from search.study.origin import Predecessor
from search.study.record_of_looks import looks
from search.study.study import Study
from search.study.study_record import copy_attributes
from search.study.trial_record import TrialRecord

CURVES = 6
"""Trials whose learning curves are drawn."""


@dataclass(frozen=True)
class Snapshot:
    """A study as it was when it was read.

    `trials` are all attempts by number, those that were run again included; `entries` the best, best first;
    `apart` those of an earlier study that cannot be ranked with them; `looks` those at its test split.
    """

    study: Study
    state: str
    read: datetime
    trials: list[TrialRecord]
    entries: list[Entry]
    front: list[Entry]
    apart: list[Entry]
    importances: list[tuple[str, float]]
    curves: dict[int, History]
    looks: list[Look]

    @cached_property
    def scored(self) -> list[TrialRecord]:
        """Comparable trials with a finite value by number: complete ones, and pruned ones with their last."""
        return trials_with_value(self.trials)

    @cached_property
    def complete(self) -> list[TrialRecord]:
        """Complete trials with a finite value, best first as in `Study.ranked`."""
        scored = {trial.number: trial for trial in self.scored}
        return [scored[trial.number] for trial in self.study.ranked() if trial.number in scored]

    @cached_property
    def parameters(self) -> list[str]:
        """Parameters of the complete trials, most important first where that is known, else as in the space."""
        known = [name for name, _ in self.importances]
        if known:
            return known
        return list(dict.fromkeys(name for trial in self.complete for name in trial.params))

    @cached_property
    def finished(self) -> int:
        """Trials that count toward the budget."""
        return sum(trial.counts for trial in self.trials)

    @property
    def curves_lack_train(self) -> bool:
        """Whether a learning curve is drawn of which the database alone was left."""
        name = self.study.metric.removeprefix("val_")
        return any(curve and name not in curve for curve in self.curves.values())

    @property
    def importance_bars(self) -> list[tuple[str, str, float]]:
        """Name, words and share of each parameter."""
        return [(name, f"{share:.0%}" if share >= 0.01 else "<1%", share) for name, share in self.importances]

    @property
    def pruning_bars(self) -> list[tuple[str, str, int]]:
        """Epoch, words and number of the trials that were pruned after it."""
        return [(str(epoch), f"{amount:,}", amount) for epoch, amount in self.pruning.by_epoch]

    @cached_property
    def own(self) -> list[TrialRecord]:
        """All attempts but those of an earlier study, which cost nothing here."""
        return [trial for trial in self.trials if not trial.is_adopted]

    @cached_property
    def continues(self) -> Predecessor | None:
        """The earlier study."""
        return self.study.record.continues

    @cached_property
    def cost(self) -> Cost:
        return cost_of(self.own, self.read)

    @cached_property
    def pruning(self) -> Pruning:
        return pruning_of(self.own, self.study.settings.most_epochs)


def snapshot_of(study: Study, top: int) -> Snapshot:
    """All that the page shows, of one moment.

    Raises:
        InputError: the study was not made by perceptuna.
    """
    _ = study.settings, study.metric  # refused before anything is read
    frozen = at_one_moment(study)
    trials = frozen.trials()
    entries = leaderboard(frozen, top)
    return Snapshot(
        study=frozen,
        state=study_state(
            frozen.url, frozen.name, sum(trial.counts for trial in trials), frozen.settings.trials
        ),
        read=datetime.now().replace(microsecond=0),
        trials=trials,
        entries=entries,
        front=front(frozen) if frozen.has_several_aims else [],
        apart=not_comparable(frozen, top),
        importances=importances(frozen),
        curves={entry.trial: history_of(frozen, trials[entry.trial]) for entry in entries[:CURVES]},
        looks=looks(study),
    )


def at_one_moment(study: Study) -> Study:
    """A copy of `study` in memory, whose trials no longer change."""
    import optuna

    copy = optuna.create_study(study_name=study.name, directions=study.optuna.directions)
    copy.add_trials([trial.optuna for trial in study.trials()])
    copy_attributes(study.record, copy)
    return Study(study.name, study.url, copy)
