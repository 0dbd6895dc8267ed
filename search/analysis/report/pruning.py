"""What pruning ended early, and an estimate of what that saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, median

from search.analysis.facts.cost import epochs_run
from search.study.trial_record import TrialRecord


@dataclass(frozen=True)
class Pruning:
    """Trials that the pruner ended, by epoch, and what they would have cost without it.

    `otherwise` are trials that ended as early for other reasons, such as a loss that was not finite.

    `typical_epochs` is the mean of the complete trials. The estimate, where there are complete trials: without
    pruning each of the pruned would have run as many, at its own pace or the median pace of the complete
    trials, whichever is quicker: the first epoch of a trial pays for its start as well, so that the pace of a
    trial that was pruned early is too slow.
    """

    pruned: int
    otherwise: list[tuple[str, int]]
    by_epoch: list[tuple[int, int]]
    epochs_run: int
    typical_epochs: float | None
    epochs_saved: float | None
    seconds_saved: float | None
    most_epochs_saved: int


def pruning_of(trials: Iterable[TrialRecord], budget: int) -> Pruning:
    """Of a study whose trials may run `budget` epochs each."""
    ended = [trial for trial in trials if trial.state.name == "PRUNED"]
    pruned = [trial for trial in ended if _reason(trial) == "pruned"]
    complete = [trial for trial in trials if trial.state.name == "COMPLETE" and epochs_run(trial)]
    typical = fmean(epochs_run(trial) for trial in complete) if complete else None
    paces = [pace for trial in complete if (pace := _pace(trial)) is not None]
    usual_pace = median(paces) if paces else None
    saved = None if typical is None else {t.number: max(0.0, typical - epochs_run(t)) for t in pruned}
    return Pruning(
        pruned=len(pruned),
        otherwise=Counter(_reason(trial) for trial in ended if _reason(trial) != "pruned").most_common(),
        by_epoch=sorted(Counter(epochs_run(trial) for trial in pruned).items()),
        epochs_run=sum(epochs_run(trial) for trial in pruned),
        typical_epochs=typical,
        epochs_saved=None if saved is None else sum(saved.values()),
        seconds_saved=None
        if saved is None or usual_pace is None
        else sum(saved[trial.number] * min(_pace(trial) or usual_pace, usual_pace) for trial in pruned),
        most_epochs_saved=sum(max(0, budget - epochs_run(trial)) for trial in pruned),
    )


def _reason(trial: TrialRecord) -> str:
    return "pruned" if trial.stop is None else str(trial.stop.reason)


def _pace(trial: TrialRecord) -> float | None:
    """Seconds per epoch."""
    epochs = epochs_run(trial)
    return trial.seconds / epochs if trial.seconds and epochs else None
