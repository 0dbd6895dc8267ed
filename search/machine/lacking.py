"""What a machine may lack: which exceptions say so, and what a person does about it.

A trial reads prepared data and computes, so whatever the system refuses it is no fault of its hyperparameters. Memory
alone may be: a large configuration fails wherever it is trained.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

_FILES = "raise the limit of open files by `ulimit -n 4096`, or give fewer --workers"
_PROCESSES = "raise the limit of processes and threads by `ulimit -u 4096`, or give fewer --workers"
_SPACE = "free some disk space"
_REMEDIES = {
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EAGAIN: _PROCESSES,
    errno.ENOMEM: "free some memory, or give fewer --workers",
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
}
_NO_THREAD = "can't start new thread"


def lacking(error: BaseException, *, known: bool = False) -> str | None:
    """What the machine refused, and what to do; None where `error` says nothing of the sort.

    Args:
        known: only what a remedy is known for, not every refusal of the system's.
    """
    for link in _chain(error):
        remedy = _remedy(link)
        if remedy is None and isinstance(link, OSError) and not known:
            remedy = "see that it is there and may be written"
        if remedy is not None:
            text = (str(link).strip() or type(link).__name__).splitlines()[0][:300]
            return f"{text}; {remedy}"
    return None


def _remedy(error: BaseException) -> str | None:
    """Against what is known to be lacking."""
    if isinstance(error, RuntimeError):
        return _PROCESSES if _NO_THREAD in str(error) else None
    if isinstance(error, OSError) and error.errno:
        return _REMEDIES.get(error.errno)
    if isinstance(error, OSError | ImportError):
        # HDF5, and who opens a library, give no number: the system's words are in the text.
        return next((_REMEDIES[one] for one in _REMEDIES if os.strerror(one) in str(error)), None)
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """NumPy's and Python's own error, or TensorFlow's."""
    return any(
        isinstance(link, MemoryError) or type(link).__name__ == "ResourceExhaustedError"
        for link in _chain(error)
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        # As tracebacks do: what was raised `from None` has nothing to do with what came before.
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
