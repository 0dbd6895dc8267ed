"""A trial on a worker that goes on from where another attempt left off: its checkpoint, and what that had told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from search.study.trial_facts import keep_rungs
from search.workers.messages import EpochEvent, TrialTask

if TYPE_CHECKING:
    from search.training.checkpoint import Checkpoint
    from search.workers.reports import Reports
    from storage.study_storage import StudyStorage


def checkpoint_of(task: TrialTask, training: Mapping[str, str]) -> tuple[Checkpoint | None, str]:
    """Where `task` goes on, if it does; else why not, where there is a checkpoint that does not fit `training`."""
    from search.training.checkpoint import Checkpoint, CheckpointUnfit

    if task.checkpoint is None:
        return None, ""
    try:
        return Checkpoint.read(task.checkpoint, training), ""
    except CheckpointUnfit as error:
        return None, str(error)


def tell_again(
    begin: Checkpoint,
    task: TrialTask,
    reports: Reports,
    storage: StudyStorage,
    on_epoch: Callable[[EpochEvent], None],
) -> None:
    """Report the epochs before, so that pruner and curves see all of them; what pruning decided there stays so."""
    for epoch in range(1, begin.epochs + 1):
        logs = begin.logs(epoch)
        reports.add(epoch, logs[task.job.metric])
        on_epoch(EpochEvent(task.number, epoch, logs[task.job.metric], logs, again=True))
    reports.write()
    if task.left_off is not None:
        keep_rungs(storage, task.trial_id, task.left_off.rungs)
