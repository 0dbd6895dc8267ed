"""How long the dashboard takes to open a large study: its answer, and the page in a browser.

    python -m benchmarks.dashboard [--quick] [--trials 10000]

Wall seconds on a machine that is used as it is; its load and our niceness are written down
(`nice -n -15` makes a busy machine like a quiet one), and the CPU seconds of all processes of the browser.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright

from benchmarks.large_study import made_study
from benchmarks.measure import command_line, write_result
from storage import StorageURL

ASKED_AGAIN = 5
VISITS = 8
BETWEEN_VISITS = 5
PATIENCE = 300  # seconds
PORT = 18471
TOKEN = "benchmark"
# The dashboard reads trials anew when what it has is older than ten seconds.
EXPIRY_SECONDS = 11
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_FIRST_PLOT = ".js-plotly-plot .scatterlayer .point"
_LAST_PLOT = "#graph-intermediate-values .scatterlayer .js-line"


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    arguments = parser.parse_args()
    trials = 500 if arguments.quick else arguments.trials
    with tempfile.TemporaryDirectory() as folder:
        url = StorageURL.of_file(Path(folder, "large.db"))
        began = time.perf_counter()
        study = made_study(url, trials)
        row: dict[str, Any] = {"trials": trials, "made_seconds": round(time.perf_counter() - began, 1)}
        row["database_bytes"] = sum(file.stat().st_size for file in Path(folder).glob("large.db*"))
        row |= {"niceness": os.nice(0), "load_before": round(os.getloadavg()[0], 1)}
        with dashboard(url) as address:
            row |= answers(f"{address}/api/studies/{study}?after=0")
            print(row, flush=True)
            page = f"{address}/dashboard/studies/{study}"
            row["page"] = visits(page, VISITS)
            row["page_of_all_trials"] = visits(f"{page}?numbers=all", 3)
            print(row, flush=True)
        row["load_after"] = round(os.getloadavg()[0], 1)
    print(row)
    print("raw numbers:", write_result("dashboard", [row], arguments.quick))


def answers(address: str) -> dict[str, Any]:
    """Seconds until the whole answer that a study's page asks for is here."""
    cold, body = get(address)
    warm = [get(address)[0] for _ in range(ASKED_AGAIN)]
    expired = []
    for _ in range(2):
        time.sleep(EXPIRY_SECONDS)
        expired.append(get(address)[0])
    return {
        "answer_cold": cold,
        "answer_warm": warm,
        "answer_after_expiry": expired,
        "answer_bytes": len(body),
        "answer_bytes_gzip": len(gzip.compress(body, 5)),
    }


def visits(address: str, times: int) -> list[dict[str, float]]:
    """Opens a study's page `times` times in a browser that is new at first, one visit after the other.

    A browser keeps the frontend's script from the first visit on, and that script compiled from the second on
    (in a profile on disk, as people have it): warm is from the third on.
    """
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-proxy-server"]
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium,
            args=options,
            extra_http_headers={"Authorization": f"Bearer {TOKEN}"},
        )
        rows = []
        for _ in range(times):
            rows.append(visit(browser.new_page(), address))
            print(rows[-1], flush=True)
            time.sleep(BETWEEN_VISITS)
        browser.close()
    return rows


def visit(page: Page, address: str) -> dict[str, float]:
    """Seconds from asking for the page to its first plot, to its last one, and until it answers to clicks."""
    load, before = os.getloadavg()[0], browser_seconds()
    began = time.perf_counter()

    def passed() -> float:
        return round(time.perf_counter() - began, 2)

    page.goto(address, wait_until="commit")
    page.wait_for_selector(_FIRST_PLOT, state="attached", timeout=1000 * PATIENCE)
    row = {"first_plot": passed()}
    page.wait_for_selector(_LAST_PLOT, state="attached", timeout=1000 * PATIENCE)
    row["last_plot"] = passed()
    page.evaluate("() => new Promise(done => requestIdleCallback(() => done()))")
    row["usable"] = passed()
    spent = {pid: seconds - before.get(pid, 0.0) for pid, seconds in browser_seconds().items()}
    row |= {"cpu_seconds": round(sum(spent.values()), 2), "load": round(load, 1)}
    page.close()
    return row


def browser_seconds() -> dict[int, float]:
    """CPU seconds of each process of the browser."""
    spent = {}
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "chrom" in process.name():
                spent[process.pid] = sum(process.cpu_times()[:2])
    return spent


def get(address: str) -> tuple[float, bytes]:
    """Seconds, and what came."""
    began = time.perf_counter()
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {TOKEN}"})
    with _WITHOUT_PROXY.open(request, timeout=300) as reply:
        body = reply.read()
    return round(time.perf_counter() - began, 2), body


@contextmanager
def dashboard(url: StorageURL) -> Iterator[str]:
    """`perceptuna dashboard` as a process of its own; its address."""
    words = ["-m", "search", "dashboard", "--read-only", "--port", str(PORT), "--storage", url.full]
    with running([*words, "--token", TOKEN]):
        yield f"http://127.0.0.1:{PORT}"


@contextmanager
def running(words: list[str]) -> Iterator[None]:
    """Python with `words`, from when it answers on its port."""
    port = next(int(word) for word in words if word.isdecimal())
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    main()
