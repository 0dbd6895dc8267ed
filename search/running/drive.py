"""Drive a study to its budget: workers, progress, and what is told of its end. Whoever drives holds its lock."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from search.errors import InputError, MachineFault
from search.settings.settings import StudySettings
from search.study.cache import whole
from search.study.constant import keep_constant
from search.study.planned import enqueue_planned
from search.study.study import Study
from search.training.memory import idle_worker_bytes, recycling_bound, size
from storage import StorageURL, StudyLock
from storage.rescue import resumable

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.driving.driver import Ending
    from search.running.reporter import Reporter
    from search.workers.cluster import Fleet


@dataclass(frozen=True)
class Finish:
    """How a command that drove a study ended."""

    study: Study
    ending: Ending


def fleet_of(
    name: str,
    cluster: str | None,
    url: StorageURL,
    settings: StudySettings,
    data: PreparedData,
    reporter: Reporter,
    go_on: str | None = None,
) -> tuple[Fleet, str]:
    """The workers, not yet started, and the name of this run.

    Raises:
        InputError: the cluster cannot serve.
    """
    run = uuid.uuid4().hex
    if cluster is not None:
        from search.workers.joining import Needs, this_machine
        from search.workers.remote import ExistingCluster, check_cluster

        needs = Needs(run, url.full, this_machine(), data.folder, data.spec.fingerprint)
        check_cluster(cluster, needs)
        return ExistingCluster(
            cluster,
            needs,
            reporter.say,
            go_on or f"perceptuna resume {name}{url.option}",
            renew=lambda: whole(data, settings),
        ), run
    from search.workers.local import LocalWorkers

    count = workers_of(settings)
    return LocalWorkers(count, settings.threads, settings.memory_limit, reporter.say), run


def drive(
    study: Study,
    lock: StudyLock,
    settings: StudySettings,
    data: PreparedData,
    fleet: tuple[Fleet, str],
    reporter: Reporter,
) -> Finish:
    """Drive `study` to its budget. The caller holds its `lock`."""
    from search.driving.asking import attach_search
    from search.driving.driver import Driver
    from search.policies.pruners import describe_rungs
    from search.workers.cluster import Workers
    from search.workers.messages import StudyJob

    workers_there, run = fleet
    job = StudyJob(
        study=study.name,
        url=study.url.full,
        metric=study.metric,
        settings=settings.model_dump_json(),
        data=data.folder,
        fingerprint=data.spec.fingerprint,
        run=run,
    )
    ending: Ending = "interrupted"
    recycle = recycling_bound(data.spec, settings.memory_limit)
    # The driver turns Ctrl-C into an ending; before and after it, while workers start and end, it is an exception.
    with (
        suppress(KeyboardInterrupt),
        resumable(study.optuna._storage, study.url, study.go_on),
        _told_how_to_go_on(study.go_on),
    ):
        progress = reporter.progress(study, settings)
        enqueue_planned(study.optuna, study.space)
        keep_constant(study, data)
        reporter.say(describe_rungs(settings))
        starting = Workers(workers_there, progress.epoch, most=settings.workers, recycle_above=recycle)
        with starting as workers, progress:
            driver = Driver(
                attach_search(study, settings),
                settings,
                job,
                workers,
                progress,
                ensure_held=lock.ensure_held,
                say=reporter.say,
            )
            ending = driver.run()
    return Finish(study, ending)


@contextmanager
def _told_how_to_go_on(command: str) -> Iterator[None]:
    try:
        yield
    except MachineFault as fault:
        raise MachineFault(f"{fault}; then go on with: {command}") from fault


def check_memory_limit(settings: StudySettings, data: PreparedData) -> None:
    """Refuse a limit in which no worker fits.

    Raises:
        InputError: it is that small.
    """
    idle = idle_worker_bytes(data.spec)
    if settings.memory_limit is not None and settings.memory_limit <= idle:
        raise InputError(
            f"--memory-limit: a worker with this data takes {size(idle)} before it trains anything, but got "
            f"{size(settings.memory_limit)}; give more, or leave it out"
        )


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers_of(settings: StudySettings) -> int:
    """Trials at the same time."""
    return min(settings.workers or available_cores(), settings.trials)
