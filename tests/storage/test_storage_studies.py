"""Faults that happen to real studies: what they wait out, how they end, and that resuming loses nothing."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from live_study import RUN, LiveStudy
from postgresql_server import Server

from storage import StorageURL, StudyBusy, study_lock
from storage.check import examine

pytestmark = pytest.mark.slow

_HOLD = """
    import sqlite3, sys, time
    connection = sqlite3.connect(sys.argv[1], timeout=30)
    connection.execute("begin immediate")
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def nothing_wrong(url: StorageURL) -> bool:
    return [finding.text for finding in examine(url) if finding.state == "wrong"] == []


def test_a_study_waits_for_a_locked_database_and_is_saved_from_a_deleted_one(
    tmp_path: Path, process: Callable[..., subprocess.Popen[str]]
) -> None:
    path = tmp_path / "studies.db"
    of_other_tests = set(psutil.Process().children(recursive=True))
    live = LiveStudy(tmp_path, StorageURL.of_file(path), patience=4)
    live.start(RUN)
    live.until("trial 0 complete")
    holder = process(_HOLD, str(path), "3")  # SQLite itself waits for a quarter of the patience
    holder.wait(30)
    live.until("trial 1 complete")

    path.unlink()
    assert live.end(90) == 3
    text = live.text()
    assert "was moved, deleted or replaced while it was in use; trying again for up to 4 s" in text
    acknowledged = len(re.findall("trial . complete", text))
    (mend,) = re.findall(r"so: (\[ ! -e .* && mv -n .*) && perceptuna resume live", text)
    assert set(psutil.Process().children(recursive=True)) <= of_other_tests

    subprocess.run(mend, shell=True, check=True)
    told = live.told()
    assert len(told) >= acknowledged >= 2
    live.start("resume live")
    assert live.end() == 0, live.text()
    assert live.is_whole()
    assert told.items() <= live.told().items()
    assert nothing_wrong(live.url)


def fill(filler: Path) -> None:
    """Write until the disk takes nothing more."""
    with suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(b"x" * 1024)


def test_a_study_ends_at_a_full_disk_and_goes_on_when_there_is_space(
    tmp_path: Path, mounted: Callable[[str], Path]
) -> None:
    small_disk = mounted("3m")
    live = LiveStudy(tmp_path, StorageURL.of_file(small_disk / "studies.db"), patience=4)
    live.start(RUN)
    live.until("trial 0 complete")
    filler = small_disk / "filler"
    deadline = time.monotonic() + 120
    while live.process.poll() is None and time.monotonic() < deadline:
        fill(filler)  # again and again: a model that is replaced leaves space
        time.sleep(0.05)
    assert live.end(0) == 3, live.text()
    text = live.text()
    assert re.search(r"(full|No space left).*free some disk space.*: perceptuna resume live", text)
    acknowledged = len(re.findall("trial . complete", text))

    filler.unlink()
    told = live.told()
    assert len(told) >= acknowledged
    subprocess.run(["mount", "-o", "remount,size=30m", str(small_disk)], check=True)
    live.start("resume live")
    assert live.end() == 0, live.text()
    assert live.is_whole()
    assert told.items() <= live.told().items()


def test_a_study_on_postgresql_is_killed_and_its_server_restarted(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = LiveStudy(tmp_path, StorageURL.parse(server.url), patience=10)
    monkeypatch.chdir(tmp_path)  # where the artifacts of a server's studies lie
    live.start(RUN)
    live.until("starting")
    with pytest.raises(
        StudyBusy, match=f"driven by host {socket.gethostname()[:32]}, process {live.process.pid};"
    ):
        study_lock(live.url, "live").acquire()
    live.until("trial 0 complete")
    workers = psutil.Process(live.process.pid).children(recursive=True)
    assert workers  # `ps` shows every user what is on a command line
    assert not any("postgresql:" in part for worker in workers for part in worker.cmdline())

    live.kill()
    told = live.told()
    live.start("resume live")  # at once: the server frees a dead driver's lock
    live.until(f"[{len(told) + 1}/")

    server.stop()
    stopped = time.monotonic()
    server.start()
    assert live.end(90) == 3
    assert time.monotonic() - stopped < 30
    text = live.text()
    assert "the lock of study 'live' is lost: the connection that held it ended" in text
    assert "then resume the study: perceptuna resume live --storage postgresql://perceptuna@" in text
    assert told.items() <= live.told().items()

    told = live.told()
    live.start("resume live")
    assert live.end() == 0, live.text()
    assert live.is_whole()
    assert told.items() <= live.told().items()
    assert nothing_wrong(live.url)
