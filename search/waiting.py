"""The program, started before there is a command for it: it loads what a study needs, starts a worker, and waits.

    python -m search.waiting      (the database is $PERCEPTUNA_STORAGE)

Standard input is the Unix socket through which the command comes. Where a service ends before, so does this.
"""

from __future__ import annotations

import os
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

from search.machine.interruption import heed_signals
from search.service.handing_over import READY, take_over

_REHEARSAL = {"data": "digits", "space": "small", "trials": 1, "epochs": 1, "workers": 1}


def main() -> None:
    """Be `perceptuna`, as soon as somebody says with which words."""
    from search.__main__ import main as run
    from search.workers import ready

    try:
        wait_and_run(rehearse, run)
    finally:
        ready.end()


def wait_and_run(prepare: Callable[[], None], run: Callable[[], None]) -> None:
    """`prepare`, wait for a command, and `run` it."""
    heed_signals()
    try:
        prepare()
        with socket.socket(fileno=os.dup(0)) as line:
            with suppress(OSError):  # who has given the command already does not listen any more
                line.sendall(READY)
            words = take_over(line)
    except KeyboardInterrupt:
        sys.exit(130)
    if words is None:
        return
    sys.argv = ["perceptuna", *words]
    run()


def rehearse() -> None:
    """Start a worker, and have it train a trial of a study that is nobody's: so all that is needed is loaded."""
    from search.workers import ready

    try:
        ready.start_ahead()
        _train_a_trial()
    except Exception:  # whatever it is: the command finds out for itself, and says it to whom it concerns
        traceback.print_exc()
        ready.end()


def _train_a_trial() -> None:
    import search.cli  # noqa: F401
    from search.driving.dispatcher import Listeners
    from search.machine.temporary import temporary_folder
    from search.running.start import start
    from search.settings.settings import load_settings
    from search.workers import ready
    from storage import StorageURL

    with temporary_folder() as folder, ready.rehearsing():
        url = StorageURL.of_file(folder / "rehearsal.db")
        finish = start("rehearsal", url, load_settings(None, _REHEARSAL), Listeners())
    if finish.ending == "interrupted":
        raise KeyboardInterrupt


if __name__ == "__main__":
    main()
