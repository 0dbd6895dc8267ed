"""Makes the studies of this folder by the command line, with real trainings, workers and kills. About five minutes.

    python tests/study/made_before/make.py

It was run once, by the program of commit d453fac, and is kept to say what was done. Run by a later program it would
make other studies, which show nothing of whether those of d453fac are still understood.
"""

from __future__ import annotations

import lzma
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "examples"))

from make_tables import customers, prices  # noqa: E402

DIGITS = "--data digits --space digits.toml --epochs 60 --patience 60 --workers 1"


def make(folder: Path) -> None:
    customers(240).to_csv(HERE / "customers.csv", index=False)
    prices(160).to_csv(HERE / "prices.csv", index=False)
    for file in [*HERE.glob("*.csv"), *HERE.glob("*.toml")]:
        shutil.copy(file, folder)

    # Baselines, among them what is outside the space, too large, not finite and stopped by patience; asha's pruning.
    call(
        folder,
        "run customers --data customers.csv --target leaves --space customers.toml --baselines baselines.toml "
        "--allow-outside --trials 14 --epochs 9 --patience 3 --workers 1 --seed 1 --memory-limit 1500MB",
    )
    call(folder, "finalize customers --top 2 --seeds 2 -o customers.keras")

    # The next version; and one of it whose epochs and pruner are others.
    call(folder, "run next --from customers --space narrower.toml --trials 6")
    call(
        folder,
        "run after-next --from next --allow-different --epochs 12 --pruner hyperband --trials 6 --seed 5",
    )

    # Regression, with another sampler and pruner.
    call(
        folder,
        "run prices --data prices.csv --target price --space prices.toml --sampler random --pruner median "
        "--trials 6 --epochs 4 --workers 1 --seed 2",
    )
    call(folder, "resume prices --add 1")
    call(folder, "ablate prices --seeds 2")

    # A trial that fails with a traceback, and one that runs out of time.
    fault = folder / "fault"
    fault.mkdir()
    shutil.copy(HERE / "failing_trial.py", fault / "sitecustomize.py")
    call(
        folder,
        "run failing --data prices.csv --target price --space small --metric val_r2 --trials 2 --epochs 3 "
        "--workers 1 --sampler qmc --pruner none",
        PYTHONPATH=str(fault),
    )
    call(folder, "resume failing --add 1 --trial-timeout 0.1s")

    # The driver is killed and resumed; a worker is killed twice over one trial, and once over another; then `stop`.
    driver = start(folder, f"run attempts {DIGITS} --trials 9 --seed 3")
    until(folder, "attempts", lambda done, trained: done >= 1 and trained)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    time.sleep(5)
    driver = start(folder, "resume attempts")
    for lost in (1, 2, 3):
        until(folder, "attempts", lambda done, trained, least=lost: done >= 1 + least and trained)
        kill_worker(driver)
        time.sleep(3)
    until(folder, "attempts", lambda done, trained: done >= 6 and trained)
    call(folder, "stop attempts")
    driver.wait()

    # The driver is killed in mid-study, and that is all.
    driver = start(folder, f"run killed {DIGITS} --trials 4 --seed 4")
    until(folder, "killed", lambda done, trained: done >= 2 and trained)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    time.sleep(5)


def call(folder: Path, line: str, **environment: str) -> None:
    print("$ perceptuna", line, flush=True)
    subprocess.run(words(line), cwd=folder, env=variables(folder) | environment, check=True)


def start(folder: Path, line: str) -> subprocess.Popen[bytes]:
    print("$ perceptuna", line, "&", flush=True)
    return subprocess.Popen(words(line), cwd=folder, env=variables(folder))


def words(line: str) -> list[str]:
    return [sys.executable, "-m", "search", *line.split()]


def variables(folder: Path) -> dict[str, str]:
    there = {name: value for name, value in os.environ.items() if name != "PERCEPTUNA_STORAGE"}
    return there | {"PERCEPTUNA_CACHE": str(folder / "cache")}


def until(folder: Path, study: str, condition: Callable[[int, bool], bool], seconds: float = 120) -> None:
    """Wait until `condition` of `progress` holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition(*progress(folder, study)):
            return
        time.sleep(0.02)
    sys.exit("nothing of the sort")


def progress(folder: Path, study: str) -> tuple[int, bool]:
    """How many trials of `study` have an end, and whether one without has reported its third epoch."""
    of_study = "from trials join studies using (study_id) where study_name = ?"
    ended = f"select count(*) {of_study} and state in ('COMPLETE', 'PRUNED', 'FAIL')"
    running = f"select trial_id {of_study} and state = 'RUNNING'"
    epochs = f"select max(step) from trial_intermediate_values where trial_id in ({running})"
    with sqlite3.connect(folder / "perceptuna.db") as database:
        try:
            (done,), (step,) = (database.execute(query, [study]).fetchone() for query in (ended, epochs))
        except sqlite3.OperationalError:  # the tables are not there yet
            return 0, False
    return done, (step or 0) >= 3


def kill_worker(driver: subprocess.Popen[bytes]) -> None:
    children = psutil.Process(driver.pid).children(recursive=True)
    workers = [one for one in children if "spawn_main" in " ".join(one.cmdline())]
    for worker in workers:
        worker.kill()


def keep(folder: Path) -> None:
    """The database as text, with nothing of this machine in it, and the artifacts in one archive."""
    with sqlite3.connect(folder / "perceptuna.db") as database:
        text = "\n".join(database.iterdump()) + "\n"
    host = socket.gethostname()
    for here, there in {
        str(folder / "fault"): "/perceptuna/fault",
        str(folder): "{FOLDER}",
        str(folder).replace("/", r"\\/"): "{FOLDER}",  # in notes, which are Markdown
        str(ROOT): "/perceptuna",
        f'"{host}"': '"machine"',
        f" on {host}, process": " on machine, process",
    }.items():
        text = text.replace(here, there)
    (HERE / "studies.sql.xz").write_bytes(lzma.compress(text.encode(), preset=9))
    with tarfile.open(HERE / "artifacts.tar.xz", "w:xz", preset=9) as archive:
        # Alike beside alike, which is what compresses.
        for file in sorted(
            (folder / "perceptuna.db-artifacts").iterdir(), key=lambda file: file.read_bytes()[:200]
        ):
            entry = tarfile.TarInfo(file.name)
            entry.size = file.stat().st_size
            with file.open("rb") as content:
                archive.addfile(entry, content)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        make(Path(made))
        keep(Path(made))
