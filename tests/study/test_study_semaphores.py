"""Semaphores of worker processes when Python's resource tracker is killed, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

LOSE_THE_TRACKER = """
import gc, os, signal
from multiprocessing import get_context, resource_tracker
from search.workers.semaphores import outlast_the_resource_tracker

outlast_the_resource_tracker()
outlast_the_resource_tracker()
first = get_context("spawn").Lock()
tracker = resource_tracker._resource_tracker._pid
os.kill(tracker, signal.SIGKILL)
os.waitid(os.P_PID, tracker, os.WEXITED | os.WNOWAIT)
second = get_context("spawn").Lock()
del first, second
gc.collect()
"""


def test_a_killed_resource_tracker_is_replaced_without_a_word() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOSE_THE_TRACKER], capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
