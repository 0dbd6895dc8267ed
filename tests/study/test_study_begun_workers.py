"""Workers are begun while data is read: they get ready meanwhile, and are gone where nothing comes of it."""

from __future__ import annotations

import os
import sys
import time

import pytest

from search.errors import DataError, MachineFault
from search.running.fleet import begun_meanwhile, fleet_of
from search.settings.settings import StudySettings
from search.workers.local import LocalWorkers

ONE = StudySettings(data="digits", workers=1, threads=1)


def ready() -> tuple[int, bool, set[str]]:
    """Of a worker: its process, whether it has imported TensorFlow, and what Keras would load in case it is used."""
    extras = {"pandas", "sklearn", "matplotlib"} & set(sys.modules)
    return os.getpid(), "search.training.loop" in sys.modules, extras


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_begun_worker_imports_what_trials_need_before_there_is_one() -> None:
    with begun_meanwhile(None, ONE, print) as begun:
        assert begun is not None
        client = begun.open()
        until = time.monotonic() + 120
        while not (told := client.submit(ready, pure=False).result(timeout=120))[1]:
            assert time.monotonic() < until
            time.sleep(0.1)
        pid, _, extras = told
        assert extras == set(), "it was not imported in the main thread"
        # Whoever drives a study is given the same ones, and closes them.
        assert fleet_of(None, None, ONE, None, say=print, go_on="", begun=begun) is begun  # type: ignore[arg-type]
        begun.close()
        assert not is_there(pid)
        begun.close()


def test_workers_end_at_once_where_the_data_cannot_be_read() -> None:
    told: dict[str, float] = {}

    def read() -> None:
        with begun_meanwhile(None, ONE, print) as begun:
            assert begun is not None
            told["pid"] = begun.open().submit(os.getpid).result(timeout=120)
            told["failed"] = time.monotonic()
            raise DataError("no such column")

    with pytest.raises(DataError):
        read()
    assert time.monotonic() - told["failed"] < 30
    assert not is_there(int(told["pid"]))


def test_nothing_is_begun_where_trials_run_elsewhere() -> None:
    with begun_meanwhile("tcp://127.0.0.1:1", ONE, print) as begun:
        assert begun is None
    with begun_meanwhile(None, ONE.model_copy(update={"workers": 0}), print) as begun:
        assert begun is None


def test_what_keeps_workers_from_starting_is_told_when_they_are_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda which: (32, 32))
    workers = LocalWorkers(2, 1)
    workers.begin()
    with pytest.raises(MachineFault, match="2 workers need 96 open files"):
        workers.open()
    workers.abandon()
