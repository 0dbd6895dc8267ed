"""Places where no study can be kept: refused by every command, and left as they are."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
import pytest
from cli_calls import CommandLine

EXPECTED = "expected sqlite:///FILE.db or postgresql://USER@HOST/DATABASE"


def a_folder(path: Path) -> None:
    path.mkdir()


def a_text_file(path: Path) -> None:
    path.write_text("a shopping list, which is longer than SQLite's header\n")


def another_program(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table songs (title text)")
    connection.close()


def a_damaged_file(path: Path) -> None:
    optuna.create_study(study_name="half", storage=f"sqlite:///{path}")
    os.truncate(path, 5000)


def an_older_schema(path: Path) -> None:
    optuna.create_study(study_name="old", storage=f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        connection.execute("update version_info set schema_version = 11, library_version = '2.10.0'")
        connection.execute("update alembic_version set version_num = 'v2.6.0.a'")
    connection.close()


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (a_folder, "is a folder; name a file in it"),
        (a_text_file, "is not an SQLite database; name another file"),
        (another_program, "is a database of something else; name another file"),
        (a_damaged_file, "restore a copy of it"),
        (an_older_schema, "`perceptuna storage upgrade --storage sqlite:///there.db`"),
    ],
)
@pytest.mark.parametrize(
    "words", [["run", "study"], ["list"], ["show", "study"], ["resume", "study"]], ids=" ".join
)
def test_what_is_no_database_of_studies_is_left_alone(
    perceptuna: CommandLine, make: Callable[[Path], None], expected: str, words: list[str]
) -> None:
    make(Path("there.db"))
    assert expected in perceptuna.refused(*words, "--storage", "sqlite:///there.db")


@pytest.mark.parametrize("words", [["run", "study"], ["list"], ["show", "study"]], ids=" ".join)
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///missing/studies.db", "missing does not exist; create it first"),
        ("missing/studies.db", "missing does not exist; create it first"),
        ("mysql://user:secret@host/db", f"{EXPECTED}, but got 'mysql://…'"),
        ("sqlite://", "in memory is lost at the end; name a file"),
        ("sqlite://studies.db", "three slashes"),
        ("sqlite:///studies.db?mode=ro", "three slashes and no '?'"),
        ("sqlite:studies.db", EXPECTED),
        ("foo:bar", f"{EXPECTED}, but got 'foo…'"),
        ("   ", EXPECTED),
        ("://", "is not a URL"),
        ("postgresql://user:secret@host:port/db", "is not a URL"),
        ("postgresql+asyncpg://user:secret@host/db", f"{EXPECTED}, but got 'postgresql+asyncpg://…'"),
    ],
)
def test_a_url_that_names_no_place_is_refused(
    perceptuna: CommandLine, words: list[str], url: str, expected: str
) -> None:
    message = perceptuna.refused(*words, "--storage", url)
    assert expected in message
    assert "secret" not in message


@pytest.mark.parametrize(
    "words",
    [
        ["list", "postgresql://user:secret@host/db"],
        ["show", "postgresql:/user:secret@host/db"],
        ["run", "postgresql://user:secret@host/db", "--data", "digits"],
        ["list", "--storag=postgresql://user:secret@host/db"],
        ["storage", "backup", "-o", "copy.db", "--storage", "postgresql://user:secret@host/db"],
    ],
    ids=" ".join,
)
def test_a_password_is_hidden_wherever_it_was_given(perceptuna: CommandLine, words: list[str]) -> None:
    assert "secret" not in perceptuna.refused(*words)


def test_help_does_not_show_what_the_environment_holds(
    perceptuna: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERCEPTUNA_STORAGE", "postgresql://user:secret@host/db")
    assert "secret" not in perceptuna.done("list", "--help").out


def test_a_path_longer_than_the_system_allows(perceptuna: CommandLine) -> None:
    assert "File name too long" in perceptuna.refused("run", "study", "--storage", "x" * 5000)


@pytest.mark.parametrize("words", [["run", "study"], ["list"], ["show", "study"]], ids=" ".join)
def test_a_server_that_does_not_answer(perceptuna: CommandLine, words: list[str]) -> None:
    pytest.importorskip("psycopg")
    outcome = perceptuna(*words, "--storage", "postgresql://user:secret@127.0.0.1:1/studies")
    assert outcome.code == 2
    assert "no connection to postgresql://user:***@127.0.0.1:1/studies" in outcome.err
    assert "Connection refused" in outcome.err
    assert "see that the server runs, and check host and port" in outcome.err
    assert "secret" not in outcome.out + outcome.err
    assert list(perceptuna.folder.iterdir()) == []


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """An empty folder in which nobody can write."""
    place = tmp_path / "read-only"
    place.mkdir()
    as_root = os.geteuid() == 0
    if as_root:  # for whom permissions do not bind
        try:
            made = subprocess.run(["chattr", "+i", place], capture_output=True, check=False)
        except FileNotFoundError:
            pytest.skip("root, and no chattr")
        if made.returncode:
            pytest.skip(f"root, and no immutable folders on this file system: {made.stderr.decode().strip()}")
    else:
        place.chmod(0o500)
    yield place
    if as_root:
        subprocess.run(["chattr", "-i", place], check=True)
    place.chmod(0o700)


def test_a_read_only_folder_is_refused(perceptuna: CommandLine, read_only: Path) -> None:
    message = perceptuna.refused(
        "run", "study", "--data", "digits", "--storage", f"sqlite:///{read_only}/studies.db"
    )
    assert "is read-only; make it writable, or name another place" in message
    assert list(read_only.iterdir()) == []


def test_a_model_is_not_exported_to_a_read_only_folder(
    perceptuna: CommandLine, studies: Path, read_only: Path
) -> None:
    message = perceptuna.refused("export", "done", "-o", read_only / "best.keras")
    assert "cannot be written; name another place" in message


def test_the_environment_names_the_database(
    perceptuna: CommandLine, studies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studies.rename("elsewhere.db")
    assert "no studies in sqlite:///perceptuna.db" in perceptuna.done("list").out
    monkeypatch.setenv("PERCEPTUNA_STORAGE", "sqlite:///elsewhere.db")
    assert "done" in perceptuna.done("list").out
    assert "done" in perceptuna.done("show", "done").out  # SQLite's log is beside the file from here on
    message = perceptuna.refused("run", "done")
    assert "`perceptuna resume done --storage sqlite:///elsewhere.db`" in message
    assert "missing does not exist" in perceptuna.refused("list", "--storage", "sqlite:///missing/x.db")


def test_looking_makes_no_database(perceptuna: CommandLine) -> None:
    assert perceptuna.done("list").out.startswith(
        "no studies in sqlite:///perceptuna.db; start one with `perceptuna run STUDY --data SOURCE`"
    )
    assert perceptuna.done("list", "--json").out == "[]\n"
    for words in (["show", "study"], ["resume", "study"], ["stop", "study"], ["delete", "study", "--yes"]):
        assert "no database at" in perceptuna.refused(*words)
    assert list(perceptuna.folder.iterdir()) == []
