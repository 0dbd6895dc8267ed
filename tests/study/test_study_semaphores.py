"""Semaphores of worker processes when Python's resource tracker is killed, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

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


BE_KILLED = """
import os, signal
from multiprocessing import get_context
from search.workers.semaphores import outlast_the_resource_tracker

outlast_the_resource_tracker()
lock = get_context("spawn").Lock()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("code", "status"), [(LOSE_THE_TRACKER, 0), (BE_KILLED, -9)])
def test_a_resource_tracker_says_nothing_when_it_or_its_process_is_killed(code: str, status: int) -> None:
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (status, "", "")
