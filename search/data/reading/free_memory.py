"""What is read has to fit into memory: asked before anything is read, so that nobody's machine is filled up."""

from __future__ import annotations

from search.data.rows.scratch import free_disk, scratch_folder
from search.errors import DataError
from search.machine.memory import free_memory


def refuse_more_than_memory(needed: int, what: str, advice: str) -> None:
    """Let `needed` bytes pass, if they are free.

    Raises:
        DataError: they are not; with `what` needs them, and `advice`.
    """
    free = free_memory()
    if needed > free:
        raise DataError(
            f"{what} needs about {_gigabytes(needed)} of memory, but {_gigabytes(free)} are free; {advice}"
        )


def refuse_more_than_disk(needed: int, what: str, advice: str) -> None:
    """Let `needed` bytes of a scratch file pass, if they are free.

    Raises:
        DataError: they are not; as `refuse_more_than_memory` says it.
    """
    free = free_disk()
    if needed > free:
        raise DataError(
            f"{what} needs about {_gigabytes(needed)} of disk in {scratch_folder()} while it is read, but "
            f"{_gigabytes(free)} are free; {advice}, or name another folder by $PERCEPTUNA_CACHE"
        )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
