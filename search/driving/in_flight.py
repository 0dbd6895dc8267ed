"""A trial that a worker trains: since when, and whether it hangs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from search.workers.messages import TrialTask

if TYPE_CHECKING:
    import optuna

# What a worker needs to start, read its data and compile an epoch.
_START_SECONDS = 60.0
# Trials that shall end and reach no epoch's end by then are run again on resume.
_STOP_PATIENCE_SECONDS = 300.0

Hang = Literal["", "trial-timeout", "stopping"]


@dataclass
class InFlight:
    """A trial on a worker since `started`; `ended` is why its worker was made to end, if it was."""

    trial: optuna.Trial
    task: TrialTask
    started: float
    times_lost: int
    ended: Hang = ""

    def hangs(self, now: float, trial_timeout: float | None, stopping_since: float) -> Hang:
        """Whether it has reached no epoch's end: past its own time, or when all shall end since `stopping_since`."""
        if trial_timeout is not None and now - self.started > _hard_timeout(trial_timeout):
            return "trial-timeout"
        return "stopping" if now - stopping_since > _STOP_PATIENCE_SECONDS else ""


def hung(trial_timeout: float) -> str:
    """Why a trial failed that hung past its own time."""
    return (
        f"no epoch's end within {_hard_timeout(trial_timeout):.0f} s, twice --trial-timeout and a minute; "
        "its worker was ended"
    )


def _hard_timeout(trial_timeout: float) -> float:
    """Seconds after which a trial's worker is ended, when it has not ended at an epoch's end."""
    return 2 * trial_timeout + _START_SECONDS
