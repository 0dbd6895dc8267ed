"""How much memory this machine, or the container's limit, has; and how much of it is free."""

from __future__ import annotations

from pathlib import Path

WORKER_BYTES = 1_000_000_000
"""What a worker takes with Python, TensorFlow, Optuna and some compiled epochs, before rows and models."""

_CGROUPS = Path("/sys/fs/cgroup")
# Limit and use of a container's memory, in the second and the first version of control groups.
_LIMITS = (
    ("memory.max", "memory.current", "memory.stat"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
)


def total_memory() -> int:
    """Bytes of this machine, or what its container may have."""
    import psutil

    return min([int(psutil.virtual_memory().total), *(most for most, _ in _containers())])


def free_memory() -> int:
    """Bytes that can be had without swapping, of this machine or of the container's limit."""
    import psutil

    return max(0, min([int(psutil.virtual_memory().available), *(free for _, free in _containers())]))


def _containers() -> list[tuple[int, int]]:
    """The limit of each kind of container that this process is in, and what is free of it."""
    found = []
    for limit, used, statistics in _LIMITS:
        try:
            most, now = int((_CGROUPS / limit).read_text()), int((_CGROUPS / used).read_text())
            told = dict(line.split() for line in (_CGROUPS / statistics).read_text().splitlines())
        except (OSError, ValueError):  # not there, or "max": no limit
            continue
        # Files that are kept in memory go when it is needed.
        found.append((most, most - now + int(told.get("inactive_file", 0))))
    return found
