"""The program `perceptuna`, and `python -m search` from a checkout.

Workers import the module their parent was started by, so nothing of the command line is imported before it is run.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

from search.machine import interruption
from search.machine.standard_streams import make_streams_last
from search.text.printable import printable

# Python's own 700 has it look for garbage among modules and trials that stay, again and again: a tenth of what `show`
# takes of 1,000 trials. Garbage in cycles waits longer, some megabytes of it.
_OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main() -> NoReturn:
    """Run the command line."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    interruption.heed_signals()
    make_streams_last()
    if not os.path.isabs(os.path.expanduser("~")):
        # A user whom the system does not know. Some libraries would make a folder of the name `~`.
        os.environ["HOME"] = os.sep
    try:
        try:
            from search.cli import main as run

            run()
        except KeyboardInterrupt:  # while it was imported, or while it said how it ended
            print(printable(f"perceptuna: {interruption.interrupted()}"), file=sys.stderr)
            sys.exit(130)
    except SystemExit as end:
        sys.stdout.flush()
        interruption.end_at_once_with(end.code if isinstance(end.code, int) else 0)
        raise


if __name__ == "__main__":
    main()
