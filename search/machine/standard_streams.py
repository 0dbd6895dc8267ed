"""Standard output and standard error that outlast whoever reads them, and can say every character.

A pipe whose reader has ended, a terminal that is gone, a full disk or a stream that was closed from the start take
nothing more. A study must go on all the same. So what cannot be written is dropped, here, below every way to print.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import Any

_DISK_TAKES_NOTHING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LastingOutput(io.FileIO):
    """An open file descriptor that takes every byte; after its first `fault` it drops them."""

    fault: OSError | None = None

    def write(self, data: Any) -> int:
        if self.fault is None:
            try:
                while (taken := super().write(data)) is None:
                    # Another program has made the terminal non-blocking, and it is slow.
                    select.select([], [self], [])
                return taken
            except OSError as fault:
                self.fault = fault
        return memoryview(data).nbytes


def make_streams_last() -> None:
    """Replace sys.stdout and sys.stderr, and sys.stdin where it is closed. At the start of a process, once."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # Else the next file that is opened, perhaps the database, would be taken for a standard stream.
            opened = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(opened, True)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = _lasting(1, sys.stdout)
    sys.stderr = _lasting(2, sys.stderr)


def _lasting(descriptor: int, before: Any) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(LastingOutput(descriptor, "w", closefd=False)),
        encoding=getattr(before, "encoding", None) or "utf-8",
        # In latin-1 or ASCII `…` is a question mark.
        errors="replace",
        line_buffering=descriptor == 2 or getattr(before, "line_buffering", False),
        write_through=getattr(before, "write_through", False),
    )


def lost_output() -> str:
    """Why a disk has not taken all of standard output; empty where it has, or nobody is there to read it."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    fault = raw.fault if isinstance(raw, LastingOutput) else None
    return os.strerror(fault.errno or 0) if fault and fault.errno in _DISK_TAKES_NOTHING else ""
