"""The service's files beside a copy of its database: uploads, what drivers said, tested models."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from search.service.folders import service_folder
from search.service.uploads import PARTIAL
from storage import DatabaseUnusable, StorageError, StorageURL

# What only a running driver holds.
_LEASE = "driver.lock"


def check_place(target: Path, *, force: bool) -> None:
    """Before anything is copied: what is beside `target` is replaced by `force` alone, as the database itself is.

    Raises:
        DatabaseUnusable: something is there.
    """
    to = service_folder(StorageURL.of_file(target))
    if to.exists() and not force:
        raise DatabaseUnusable(f"{to} is there already; name another file, or replace it by --force")


def copy_files(url: StorageURL, target: Path) -> int:
    """Copy them, also while the service runs, to beside the copy of the database at `target`; how many there are.

    To be called when the database was copied: what that names was there before it, and files are written once. What is
    there in their place goes.

    Raises:
        StorageError: the disk cannot take them.
    """
    source, to = service_folder(url), service_folder(StorageURL.of_file(target))
    if not source.is_dir():
        shutil.rmtree(to, ignore_errors=True)  # of another database, whose copy was replaced
        return 0
    partial = to.with_name(f"{to.name}{PARTIAL}")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(
            source,
            partial,
            ignore=shutil.ignore_patterns(_LEASE, f"*{PARTIAL}"),
            copy_function=_copied,
            ignore_dangling_symlinks=True,
        )
        shutil.rmtree(to, ignore_errors=True)
        partial.rename(to)
    except (OSError, shutil.Error) as error:
        raise StorageError(f"the service's files cannot be copied to {to} ({error})") from error
    return sum(path.is_file() for path in to.rglob("*"))


def _copied(source: str, target: str) -> str:
    """A file that vanished meanwhile, such as an upload that was deleted, is not missed."""
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        return target
    os.chmod(target, 0o600)
    return target
