"""Semaphores of worker processes, whose names Python's resource tracker keeps: a process that may be killed too."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sized
from multiprocessing import resource_tracker

_QUIET = "ignore:resource_tracker:UserWarning"
_forget = resource_tracker.unregister


def outlast_the_resource_tracker() -> None:
    """From now on one that was killed is replaced without a word; calling it again changes nothing.

    The new one knows no name that the killed one knew, and prints a traceback when it is told to forget such a name.
    Nor does it say what it removes after this process was killed.
    """
    warnings.filterwarnings("ignore", "resource_tracker: process died unexpectedly", UserWarning)
    given = [one for one in os.environ.get("PYTHONWARNINGS", "").split(",") if one and one != _QUIET]
    os.environ["PYTHONWARNINGS"] = ",".join([*given, _QUIET])
    resource_tracker.unregister = _tell_and_forget


def _tell_and_forget(name: Sized, rtype: str) -> None:
    """It keeps names as a set, so one that it knows may be told again."""
    resource_tracker.register(name, rtype)
    _forget(name, rtype)
