"""A kill while the tables or the study are made leaves nothing in the way of the next `run`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from study_fakes import SPACE, Killed, killed_before

from search.data import PreparedData
from search.errors import InputError
from search.settings.settings import StudySettings
from search.study.creation import create_study, is_half_made
from search.study.study import load_study, study_names
from storage import StorageURL, open_storage

# In a process without threads, which forks one to be killed for each instant: the imports are paid once.
_MAKE_TABLES = """
import os, sys
from pathlib import Path
from storage import StorageURL, open_storage
import storage.database as database

class Dying(database.WALConnection):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.set_trace_callback(count)

def count(statement):
    global left
    left -= 1
    if left < 0:
        os._exit(9)

database.WALConnection = Dying
step, left, code = int(sys.argv[2]), 1, 9
while code == 9:
    if not (process := os.fork()):
        open_storage(StorageURL.of_file(Path(sys.argv[1]) / f"{left}.db"), create=True)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    print(left, code)
    left += step
"""


@pytest.mark.usefixtures("tables_made")
def test_a_study_killed_at_any_write_of_its_making_is_made_anew(
    tmp_path: Path, digits: PreparedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, settings = StorageURL.parse(str(tmp_path / "studies.db")), StudySettings(data="digits", seed=5)
    write = 1
    while True:
        with monkeypatch.context() as patch:
            killed_before(write, patch)
            try:
                create_study("one", url, settings, SPACE, digits.spec)
                break
            except Killed:
                write += 1
        assert is_half_made("one", url) == ("one" in study_names(url))
    assert write > 8
    study = load_study("one", url)
    assert (study.settings, study.space, study.data, study.metric) == (
        settings.model_copy(update={"metric": "val_accuracy"}),
        SPACE,
        digits.spec,
        "val_accuracy",
    )
    assert study_names(url) == ["one"]
    assert not is_half_made("one", url)


def test_only_what_holds_nothing_is_made_anew(tmp_path: Path, digits: PreparedData) -> None:
    """Trials, or attributes of another program, are somebody's."""
    url = StorageURL.parse(str(tmp_path / "studies.db"))
    storage = open_storage(url, create=True)
    for name in ("trials", "attributes"):
        foreign = optuna.create_study(study_name=name, storage=storage)
        foreign.ask() if name == "trials" else foreign.set_user_attr("owner", "somebody")
        with pytest.raises(InputError, match=f"'{name}' is already in"):
            create_study(name, url, StudySettings(data="digits"), SPACE, digits.spec)


@pytest.mark.slow
def test_a_kill_at_any_statement_that_makes_the_tables_is_made_good(tmp_path: Path) -> None:
    """At every tenth statement, of which there are about seventy."""
    command = [sys.executable, "-c", _MAKE_TABLES, str(tmp_path), "10"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    *died, ended = [tuple(map(int, line.split())) for line in output.splitlines()]
    assert len(died) >= 5
    assert ended[1] == 0
    for statements, code in died:
        assert code == 9
        url = StorageURL.of_file(tmp_path / f"{statements}.db")
        assert study_names(url) == []
        assert optuna.get_all_study_names(open_storage(url, create=True)) == []
