"""A command of the soak while it runs: waited for, killed at some instant, and what it leaves behind."""

from __future__ import annotations

import random
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.soak_processes import Running

# An environment variable that every process of a command inherits.
MARK = "PERCEPTUNA_SOAK"
# Generous, as the soak may run where others do.
_GRACE_SECONDS = 60.0
LONGEST_SECONDS = 900.0


@dataclass
class Command:
    """A command that runs, its output, and the mark that all its processes carry."""

    process: Running
    output: Path
    mark: str

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def until_some_instant(self, longest: float, chosen: random.Random) -> int | None:
        """Wait for a random time after a random milestone of the start; the exit code if it ends before."""
        milestone, longest = chosen.choice(
            (("", 2.0), ("reading", 0.4), ("starting", longest), ("starting", longest), ("starting", longest))
        )
        deadline = time.monotonic() + LONGEST_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            # A resume reads no data anew and says nothing before it starts its workers.
            if any(word in self.text() for word in (milestone, "starting")):
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(chosen.uniform(0, longest))
                break
            time.sleep(0.02)
        return self.process.poll()

    def until_its_end(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(LONGEST_SECONDS)
        return self.process.poll()

    def kill(self, victim: str, chosen: random.Random) -> bool:
        """False where there is none of that kind now, or no more."""
        try:
            driver = psutil.Process(self.process.pid)
            below = driver.children(recursive=True)
        except psutil.NoSuchProcess:  # it has just ended by itself
            return False
        workers = [one for one in below if "search.workers.serving" in " ".join(_command_line(one))]
        if victim == "worker":
            doomed = [chosen.choice(workers)] if workers else []
        else:
            doomed = [driver, *(below if victim == "all" else [])]
        for one in doomed:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        return bool(doomed)

    def left_behind(self) -> list[str]:
        """Processes that still run when they have had time to notice that their driver is gone."""
        deadline = time.monotonic() + _GRACE_SECONDS
        while (marked := _marked(self.mark)) and time.monotonic() < deadline:
            time.sleep(0.2)
        return [f"left behind: {pid} {line}" for pid, line in marked.items()]


def _command_line(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        return process.cmdline()
    return []


def _marked(mark: str) -> dict[int, str]:
    wanted = f"{MARK}={mark}".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found
