"""What a driver submits trials to, wherever they run: the interface, and how a trial ends whose worker is lost."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from search.workers.messages import TrialOutcome, TrialTask


class WorkerLost(Exception):
    """The process that ran a trial died, or had too little memory for it; says which."""

    def __init__(self, why: str = "its worker died") -> None:
        super().__init__(why)


class Fleet(Protocol):
    """Who trains, not yet asked to: processes of this machine, a cluster, or this process."""

    @property
    def run(self) -> str:
        """Names to them the command that drives a study now."""


class TrialWorkers(Protocol):
    """What a driver submits trials to; a context manager. Each worker runs one trial at a time.

    A worker that is lost is replaced; its trial is not run again unless the driver submits it again.
    """

    def __enter__(self) -> TrialWorkers: ...

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def slots(self) -> int:
        """Trials that can run at the same time; it follows the workers that come and go."""

    def submit(self, task: TrialTask) -> None:
        """Start `task` when somebody is free."""

    def collect(self, timeout: float) -> list[tuple[TrialTask, TrialOutcome | WorkerLost]]:
        """Trials that ended within `timeout` seconds; waits no longer than for the first.

        Raises what kept a trial from being run that is neither its own fault nor the loss of its worker.
        """

    def stop_trials(self) -> None:
        """End all running trials at their next epoch. A worker that does not answer keeps nobody waiting."""

    def end(self, task: TrialTask) -> None:
        """End `task`, whatever it does; `collect` gives WorkerLost."""
