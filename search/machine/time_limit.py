"""A limit of CPU time for a piece of work: whatever else the machine does, it is the work's own time that counts."""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

# What C code is given to return, before its process is ended.
_GRACE_SECONDS = 60


class OutOfTime(Exception):
    """The work was not finished in its time."""


@contextmanager
def computing_at_most(seconds: float) -> Iterator[None]:
    """Within, this process may compute for `seconds` of CPU time. In the main thread alone.

    Code that does not return to Python by a minute later ends with its process.

    Raises:
        OutOfTime: it took longer; as soon as Python code runs.
    """

    is_over = False

    def over(number: int, frame: object) -> None:
        nonlocal is_over
        is_over = True
        raise OutOfTime

    before = signal.signal(signal.SIGPROF, over)
    # Again each second: C code that calls Python may swallow an exception.
    signal.setitimer(signal.ITIMER_PROF, seconds, 1.0)
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    last = int(time.process_time() + seconds) + _GRACE_SECONDS
    resource.setrlimit(
        resource.RLIMIT_CPU, (last if hard == resource.RLIM_INFINITY else min(last, hard), hard)
    )
    try:
        yield
    except Exception as error:
        if is_over:  # C code may make another exception of it
            raise OutOfTime from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
