"""Start and resume studies: check everything, then lock, prepare and drive."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from search.adoption import adopt, space_left_by
from search.cache import prepare_data, whole
from search.constant import keep_constant
from search.creation import already_there, create_study, is_half_made, refuse_half_made
from search.errors import InputError, MachineFault
from search.memory import idle_worker_bytes, recycling_bound, size
from search.metrics import check_metric_exists, choose_metric
from search.planned import enqueue_planned, plan_of_baselines
from search.precision import precision_note, resolve_precision
from search.samplers import build_sampler
from search.settings import StudySettings
from search.study import Study, load_study, study_names
from search.study_name import check_study_name
from search.unchanged import refuse_changed_space, unchanged_data
from spaces import load_baselines, load_space
from storage import StorageURL, StudyLock, check_database, study_lock
from storage.rescue import resumable

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.driving.driver import Ending
    from search.reporter import Reporter
    from search.workers.cluster import Fleet


@dataclass(frozen=True)
class Finish:
    """How a command that drove a study ended."""

    study: Study
    ending: Ending


def start(
    name: str,
    url: StorageURL,
    settings: StudySettings,
    reporter: Reporter,
    cluster: str | None = None,
    earlier: Study | None = None,
    allow_different: bool = False,
) -> Finish:
    """Create a study and drive it to its budget. Whatever is wrong with the input is found before anything is written.

    Args:
        cluster: address of a Dask cluster whose workers train, in place of processes of this machine.
        earlier: the study whose trials this one takes over, as far as they fit.
        allow_different: also where its values are not comparable.

    Raises:
        InputError, SpaceError, DatabaseUnusable: the user's input is wrong.
        StudyBusy: somebody else is creating it right now.
    """
    from search.data import namesake_note

    check_study_name(name)
    settings = settings.with_absolute_paths()
    left = space_left_by(earlier, settings) if earlier else None
    space = left or load_space(settings.space)
    if settings.baselines is not None:
        load_baselines(settings.baselines)
    build_sampler(settings, 0)
    check_metric_exists(settings.metric)
    check_database(url, create=True)
    refuse_taken(name, url)
    reporter.say(f"reading {settings.data} …")
    data = prepare_data(settings)
    precision = resolve_precision(settings.precision, data.spec)
    settings = settings.model_copy(update={"precision": precision})
    metric = choose_metric(settings.metric, data.spec.task)
    check_memory_limit(settings, data)
    space, notes = space.restricted_to(data.spec.task, data.spec.kind, data.spec.components)
    plan = plan_of_baselines(settings, space)
    of_precision = precision_note(settings.precision)
    for note in [namesake_note(settings.data), *data.spec.notes, *notes, of_precision]:
        if note:
            reporter.say(f"note: {note}")
    adoption = None
    if earlier is not None:
        adoption = adopt(earlier, settings, space, data.spec, metric, allow_different=allow_different)
        for remark in adoption.remarks:
            reporter.say(remark)
    fleet = fleet_of(name, cluster, url, settings, data, reporter)
    with study_lock(url, name) as lock:
        study = create_study(name, url, settings, space, data.spec, plan, adoption=adoption)
        return drive(study, lock, settings, data, fleet, reporter)


def refuse_taken(name: str, url: StorageURL) -> None:
    """A study of that name is resumed, not started.

    Raises:
        InputError: it is there, whole.
    """
    if name in study_names(url) and not is_half_made(name, url):
        raise already_there(name, url)


def resume(
    name: str,
    url: StorageURL,
    changes: Mapping[str, object],
    add: int | None,
    reporter: Reporter,
    cluster: str | None = None,
) -> Finish:
    """Go on with a study to its budget, from whatever state it was left in.

    Args:
        changes: settings that may change between runs (trials, workers, threads, limits); None = as stored.
        add: trials on top of the stored budget.
        cluster: as for `start`.

    Raises:
        InputError: no such study, no search, half made, nothing left to do, or its space or data changed (with what
            changed).
        StudyBusy: it is being driven.
    """
    from search.driving.recovery import recover

    study = load_study(name, url)
    study.refuse_foreign()
    if study.companion_of is not None:
        raise InputError(
            f"study '{name}' is about study '{study.companion_of}' and no search of its own; go on with it by "
            f"`{study.go_on}`"
        )
    with study_lock(url, name) as lock:
        refuse_half_made(study)
        stored = study.settings
        given = {key: value for key, value in changes.items() if value is not None}
        if add is not None:
            given["trials"] = stored.trials + add
        # The time limit of an earlier command does not bind this one.
        settings = stored.changed({"timeout": None, **given})
        refuse_changed_space(study, settings)
        data = unchanged_data(study, settings)
        check_memory_limit(settings, data)
        finished = len(study.finished())
        if finished >= settings.trials:
            raise InputError(
                f"study '{name}' has {finished} finished trials of {settings.trials}, so nothing is left to do; "
                f"raise the budget: `perceptuna resume {name} --add 20{url.option}`"
            )
        fleet = fleet_of(name, cluster, url, settings, data, reporter)
        orphans = recover(study)
        if orphans:
            reporter.say(f"{orphans} trials were running when the study was last left; they are run again")
        study.optuna.set_user_attr("settings", settings.model_dump_json())
        # Read anew: a Study keeps what it has read.
        return drive(load_study(name, url), lock, settings, data, fleet, reporter)


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
    from search.pruners import describe_rungs
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
