"""How long the dashboard takes to open a large study: its answer cold and warm, and the page in a browser.

    python -m benchmarks.dashboard [--quick] [--trials 10000]

A hundred trials are written as workers leave them and multiplied inside SQLite: added one by one through Optuna,
10,000 would take minutes. Wall seconds on a machine that is used as it is; its load is written down.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from benchmarks.measure import write_result
from search.data import DataSpec
from search.data.spec import Rows
from search.settings import StudySettings
from search.study import Study, create_study
from spaces import Space, load_space
from storage import StorageURL, open_storage

SEED_TRIALS = 100
EPOCHS = 20
ASKED_AGAIN = 5
# The dashboard reads trials anew when what it has is older than ten seconds.
EXPIRY_SECONDS = 11
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_FIRST_PLOT = ".js-plotly-plot .scatterlayer .point"
_OWN_PLOTS = "[id='user-defined-plot:time'] .scatterlayer .js-line"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--trials", type=int, default=10_000)
    arguments = parser.parse_args()
    trials = 500 if arguments.quick else arguments.trials
    with tempfile.TemporaryDirectory() as folder:
        url = StorageURL.of_file(Path(folder, "large.db"))
        began = time.perf_counter()
        study = made_study(url, trials)
        row: dict[str, Any] = {"trials": trials, "made_seconds": round(time.perf_counter() - began, 1)}
        row["database_bytes"] = sum(file.stat().st_size for file in Path(folder).glob("large.db*"))
        row["load_before"] = round(os.getloadavg()[0], 1)
        with dashboard(url) as address:
            row |= answers(f"{address}/api/studies/{study}?after=0")
            print(row, flush=True)
            row |= page(f"{address}/dashboard/studies/{study}")
        row["answer_of_optuna_dashboard_alone_warm"] = rival(url, study)
        row["load_after"] = round(os.getloadavg()[0], 1)
    print(row)
    print("raw numbers:", write_result("dashboard", [row], arguments.quick))


def answers(address: str) -> dict[str, Any]:
    """Seconds until the whole answer that a study's page asks for is here."""
    cold, body = timed_get(address)
    warm = [timed_get(address)[0] for _ in range(ASKED_AGAIN)]
    expired = []
    for _ in range(2):
        time.sleep(EXPIRY_SECONDS)
        expired.append(timed_get(address)[0])
    return {
        "answer_cold": cold,
        "answer_warm": warm,
        "answer_after_expiry": expired,
        "answer_bytes": len(body),
        "answer_bytes_gzip": len(gzip.compress(body, 5)),
    }


def rival(url: StorageURL, study: int) -> list[float]:
    """The same answer by optuna-dashboard alone, in this process, once it has read the trials."""
    from optuna_dashboard import wsgi

    app, seconds = wsgi(open_storage(url)), []
    for _ in range(1 + 3):
        environ: dict[str, Any] = {"PATH_INFO": f"/api/studies/{study}"}
        setup_testing_defaults(environ)
        began = time.perf_counter()
        answer = b"".join(app(environ, lambda status, headers, error=None: None))
        seconds.append(round(time.perf_counter() - began, 2))
        assert len(answer) > 1_000_000
    return seconds[1:]


