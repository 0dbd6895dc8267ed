"""A study while it runs, as lines: plain ones for pipes and logs, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from search.analysis.facts.beside import reference_json
from search.driving.listener import Ending, Listener
from search.driving.remaining import left_words
from search.references.words import told
from search.study.at_best import reached
from search.text import formats

if TYPE_CHECKING:
    from search.driving.progress import Progress
    from search.references.record import Reference
    from search.study.study import Study
    from search.workers.messages import TrialOutcome
    from spaces import Hyperparameters


class PlainLines(Listener):
    """A line per trial: for pipes and logs."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._words: dict[int, str] = {}

    def said(self, remark: str) -> None:
        self._write(remark)

    def opened(self, study: Study, progress: Progress) -> None:
        self._words.clear()

    def trial_started(
        self, progress: Progress, number: int, hyperparameters: Hyperparameters, what: str
    ) -> None:
        self._words[number] = what

    def trial_ended(self, progress: Progress, number: int, outcome: TrialOutcome) -> None:
        best = (
            ""
            if progress.best is None
            else f" | {progress.best_called} {formats.number(progress.best)} (trial {progress.best_number})"
        )
        self._write(
            f"[{progress.finished:,}/{progress.budget:,}] trial {number} {_ended(progress.metric, outcome)} "
            f"| {self._words.pop(number, '')}{best} | {left_words(progress.time_left(), len(progress.durations))}"
        )

    def trial_requeued(self, progress: Progress, number: int, why: str, epoch: int) -> None:
        later = "be run again with the same hyperparameters and seed"
        if epoch:
            later = f"go on after epoch {epoch:,}"
        self._write(f"trial {number}: {why}; it will {later}")

    def trial_rejected(self, progress: Progress, number: int, why: str) -> None:
        self._words.pop(number, None)
        self._write(f"trial {number}: not trained, {why}")

    def reference_ended(self, progress: Progress, reference: Reference) -> None:
        self._write(told(reference, progress.metric))

    def stopping(self, progress: Progress, ending: Ending) -> None:
        self._write(f"{ending}: running trials end at their next epoch …")


def _ended(metric: str, outcome: TrialOutcome) -> str:
    """`complete: val_accuracy 0.9612`, `pruned at epoch 3`, `failed: out of memory`."""
    if outcome.value is not None:
        return f"{outcome.state}: {reached(metric, outcome.value, outcome.facts.get('at_best', {}))}"
    said = outcome.reason.startswith(outcome.state)
    return outcome.reason if said else f"{outcome.state}: {outcome.reason}"


class JSONLines(Listener):
    """One JSON object per line: for programs. Remarks, which are for people, go where `say` takes them."""

    def __init__(self, write: Callable[[str], None], say: Callable[[str], None]) -> None:
        self._write = write
        self._say = say

    def said(self, remark: str) -> None:
        self._say(remark)

    def trial_started(
        self, progress: Progress, number: int, hyperparameters: Hyperparameters, what: str
    ) -> None:
        self._event(progress, "trial_started", trial=number, hyperparameters=hyperparameters.named, what=what)

    def trial_ended(self, progress: Progress, number: int, outcome: TrialOutcome) -> None:
        left = progress.time_left()
        self._event(
            progress,
            "trial_ended",
            trial=number,
            state=outcome.state,
            value=outcome.value,
            epochs=outcome.epochs,
            reason=outcome.reason or None,
            best=progress.best,
            best_trial=progress.best_number,
            metric=progress.metric,
            finished=progress.finished,
            budget=progress.budget,
            seconds_left=left.to_json() if left else None,
        )

    def trial_requeued(self, progress: Progress, number: int, why: str, epoch: int) -> None:
        self._event(progress, "trial_requeued", trial=number, reason=why, epoch=epoch)

    def trial_rejected(self, progress: Progress, number: int, why: str) -> None:
        self._event(progress, "trial_rejected", trial=number, reason=why)

    def reference_ended(self, progress: Progress, reference: Reference) -> None:
        self._event(progress, "reference_ended", metric=progress.metric, **reference_json(reference))

    def stopping(self, progress: Progress, ending: Ending) -> None:
        self._event(progress, "stopping", reason=ending)

    def _event(self, progress: Progress, event: str, **fields: Any) -> None:
        self._write(json.dumps({"event": event, "study": progress.study, **fields}))
