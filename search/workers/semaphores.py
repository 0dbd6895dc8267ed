"""Semaphores of worker processes, of which Python's resource tracker keeps the names: a process that may be killed too."""

from __future__ import annotations

import warnings
from multiprocessing import resource_tracker

_forget = resource_tracker.unregister


def outlast_the_resource_tracker() -> None:
    """From now on one that was killed is replaced without a word, in this process; calling it again changes nothing.

    The new one knows no name that the killed one knew, and prints a traceback when it is told to forget such a name.
    """
    warnings.filterwarnings("ignore", "resource_tracker: process died unexpectedly", UserWarning)
    resource_tracker.unregister = _tell_and_forget


def _tell_and_forget(name: str, rtype: str) -> None:
    """It keeps names as a set, so one that it knows may be told again."""
    resource_tracker.register(name, rtype)
    _forget(name, rtype)
