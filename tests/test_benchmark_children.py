"""What a benchmark starts ends with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import psutil
import pytest

SLEEP = "import time; time.sleep(600)"
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEP!r}])"
BENCHMARK = f"""
from benchmarks.children import run_child
try:
    run_child(["-c", {CHILD!r}])
except SystemExit:
    pass  # a child that failed is no end of a benchmark
run_child(["-c", {CHILD!r}])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_ends_a_benchmark_ends_all_that_it_started(number: signal.Signals) -> None:
    benchmark = subprocess.Popen([sys.executable, "-c", BENCHMARK], stderr=subprocess.DEVNULL)
    started: list[psutil.Process] = []
    until = time.monotonic() + 60
    while len(started) < 2 and time.monotonic() < until:
        started = psutil.Process(benchmark.pid).children(recursive=True)
        time.sleep(0.05)
    assert len(started) == 2
    benchmark.send_signal(number)
    assert benchmark.wait(60) != 0
    assert psutil.wait_procs(started, timeout=10)[1] == []
