"""`finalize` as processes of their own, each ended by SIGKILL between two of its steps, and then two at once.

Called with a database, a folder and the command's words; its trainings are there already. What TensorFlow would
measure is drawn by chance here, so that a second look would not be the first. Prints what each process came to.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import sqlite3
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory

import search.machine.tensorflow_start
from search import cli
from search.conclusion.confirmation import finalizing, tested
from search.conclusion.confirmation import opening as look
from search.study.record_of_looks import looks
from search.study.study import load_study
from storage import StorageURL

STEPS: list[tuple[Any, str]] = [
    (look, "record_look"),
    (look, "open_test_split"),
    (look, "record_seen"),
    (finalizing, "write_conclusion"),
    (Path, "replace"),  # the facts have their name, the model has not
    (finalizing, "write_model"),
]


def _measured(*given: Any) -> dict[str, float]:
    return {"accuracy": random.SystemRandom().random(), "loss": 1.0}


def _without_tensorflow() -> None:
    scoring: Any = types.ModuleType("search.training.scoring")
    scoring.measure_rows, scoring.score_rows = _measured, lambda *given: None
    sys.modules[scoring.__name__] = scoring
    search.machine.tensorflow_start.start_tensorflow = lambda threads: None  # type: ignore[assignment]
    tested.weights_of = lambda model: []


def _known_before(database: str) -> None:
    """What each process would read by itself: modules, and all of Optuna's migrations to know the newest."""
    for module in (
        "rich.table",
        "scipy.special",
        "search.commands.concluding",
        "search.analysis.facts.overview",
    ):
        importlib.import_module(module)
    newest: list[str | None] = []
    read = ScriptDirectory.get_current_head

    def known(script: ScriptDirectory) -> str | None:
        if not newest:
            newest.append(read(script))
        return newest[0]

    ScriptDirectory.get_current_head = known  # type: ignore[method-assign]
    load_study("one", StorageURL.parse(database)).storage._backend.engine.dispose()


def _kill_after(place: Any, name: str) -> None:
    before: Callable[..., Any] = getattr(place, name)

    def call(*given: Any, **named: Any) -> Any:
        result = before(*given, **named)
        if place is not Path or given[1].suffix == ".json":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(place, name, call)


def _begin(words: list[str], told: Path, kill: tuple[Any, str] | None = None) -> int:
    """Another process; its number."""
    if child := os.fork():
        return child
    out = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    if kill is not None:
        _kill_after(*kill)
    sys.argv = ["perceptuna", *words]
    try:
        cli.main()
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(int(end.code or 0))
    os._exit(99)


def _ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    database, folder, *words = sys.argv[1:]
    _without_tensorflow()
    _known_before(database)

    def command(name: str) -> tuple[list[str], Path]:
        output = Path(folder, f"{name}.keras")
        return [*words, "-o", str(output), "--storage", database], Path(folder, f"{name}.told")

    kills = [_ended(_begin(*command("model"), step)) for step in STEPS]
    done = _ended(_begin(*command("model")))
    record = _record(database)
    with sqlite3.connect(database) as connection:
        connection.execute("drop table perceptuna_looks")
    both = [_ended(child) for child in [_begin(*command("a")), _begin(*command("b"))]]
    found = {
        "kills": kills,
        "done": done,
        "record": record,
        "both": both,
        "record_of_both": _record(database),
    }
    print(json.dumps(found))


def _record(database: str) -> list[dict[str, Any]]:
    return [one.model_dump(mode="json") for one in looks(load_study("one", StorageURL.parse(database)))]


if __name__ == "__main__":
    main()
