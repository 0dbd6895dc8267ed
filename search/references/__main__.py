"""The process that fits reference models: a job comes in, and a line for each model goes out.

It gives way to whatever trains: it is niced, the first to go when memory is short, and computes in one thread. It ends
with whoever started it, whose end it sees at the pipe that the job came by.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

_NICEST = 19


def main() -> None:
    """Carry out the job on standard input."""
    os.nice(_NICEST)
    with suppress(OSError):  # Linux alone has it
        Path("/proc/self/oom_score_adj").write_text("1000")
    told, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # what a library may print is no line for who listens

    def say(line: str) -> None:
        os.write(told, f"{line}\n".encode())

    given = sys.stdin.buffer.readline()
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    try:
        from search.references.job import Job, carry_out
        from search.references.record import Reference

        job = Job.model_validate_json(given)
        carry_out(job, lambda reference: say(Reference.model_dump_json(reference)))
    except Exception as error:  # told by who listens: nobody sees a traceback of this process
        say(json.dumps({"failed": f"{type(error).__name__}: {error}"}))


def _end_with_the_starter() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()
