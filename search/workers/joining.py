"""On a worker of a cluster: what it says of itself before it is used, and how it receives the data."""

from __future__ import annotations

import os
import shutil
import socket
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from search.data import fingerprint_file
from search.errors import DataError
from search.study.data_cache import cache_folder, find_data, received_folder
from search.training.environment import installed_versions
from search.workers.trial import runs_served
from storage import StorageError, StorageURL, check_connection

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Needs:
    """What a driver wants of its workers: to reach the study and its data. `machine` is the driver's own."""

    run: str
    url: str = field(repr=False)  # it may hold a password
    machine: str
    data: Path
    fingerprint: str


@dataclass(frozen=True)
class Introduction:
    """A worker as it is now.

    `place` are its machine and its cache folder: workers with the same receive the data once. `used` is a process
    that has trained for another driver, `busy` one that is training.
    """

    host: str
    versions: dict[str, str]
    place: tuple[str, str]
    has_data: bool
    used: bool
    busy: bool
    has_nanny: bool
    storage_fault: str


def this_machine() -> str:
    """Names the running system: the same for all its processes, in whatever container; another after each start."""
    return _BOOT.read_text().strip() if _BOOT.exists() else f"{socket.gethostname()}-{uuid.getnode()}"


def introduce(needs: Needs, dask_worker: Any) -> Introduction:
    """Of this worker. Dask passes the worker itself to an argument of this name."""
    return Introduction(
        host=socket.gethostname(),
        versions=installed_versions(),
        place=(this_machine(), str(cache_folder())),
        has_data=_has_data(needs),
        used=bool(runs_served() - {needs.run}),
        busy=bool(dask_worker.state.executing_count),
        has_nanny=dask_worker.nanny is not None,
        storage_fault=_storage_fault(needs),
    )


def _has_data(needs: Needs) -> bool:
    try:
        find_data(needs.data, needs.fingerprint)
    except DataError:
        return False
    return True


def _storage_fault(needs: Needs) -> str:
    """Why the study cannot be reached from here; empty where it can."""
    url = StorageURL.parse(needs.url)
    if url.sqlite_path is not None and needs.machine != this_machine():
        return (
            f"it is not on the driver's machine and cannot share the SQLite file {url.sqlite_path}, whose locks and "
            "log do not work across machines; keep the study in PostgreSQL: --storage postgresql://…"
        )
    try:
        check_connection(url)
    except StorageError as error:
        return str(error)
    return ""


def receive(name: str, file: str, part: bytes, start: int) -> None:
    """Write one part of one file of the data `name`, from byte `start`."""
    folder = _partial(name)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / file).open("r+b" if start else "wb") as stream:
        stream.seek(start)
        stream.write(part)


def finish_receiving(name: str, digests: dict[str, str]) -> None:
    """Put the data `name` in its place, when each file has its SHA-256.

    Raises:
        DataError: one has not.
    """
    partial, folder = _partial(name), received_folder(name)
    try:
        for file, digest in digests.items():
            if fingerprint_file(partial / file) != digest:
                raise DataError(f"{file} did not arrive as it was sent")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _partial(name: str) -> Path:
    return received_folder(name).with_name(f".{name}-{os.getpid()}")
