"""Drive a study to its budget: workers, progress, and what is told of its end. Whoever drives holds its lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from search.errors import MachineFault
from search.running.fleet import workers_of
from search.study.constant_answer import keep_constant
from search.study.enqueueing import enqueue_planned
from search.study.study import Study
from search.training.memory import recycling_bound
from storage import StudyLock
from storage.rescue import resumable

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.driving.dispatcher import Listeners
    from search.driving.listener import Ending
    from search.workers.pool import Fleet


@dataclass(frozen=True)
class Finish:
    """How a command that drove a study ended."""

    study: Study
    ending: Ending


def drive(
    study: Study,
    lock: StudyLock,
    data: PreparedData,
    fleet: Fleet,
    listeners: Listeners,
    *,
    references: bool = True,
    weigh_cost: bool = True,
) -> Finish:
    """Drive `study`, which is all as this command wants it, to its budget. The caller holds its `lock`.

    Args:
        references: whether models that need no network are fitted beside its trials.
        weigh_cost: whether, under a time limit, the sampler's draws are weighed by what they cost.
    """
    from search.driving.asking import attach_search
    from search.driving.driver import Driver
    from search.driving.note import NoteKeeper
    from search.driving.progress import Progress
    from search.driving.reference_fits import beside, to_fit
    from search.policies.pruners import describe_rungs
    from search.workers.messages import StudyJob

    settings = study.settings
    job = StudyJob(
        study=study.name,
        url=study.url.full,
        metric=study.metric,
        settings=settings.model_dump_json(),
        data=data.folder,
        fingerprint=data.spec.fingerprint,
        run=fleet.run,
    )
    ending: Ending = "interrupted"
    recycle = recycling_bound(data.spec, settings.memory_limit)
    # The driver turns Ctrl-C into an ending; before and after it, while workers start and end, it is an exception.
    with (
        suppress(KeyboardInterrupt),
        resumable(study.optuna._storage, study.url, study.go_on),
        _told_how_to_go_on(study.go_on),
    ):
        dispatcher = listeners.of(Progress.of(study, to_fit(study) if references else ()), NoteKeeper(study))
        dispatcher.opened(study)
        enqueue_planned(study)
        keep_constant(study, data)
        dispatcher.said(describe_rungs(settings))
        starting = workers_of(fleet, dispatcher.epoch_ended, most=settings.workers, recycle_above=recycle)
        with (
            starting as workers,
            dispatcher.driving(),
            beside(study, data, dispatcher, wanted=references) as fits,
        ):
            driver = Driver(
                attach_search(study),
                job,
                workers,
                dispatcher,
                references=fits,
                ensure_held=lock.ensure_held,
                weigh_cost=weigh_cost,
            )
            ending = driver.run()
    return Finish(study, ending)


@contextmanager
def _told_how_to_go_on(command: str) -> Iterator[None]:
    try:
        yield
    except MachineFault as fault:
        raise MachineFault(f"{fault}; then go on with: {command}") from fault
