"""Fresh databases on which many start at once: does each have its study in the end?

    python -m benchmarks.starters [--quick] [--postgresql URL]

A starter opens the database, makes its tables where they are missing, and creates a study, as `perceptuna run` does
before it trains. Two more databases are used by whole commands, which train two trials each. With `--postgresql`
(of a user who may create databases) the same on that server.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import sqlalchemy

from benchmarks.measure import command_line, write_result
from search.study.study import study_names
from storage import StorageURL

DATABASES, STARTERS, COMMANDS = 10, 10, 3
RUN = "run {name} --data digits --space small --trials 2 --epochs 1 --workers 1 --pruner none"


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--postgresql")
    arguments = parser.parse_args()
    databases = 2 if arguments.quick else DATABASES
    rows = []
    for server in [None, *([arguments.postgresql] if arguments.postgresql else [])]:
        kind = "postgresql" if server else "sqlite"
        for _ in range(databases):
            with fresh_database(server) as url:
                rows.append({"kind": kind, "what": "starters", **started(url, STARTERS)})
                print(rows[-1], flush=True)
        for _ in range(1 if arguments.quick else 2):
            with fresh_database(server) as url:
                rows.append({"kind": kind, "what": "commands", **commanded(url)})
                print(rows[-1], flush=True)
    lost = sum(row["lost"] for row in rows)
    print(f"{lost} studies lost; raw numbers:", write_result("starters", rows, arguments.quick))
    sys.exit(1 if lost else 0)


@contextmanager
def fresh_database(server: str | None) -> Iterator[StorageURL]:
    """A file that is not there yet, or an empty database of `server`."""
    if server is None:
        with tempfile.TemporaryDirectory() as folder:
            yield StorageURL.of_file(Path(folder, "studies.db"))
        return
    url = StorageURL.parse(server).url
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"perceptuna_{uuid.uuid4().hex[:12]}"
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"create database {name}"))
        try:
            yield StorageURL(url.set(database=name))
        finally:
            connection.execute(sqlalchemy.text(f"drop database {name} with (force)"))
    engine.dispose()


def started(url: StorageURL, count: int) -> dict[str, Any]:
    """`count` processes that come to the same instant."""
    context = multiprocessing.get_context("spawn")
    together, began = context.Barrier(count), time.monotonic()
    starters = [context.Process(target=start, args=(url.full, f"s{n}", together)) for n in range(count)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    return outcome(url, count, [starter.exitcode for starter in starters], began)


def start(text: str, name: str, together: Barrier) -> None:
    import alembic.script  # noqa: F401 - as much as can be imported beforehand
    import optuna

    from storage import open_storage, study_lock

    url = StorageURL.parse(text)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    together.wait()
    with study_lock(url, name):
        study_names(url)
        opened = open_storage(url, create=True)
        optuna.create_study(study_name=name, storage=opened).set_user_attr("name", name)


def commanded(url: StorageURL) -> dict[str, Any]:
    """Whole commands that are started one after the other, without waiting."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PERCEPTUNA_STORAGE": url.full, "PYTHONPATH": str(Path.cwd())}
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "search", *RUN.format(name=f"s{n}").split()],
                cwd=folder,
                env=environment,
                stdout=subprocess.DEVNULL,
            )
            for n in range(COMMANDS)
        ]
        codes = [one.wait() for one in running]
    return outcome(url, COMMANDS, codes, began)


def outcome(url: StorageURL, count: int, codes: list[int | None], began: float) -> dict[str, Any]:
    """What is there, and how the processes ended."""
    return {
        "started": count,
        "lost": count - len(study_names(url)),
        "failed": sum(code != 0 for code in codes),
        "seconds": round(time.monotonic() - began, 1),
    }


if __name__ == "__main__":
    main()
