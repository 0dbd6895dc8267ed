"""storage check, upgrade and backup as a user calls them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import optuna
from cli_calls import CommandLine

PLACE = "sqlite:///studies.db"


def one_study() -> optuna.Study:
    study = optuna.create_study(study_name="one", storage=PLACE)
    study.tell(study.ask(), 0.5)
    return study


def test_check_ends_with_0_where_all_is_right_and_with_3_where_something_is_wrong(
    perceptuna: CommandLine,
) -> None:
    study = one_study()
    sound = perceptuna("storage", "check", "--storage", PLACE)
    assert (sound.code, "ok    SQLite's integrity check found nothing\n" in sound.out) == (0, True)

    study.ask()
    wrong = perceptuna("storage", "check", "--storage", PLACE)
    assert wrong.code == 3
    assert "WRONG study 'one': 2 trials (1 complete, 1 running); nobody drives it" in wrong.out
    assert f"`perceptuna resume one --storage {PLACE}` runs it again" in wrong.out
    assert "1 of 6 findings need somebody to act" in wrong.err
    listed = json.loads(perceptuna("storage", "check", "--json", "--storage", PLACE).out)
    assert [finding["state"] for finding in listed].count("wrong") == 1


def test_backup_says_how_to_use_the_copy_and_does_not_replace_it_by_itself(perceptuna: CommandLine) -> None:
    one_study()
    made = perceptuna("storage", "backup", "-o", "copy.db", "--storage", PLACE)
    assert made.code == 0
    assert "1 studies, 1 trials, 0 artifacts beside it" in made.out
    assert "one" in perceptuna("list", "--storage", made.out.split()[-1]).out
    assert "replace it by --force" in perceptuna.refused(
        "storage", "backup", "-o", "copy.db", "--storage", PLACE
    )
    assert perceptuna("storage", "backup", "-o", "copy.db", "--force", "--storage", PLACE).code == 0


def test_upgrade_brings_an_old_database_up_to_date(perceptuna: CommandLine) -> None:
    one_study()
    with sqlite3.connect("studies.db") as connection:
        connection.execute("drop index ix_trials_study_id")
        connection.execute("update alembic_version set version_num = 'v3.0.0.d'")
    connection.close()
    assert perceptuna("storage", "check", "--storage", PLACE).code == 3
    done = perceptuna("storage", "upgrade", "--storage", PLACE)
    assert (done.code, Path("studies.db.v3.0.0.d").exists()) == (0, True)
    assert perceptuna("storage", "check", "--storage", PLACE).code == 0
    assert "nothing to do" in perceptuna("storage", "upgrade", "--storage", PLACE).out
