"""A Dask scheduler and workers as processes of their own, on 127.0.0.1 only."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil


@dataclass
class Program:
    """One process of the cluster and what it wrote."""

    process: subprocess.Popen[bytes]
    output: Path

    def text(self) -> str:
        return self.output.read_text()

    def until(self, pattern: str, seconds: float = 120) -> re.Match[str]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.text()):
                return found
            assert self.process.poll() is None, self.text()
            time.sleep(0.1)
        raise AssertionError(f"no {pattern!r} within {seconds} s:\n{self.text()}")

    def kill(self) -> None:
        """SIGKILL to the program and all that it started."""
        for one in [*psutil.Process(self.process.pid).children(recursive=True), self.process]:
            one.kill()
        self.process.wait()


@dataclass
class DaskCluster:
    """Its programs write into `folder`."""

    folder: Path
    programs: list[Program] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "other-versions").mkdir()
        # Python imports a module of this name before anything else.
        (self.folder / "other-versions" / "sitecustomize.py").write_text(
            "import importlib.metadata as m\n"
            "version = m.version\n"
            "m.version = lambda name: '4.9.0' if name == 'optuna' else version(name)\n"
        )
        self.scheduler = self.start("dask_scheduler", "--port", "0", "--no-show")
        self.address = self.scheduler.until(r"Scheduler at:\s+(\S+)")[1]

    def start(self, program: str, *options: str, **environment: str) -> Program:
        output = self.folder / f"program-{len(self.programs)}.txt"
        command = [
            sys.executable,
            "-m",
            f"distributed.cli.{program}",
            "--host",
            "127.0.0.1",
            "--no-dashboard",
        ]
        with output.open("w") as file:
            process = subprocess.Popen(
                [*command, *options],
                cwd=self.folder,
                env={**os.environ, **environment},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self.programs.append(Program(process, output))
        return self.programs[-1]

    def worker(self, *options: str, other_versions: bool = False) -> Program:
        """Started; it joins some seconds later."""
        environment = {"PERCEPTUNA_CACHE": str(self.folder / "worker-cache")}
        if other_versions:
            environment["PYTHONPATH"] = str(self.folder / "other-versions")
        return self.start("dask_worker", self.address, "--nthreads", "1", *options, **environment)

    def close(self) -> None:
        for program in reversed(self.programs):
            if program.process.poll() is None:
                program.kill()
