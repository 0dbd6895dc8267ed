"""Progress as lines: plain ones for pipes and logs, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from search.driving.progress import Progress, Tally
from search.driving.remaining import span
from search.text import formats

if TYPE_CHECKING:
    from search.workers.messages import TrialOutcome
    from spaces import Hyperparameters


class PlainLines(Progress):
    """A line per trial: for pipes and logs."""

    def __init__(self, tally: Tally, write: Callable[[str], None]) -> None:
        super().__init__(tally)
        self._write = write
        self._words: dict[int, str] = {}

    def trial_started(self, number: int, hyperparameters: Hyperparameters, what: str) -> None:
        super().trial_started(number, hyperparameters, what)
        self._words[number] = what

    def trial_ended(self, number: int, outcome: TrialOutcome) -> None:
        super().trial_ended(number, outcome)
        tally = self.tally
        best = (
            "" if tally.best is None else f" | best {formats.number(tally.best)} (trial {tally.best_number})"
        )
        self._write(
            f"[{tally.finished:,}/{tally.budget:,}] trial {number} {_ended(tally.metric, outcome)} "
            f"| {self._words.pop(number, '')}{best} | left {span(tally.time_left())}"
        )

    def trial_requeued(self, number: int, why: str) -> None:
        super().trial_requeued(number, why)
        self._write(f"trial {number}: {why}; it will be run again with the same hyperparameters and seed")

    def trial_rejected(self, number: int, why: str, *, counts: bool = False) -> None:
        super().trial_rejected(number, why, counts=counts)
        self._write(f"trial {number}: not trained, {why}")

    def stopping(self, ending: str) -> None:
        self._write(f"{ending}: running trials end at their next epoch …")


def _ended(metric: str, outcome: TrialOutcome) -> str:
    """`complete: val_accuracy 0.9612`, `pruned at epoch 3`, `failed: out of memory`."""
    if outcome.value is not None:
        return f"{outcome.state}: {metric} {formats.number(outcome.value)}"
    said = outcome.reason.startswith(outcome.state)
    return outcome.reason if said else f"{outcome.state}: {outcome.reason}"


class JSONLines(Progress):
    """One JSON object per line: for programs."""

    def __init__(self, tally: Tally, write: Callable[[str], None]) -> None:
        super().__init__(tally)
        self._write = write

    def _event(self, event: str, **fields: Any) -> None:
        self._write(json.dumps({"event": event, "study": self.tally.study, **fields}))

    def trial_started(self, number: int, hyperparameters: Hyperparameters, what: str) -> None:
        super().trial_started(number, hyperparameters, what)
        self._event("trial_started", trial=number, hyperparameters=hyperparameters.model_dump(mode="json"))

    def trial_ended(self, number: int, outcome: TrialOutcome) -> None:
        super().trial_ended(number, outcome)
        left = self.tally.time_left()
        self._event(
            "trial_ended",
            trial=number,
            state=outcome.state,
            value=outcome.value,
            epochs=outcome.epochs,
            reason=outcome.reason or None,
            best=self.tally.best,
            finished=self.tally.finished,
            budget=self.tally.budget,
            seconds_left=left.to_json() if left else None,
        )

    def trial_requeued(self, number: int, why: str) -> None:
        super().trial_requeued(number, why)
        self._event("trial_requeued", trial=number, reason=why)

    def trial_rejected(self, number: int, why: str, *, counts: bool = False) -> None:
        super().trial_rejected(number, why, counts=counts)
        self._event("trial_rejected", trial=number, reason=why)

    def stopping(self, ending: str) -> None:
        self._event("stopping", reason=ending)
