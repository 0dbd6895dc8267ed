"""A new database: several processes that start at once, and reading what was never made."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
import sqlalchemy

from search.study.study import study_names
from storage import DatabaseUnusable, StorageURL, open_storage

pytestmark = pytest.mark.usefixtures("tables_made")

# Forked by a process that has imported everything, so that they come to the same instant.
_START = """
    import os, sys, time
    import alembic.script, optuna, storage.study_storage
    from storage import StorageURL, open_storage
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    begin = time.monotonic() + 0.1
    started = []
    for number in range(int(sys.argv[2])):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                time.sleep(max(0, begin - time.monotonic()))
                opened = open_storage(StorageURL.parse(sys.argv[1]), create=True)
                optuna.create_study(study_name=str(number), storage=opened).set_user_attr("number", number)
                code = 0
            finally:
                os._exit(code)
        started.append(child)
    print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in started])
"""


def test_several_that_start_at_once_on_a_new_database_all_have_their_study(
    url: StorageURL, process: Callable[..., subprocess.Popen[str]]
) -> None:
    starter = process(_START, url.full, "6")
    said, _ = starter.communicate(timeout=120)
    assert said == "[0, 0, 0, 0, 0, 0]\n"
    studies = open_storage(url).get_all_studies()
    assert {study.study_name: study.user_attrs for study in studies} == {
        str(n): {"number": n} for n in range(6)
    }


def test_reading_makes_no_tables(url: StorageURL, tmp_path: Path) -> None:
    assert study_names(url) == []
    with pytest.raises(
        DatabaseUnusable,
        match=r"no (studies in|database at) .*; start (one|a study) with `perceptuna run STUDY`",
    ):
        open_storage(url)
    assert list(tmp_path.iterdir()) == []
    if url.sqlite_path is None:
        engine = sqlalchemy.create_engine(url.full)
        assert sqlalchemy.inspect(engine).get_table_names() == []
        engine.dispose()


def test_tables_that_a_kill_left_half_made_are_completed(url: StorageURL) -> None:
    opened = open_storage(url, create=True)
    with opened._backend.engine.begin() as connection:
        connection.execute(sqlalchemy.text("delete from alembic_version"))
    opened._backend.engine.dispose()
    assert study_names(url) == []
    optuna.create_study(study_name="one", storage=open_storage(url, create=True))
    assert study_names(url) == ["one"]
