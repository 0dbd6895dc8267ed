"""`benchmarks.soak_driver`, started before there is a command for it, as a service does.

python -m benchmarks.soak_waiting
"""

from __future__ import annotations

from benchmarks.soak_driver import main
from search.waiting import wait_and_run

if __name__ == "__main__":
    wait_and_run(lambda: None, main)
