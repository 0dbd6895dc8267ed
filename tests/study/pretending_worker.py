"""A worker whose trials only pretend: its process is real. Also what a worker of Dask's preloads."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

from search.workers.messages import EpochEvent, TrialOutcome, TrialTask
from search.workers.serving import _prepare as get_ready
from search.workers.serving import serve
from storage.errors import StorageError


def played(task: TrialTask, tell: Callable[[EpochEvent], None] = lambda event: None) -> TrialOutcome:
    """What the task's hyperparameters say: `epochs`, `endless`, `hang`, `die`, `grow`, `no memory`, `fault`, `say`,
    `modules`.
    """
    from search.workers.trial import OutOfMemory, _stopped

    match task.hyperparameters:
        case "endless":
            epoch = 0
            while task.job.run not in _stopped:
                epoch += 1
                tell(EpochEvent(task.number, epoch, 0.5))
                time.sleep(0.01)
            return TrialOutcome("interrupted", epoch)
        case "hang":
            tell(EpochEvent(task.number, 1, 0.5))
            time.sleep(600)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "grow":
            held = [b"1" * 50_000_000 for _ in range(20)]
            time.sleep(600 * bool(held))
        case "no memory":
            raise OutOfMemory
        case "fault":
            raise StorageError("the database is gone")
        case "say":
            print("said by a worker", flush=True)
        case "modules":
            extras = {"pandas", "sklearn", "matplotlib"} & set(sys.modules)
            what = f"{'search.training.loop' in sys.modules} {sorted(extras)}"
            return TrialOutcome("complete", 1, 0.5, reason=what, facts={"process": os.getpid()})
    for epoch in range(1, task.epochs + 1):
        tell(EpochEvent(task.number, epoch, 0.1 * epoch))
    return TrialOutcome("complete", task.epochs, 0.5, facts={"process": os.getpid()})


def dask_setup(worker: object) -> None:
    """Called by Dask in a worker that preloads this file."""
    import search.workers.cluster

    search.workers.cluster.run_trial = played


if __name__ == "__main__":
    ready = os.environ.get("PRETENDING_WORKER") == "gets ready"
    serve(played, get_ready if ready else lambda threads: None)
