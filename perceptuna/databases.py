"""The database of studies itself: a copy of it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from perceptuna.errors import one_tree

if TYPE_CHECKING:
    from storage.backup import Backup

__all__ = ["backup"]


def backup(output: str | Path, storage: str | Path | None = None, *, force: bool = False) -> Backup:
    """Copy an SQLite database of studies and all that lies beside it, also while a study runs.

    What `perceptuna storage backup` does. The copy is checked; it is used by `storage=output`.

    Args:
        output: the database file to write.
        storage: the one to copy; $PERCEPTUNA_STORAGE or `perceptuna.db` when not given.
        force: replace what is at `output`.

    >>> copy = pt.backup("copy.db", force=True)
    >>> copy.studies == len(pt.studies("copy.db"))
    True

    Raises:
        DatabaseUnusable: it is a server, which has a program of its own for that; there is no such database; or
            something is at `output` already.
        StorageError: copying failed.
    """
    from search.analysis.notebook import storage_url
    from search.service.backing_up import check_place, copy_files
    from storage.backup import back_up

    with one_tree():
        url = storage_url(storage)
        check_place(Path(output), force=force)
        made = back_up(url, Path(output), force=force)
        copy_files(url, made.path)
    if made.lost:
        warnings.warn(
            f"{len(made.lost)} artifacts are lost in {url} itself; see `perceptuna storage check`",
            stacklevel=2,
        )
    return made
