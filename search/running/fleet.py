"""Which workers a command has its trials trained by: processes of this machine, or those of a cluster."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from search.errors import InputError
from search.running.own_code import check_callbacks_there
from search.settings.own_metrics import check_importable
from search.study.data_cache import whole

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.settings.settings import StudySettings
    from search.workers.local import LocalWorkers
    from search.workers.messages import EpochEvent
    from search.workers.pool import Fleet, TrialWorkers
    from storage import StorageURL


def fleet_of(
    cluster: str | None,
    url: StorageURL,
    settings: StudySettings,
    data: PreparedData,
    *,
    say: Callable[[str], None],
    go_on: str,
    begun: LocalWorkers | None = None,
) -> Fleet:
    """The workers, not yet started; those at the address `cluster` where one is given, which are asked first.

    Args:
        go_on: the command that goes on, for who sees the cluster go away.
        begun: those that were begun for the same settings, which train where they were.

    Raises:
        InputError: the cluster cannot serve, or a metric or a callback of the user's own cannot be imported.
    """
    check_importable(settings.metric)
    check_callbacks_there(settings)
    if settings.trains_here:
        from search.workers.this_process import ThisProcess

        if cluster is not None:
            raise InputError("--workers 0 and --cluster: trials are trained here or there; leave one out")
        return ThisProcess(settings.threads)
    if cluster is None:
        return begun or _local(settings, say)
    from search.workers.joining import Needs, this_machine
    from search.workers.remote import ExistingCluster, check_cluster

    needs = Needs(uuid.uuid4().hex, url.full, this_machine(), data.folder, data.spec.fingerprint)
    check_cluster(cluster, needs)
    return ExistingCluster(cluster, needs, say, go_on, renew=lambda: whole(data, settings))


@contextmanager
def begun_meanwhile(
    cluster: str | None, settings: StudySettings, say: Callable[[str], None]
) -> Iterator[LocalWorkers | None]:
    """Workers of this machine import TensorFlow while the block reads data; None where trials run elsewhere.

    Whoever drives a study by them closes them; where nobody comes to that, they end with the block, at once.
    """
    if cluster is not None or settings.trains_here:
        yield None
        return
    workers = _local(settings, say)
    try:
        workers.begin()
        yield workers
    finally:
        workers.abandon()


def _local(settings: StudySettings, say: Callable[[str], None]) -> LocalWorkers:
    from search.workers.ready import local_workers

    return local_workers(settings.local_workers(), settings.threads, settings.memory_limit, say)


def workers_of(
    fleet: Fleet,
    on_epoch: Callable[[EpochEvent], None],
    *,
    most: int | None,
    recycle_above: int | None,
) -> TrialWorkers:
    """Those that trials are submitted to, not yet started; `most` and `recycle_above` as for `LocalPool`."""
    from search.workers.this_process import ThisProcess, WorkersHere

    if isinstance(fleet, ThisProcess):
        return WorkersHere(fleet, on_epoch)
    from search.workers.local import LocalWorkers

    if isinstance(fleet, LocalWorkers):
        from search.workers.local_pool import LocalPool

        return LocalPool(fleet, on_epoch, most=most, recycle_above=recycle_above)
    from search.workers.cluster import ClusterWorkers
    from search.workers.remote import ExistingCluster

    assert isinstance(fleet, ExistingCluster)
    return ClusterWorkers(fleet, on_epoch, most=most, recycle_above=recycle_above)
