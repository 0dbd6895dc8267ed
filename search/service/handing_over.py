"""A command for a process that waits for one: its words, and the files that it is to have, through a Unix socket."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence

READY = b"!"
"""What a process says that waits."""

# Standard output, standard error, and a lease that is only held.
_FILES = 3
_MOST_BYTES = 65_536


def hand_over(line: socket.socket, words: Sequence[str], files: tuple[int, int, int]) -> None:
    """Send `words`, and the descriptors of standard output, standard error and a lease.

    Raises:
        OSError: nobody is there.
    """
    told = json.dumps(list(words)).encode() + b"\n"
    sent = socket.send_fds(line, [told], files)
    line.sendall(told[sent:])


def take_over(line: socket.socket) -> list[str] | None:
    """Wait for words, whose files are this process's from then on; None where none come any more."""
    try:
        told, files, _, _ = socket.recv_fds(line, _MOST_BYTES, _FILES)
    except ConnectionResetError:  # it has ended, and never heard that this process waits
        return None
    while told and not told.endswith(b"\n") and (more := line.recv(_MOST_BYTES)):
        told += more
    if not told.endswith(b"\n") or len(files) != _FILES:
        return None  # who began to tell was killed meanwhile
    nothing = os.open(os.devnull, os.O_RDONLY)
    for standard, file in enumerate((nothing, *files[:2])):
        os.dup2(file, standard)
        os.close(file)
    words: list[str] = json.loads(told)
    return words
