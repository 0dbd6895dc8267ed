"""What is read has to fit into memory: asked before anything is read, so that nobody's machine is filled up."""

from __future__ import annotations

from pathlib import Path

from search.errors import DataError

_CGROUPS = Path("/sys/fs/cgroup")
# Limit and use of a container's memory, in the second and the first version of control groups.
_LIMITS = (
    ("memory.max", "memory.current", "memory.stat"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
)


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


def free_memory() -> int:
    """Bytes that can be had without swapping, of this machine or of the container's limit."""
    import psutil

    free = int(psutil.virtual_memory().available)
    for limit, used, statistics in _LIMITS:
        try:
            most, now = int((_CGROUPS / limit).read_text()), int((_CGROUPS / used).read_text())
            told = dict(line.split() for line in (_CGROUPS / statistics).read_text().splitlines())
        except (OSError, ValueError):  # not there, or "max": no limit
            continue
        # Files that are kept in memory go when it is needed.
        free = min(free, most - now + int(told.get("inactive_file", 0)))
    return max(0, free)


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
