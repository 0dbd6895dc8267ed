"""Being asked to end, from the first line of a command to its last: Ctrl-C, SIGTERM, SIGHUP of a terminal that is gone.

While a study is driven, `search.driving.signals` turns them into an orderly end. Everywhere else each of them is a
KeyboardInterrupt, which `search.__main__` turns into exit code 130.
"""

from __future__ import annotations

import atexit
import os
import signal
from types import FrameType

_received = False
_go_on = ""


def signals_to_heed() -> tuple[signal.Signals, ...]:
    """SIGHUP stays ignored where it is (`nohup`). Ctrl-C does not: a shell ignores it for what is in the background."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    there = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return tuple(one for one in there if one.name != "SIGHUP" or signal.getsignal(one) is not signal.SIG_IGN)


def heed_signals() -> None:
    """From now on each of them raises KeyboardInterrupt. In the main thread alone."""
    for number in signals_to_heed():
        signal.signal(number, _interrupt)
    # Registered first, so called last: Python gives each signal its default action back when it takes itself down, and
    # that would end a command that is over with another exit code. An ignored one stays so.
    atexit.register(_ignore_signals)


def _ignore_signals() -> None:
    for number in signals_to_heed():
        signal.signal(number, signal.SIG_IGN)


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _received
    del number, frame
    _received = True
    raise KeyboardInterrupt


def is_interrupted() -> bool:
    """Whether one came. C code that runs Python may have swallowed its exception."""
    return _received


def go_on_with(command: str) -> None:
    """There is something to go on with, and this is how; told to who interrupts from now on."""
    global _go_on
    _go_on = command


def interrupted() -> str:
    """What is said to who has interrupted."""
    return f"interrupted; go on with: {_go_on}" if _go_on else "interrupted"


def end_at_once_with(code: int) -> None:
    """The command is over and Python ends: whoever is impatient now gets its exit code, without a traceback."""

    def leave(number: int, frame: FrameType | None) -> None:
        del number, frame
        os._exit(code)

    for number in signals_to_heed():
        signal.signal(number, leave)