def page(address: str) -> dict[str, Any]:
    """Seconds from asking for the page to its first plot, and to perceptuna's own, in Chromium."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-proxy-server"]
    first, own = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        # One context: a browser that is in use has the bundle.
        context = browser.new_context()
        for _ in range(4):
            opened = context.new_page()
            began = time.perf_counter()
            opened.goto(address, wait_until="commit")
            opened.wait_for_selector(_FIRST_PLOT, state="attached", timeout=120_000)
            first.append(round(time.perf_counter() - began, 2))
            opened.wait_for_selector(_OWN_PLOTS, state="attached", timeout=120_000)
            own.append(round(time.perf_counter() - began, 2))
            opened.close()
        browser.close()
    return {"page_first_plot": first, "page_own_plots": own}


def timed_get(address: str) -> tuple[float, bytes]:
    began = time.perf_counter()
    with _WITHOUT_PROXY.open(address, timeout=300) as reply:
        body = reply.read()
    return round(time.perf_counter() - began, 2), body


@contextmanager
def dashboard(url: StorageURL) -> Iterator[str]:
    """`perceptuna dashboard` as a process of its own."""
    port = "18471"
    words = [
        sys.executable,
        "-m",
        "search",
        "dashboard",
        "--read-only",
        "--port",
        port,
        "--storage",
        url.full,
    ]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "dashboard on" in process.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def made_study(url: StorageURL, trials: int) -> int:
    """A study of `trials` trials (a multiple of a hundred) at `url`; its number in the database."""
    space = load_space("mlp")
    spec = DataSpec(
        source="digits",
        fingerprint="f" * 64,
        kind="image",
        task="multiclass",
        input_shape=(8, 8, 1),
        class_names=tuple("0123456789"),
        rows=Rows(train=1257, validation=270, test=270),
        seed=0,
        val_fraction=0.15,
        test_fraction=0.15,
    )
    settings = StudySettings(trials=trials, epochs=EPOCHS)
    study = create_study("large", url, settings, space, spec)
    study.optuna.add_trials(list(seed_trials(study, space)))
    assert url.sqlite_path is not None
    if trials > SEED_TRIALS:
        multiply(url.sqlite_path, trials // SEED_TRIALS)
    return study.optuna._study_id


def seed_trials(study: Study, space: Space) -> Iterator[FrozenTrial]:
    """Two of three complete, one pruned, with a worker's attributes and the reports of each epoch."""
    random = np.random.default_rng(0)
    asked = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    began = datetime(2026, 11, 20, 8)
    for number in range(SEED_TRIALS):
        trial = asked.ask()
        space.suggest(trial)
        epochs = EPOCHS if number % 3 else 4
        curve = 0.95 - random.random() / 4 - 0.5 ** np.arange(1, epochs + 1)
        best = float(curve.max())
        yield FrozenTrial(
            number=number,
            trial_id=number,
            state=TrialState.COMPLETE if number % 3 else TrialState.PRUNED,
            value=best,
            datetime_start=began + timedelta(seconds=number // 2),
            datetime_complete=began + timedelta(seconds=number // 2 + 1),
            params=trial.params,
            distributions=trial.distributions,
            user_attrs={
                "epochs": epochs,
                "best_epoch": epochs,
                "parameters": int(10 ** (3 + 2 * random.random())),
                "seconds": 1.0,
                "stop_reason": "all epochs run",
                "seed": number,
                "host": "here",
                "process": 100 + number % 2,
                "environment": {"tensorflow": "2", "keras": "3", "precision": "float32", "threads": 1},
                "accuracy": best + 0.03,
                "val_accuracy": best,
                "gap": 0.03,
            },
            system_attrs={},
            intermediate_values={epoch: float(value) for epoch, value in enumerate(curve, start=1)},
        )


def multiply(path: Path, times: int) -> None:
    """Every trial of the database `times` times, later and with values of its own, by SQLite alone."""
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
    copies = "with recursive copies(n) as (select 1 union all select n + 1 from copies where n < ?) "
    for table in tables:
        names = [row[1] for row in connection.execute(f"pragma table_info({table})")]
        if "trial_id" not in names:
            continue
        key = names[0]
        kept = [name for name in names if name != key or table == "trials"]
        chosen = ", ".join(_copied(name, table) for name in kept)
        connection.execute(
            f"{copies} insert into {table} ({', '.join(kept)}) select {chosen} from {table}, copies",
            (times - 1,),
        )
    connection.commit()
    connection.close()


def _copied(column: str, table: str) -> str:
    """What stands in `column` of the n-th copy."""
    if column in ("trial_id", "number"):
        return f"{column} + n * {SEED_TRIALS}"
    if column in ("datetime_start", "datetime_complete"):
        return f"datetime({column}, (n * {SEED_TRIALS // 2}) || ' seconds')"
    if (column, table) == ("value", "trial_values"):
        return "value + abs(random() % 1000) / 25000.0"
    return column


if __name__ == "__main__":
    main()
