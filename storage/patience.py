"""Wait and try again where a fault of the database or the disk may pass, for a bounded time.

Who drives a study, and its workers, are patient; commands that only look are not, and show the fault at once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from storage.errors import ArtifactsUnusable, DatabaseUnusable, may_pass, reason_of

Result = TypeVar("Result")

# How long a fault is waited out; one more try may follow, which SQLite's own waiting makes 30 s longer.
PATIENCE_SECONDS = 120.0
_SETTING = "PERCEPTUNA_STORAGE_PATIENCE"
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
# How often somebody who wants to stop is heard while waiting.
_LISTEN_SECONDS = 0.25


@dataclass(frozen=True)
class _Patience:
    seconds: float
    tell: Callable[[str], None]
    wanted: Callable[[], bool]


_patience: ContextVar[_Patience | None] = ContextVar("patience", default=None)


def patience_seconds() -> float:
    """$PERCEPTUNA_STORAGE_PATIENCE, or PATIENCE_SECONDS.

    Raises:
        DatabaseUnusable: it is no number of seconds.
    """
    given = os.environ.get(_SETTING)
    if given is None:
        return PATIENCE_SECONDS
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise DatabaseUnusable(f"${_SETTING}: expected a number of seconds, but got '{given}'")
    return seconds


@contextmanager
def patient(
    tell: Callable[[str], None] = lambda remark: None, wanted: Callable[[], bool] = lambda: True
) -> Iterator[None]:
    """Within it, this thread waits out faults that may pass: $PERCEPTUNA_STORAGE_PATIENCE seconds, 120 by default.

    Args:
        tell: hears when waiting begins, and when it was worth it.
        wanted: asked while waiting; False ends it with the fault.
    """
    token = _patience.set(_Patience(patience_seconds(), tell, wanted))
    try:
        yield
    finally:
        _patience.reset(token)


def keep_trying(action: Callable[[], Result]) -> Result:
    """`action()`, again and again while its fault may pass and this thread is `patient`.

    It may run again after a try that did its work and could not say so: it has to be safe to repeat.

    Raises:
        Exception: of the last try.
    """
    patience = _patience.get()
    if patience is None:
        return action()
    began = time.monotonic()
    pause = _FIRST_PAUSE_SECONDS
    told = False
    while True:
        try:
            result = action()
        except Exception as error:
            waited = time.monotonic() - began
            if not may_pass(error) or waited > patience.seconds or not patience.wanted():
                raise
            if not told:
                told = True
                patience.tell(f"storage: {reason_of(error)}; trying again for up to {patience.seconds:.0f} s")
            if not _pause(min(pause, max(patience.seconds - waited, _FIRST_PAUSE_SECONDS)), patience.wanted):
                raise
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        else:
            if told:
                patience.tell(f"storage: works again after {time.monotonic() - began:.0f} s")
            return result


def written(folder: Path, write: Callable[[], Result]) -> Result:
    """`write()`, which writes into the folder of artifacts; tried again while this thread is patient.

    Raises:
        ArtifactsUnusable: the system refused it.
    """

    def attempt() -> Result:
        try:
            return write()
        except OSError as error:
            raise ArtifactsUnusable(
                f"the artifact folder {folder} takes no file ({error.strerror or error}); "
                "free some disk space and make it writable"
            ) from error

    return keep_trying(attempt)


def _pause(seconds: float, wanted: Callable[[], bool]) -> bool:
    """Whether all of it could be waited."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if not wanted():
            return False
        time.sleep(min(left, _LISTEN_SECONDS))
    return True
