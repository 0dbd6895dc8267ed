"""How many cores this process may use."""

from __future__ import annotations

import os


def available_cores() -> int:
    """Those that the system gives it, where the system tells; else those of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
