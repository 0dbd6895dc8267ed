"""How rows are split, as the user says: shown by every view, kept with the study, moved along with its data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_calls import CommandLine, build_study, close_connections

from search.driving.note import note_text
from search.settings.settings import StudySettings, load_settings
from search.study.unchanged import _show
from storage import StorageURL

HEADER = "customer,a,y\n"


def rows(first: int, count: int) -> str:
    return HEADER + "".join(f"{row // 4},{row % 7},{'xy'[row % 2]}\n" for row in range(first, first + count))


def note_of_study_with(tmp_path: Path, **settings: Any) -> str:
    """The note of a study of rows.csv, which is left as its run leaves it."""
    url = StorageURL.parse("perceptuna.db")
    study = build_study(url, tmp_path / "cache", "study", [0.9], data="rows.csv", target="y", **settings)
    note = note_text(study, None).replace("\\", "")
    del study
    close_connections(url, "study")
    return note


def test_what_was_done_is_said_wherever_a_study_is_shown(perceptuna: CommandLine, tmp_path: Path) -> None:
    Path("rows.csv").write_text(rows(0, 60))
    told = "60 rows in 15 groups by 'customer', and no group is on two sides"
    shown = perceptuna.done("data", "show", "rows.csv", "--target", "y", "--group", "customer")
    assert told in shown.out
    assert "customer  " not in shown.out
    assert told in note_of_study_with(tmp_path, group="customer")
    assert told in perceptuna.done("show", "study").out
    facts = json.loads(perceptuna.done("show", "study", "--json").out)
    assert facts["split"].startswith(told)
    assert facts["settings"]["group"] == "customer"
    perceptuna.done("report", "study", "-o", "page.html")
    assert f"<th>split</th><td>{told.replace(chr(39), '&#39;')}" in Path("page.html").read_text()
    message = perceptuna.refused("run", "next", "--from", "study", "--split-seed", "7", "--trials", "2")
    assert "seed of the split: 0 -> 7" in message
    assert "split: 60 rows in 15 groups" not in message


def test_files_that_were_moved_along_with_the_data_are_found(perceptuna: CommandLine, tmp_path: Path) -> None:
    Path("rows.csv").write_text(rows(0, 60))
    Path("test.csv").write_text(rows(60, 12))
    note_of_study_with(tmp_path, test="test.csv", trials=1)
    Path("there").mkdir()
    for name in ("rows.csv", "test.csv"):
        Path(name).rename(f"there/{name}")
    assert "nothing is left to do" in perceptuna("resume", "study", "--data", "there/rows.csv").err
    settings = json.loads(perceptuna.done("show", "study", "--json").out)["settings"]
    assert settings["test"] == str(Path("there/test.csv").absolute())
    Path("there/test.csv").write_text(rows(90, 12))
    assert "is not what the study was started with" in perceptuna.refused("resume", "study", "--add", "1")


def test_another_way_to_split_replaces_the_one_that_was_said_before(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('data = "rows.csv"\ngroup = "customer"\nsplit_seed = 5\n')
    settings = load_settings(file, {"test": "test.csv"}, {"time": "day"})
    assert (settings.group, settings.time, settings.test) == ("customer", None, "test.csv")
    assert settings.data_request().seed == 5
    settings = load_settings(file, {"split_column": "part"}, {"validation": "v.csv"})
    assert (settings.group, settings.validation, settings.split_column) == (None, None, "part")
    assert _show(settings) == "perceptuna data show rows.csv --split-column part"
    assert "split" not in StudySettings(data="rows.csv").model_dump_json()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            ["--group", "a", "--time", "b"],
            "--group a and --time b say in two ways which rows are on which side",
        ),
        (["--group", ""], "--group: expected text that is not empty"),
        (["--split-seed", "-1"], "--split-seed: expected at least 0"),
        (["--group", "customre"], "has no column 'customre' (did you mean 'customer'?)"),
        (["--test", "rows.csv"], "rows.csv has the rows of rows.csv itself; name a file of other rows"),
    ],
)
def test_what_cannot_be_is_refused(perceptuna: CommandLine, options: list[str], expected: str) -> None:
    Path("rows.csv").write_text(rows(0, 60))
    words = ("rows.csv", "--target", "y", *options)
    assert expected in perceptuna.refused("data", "show", *words)
    started = perceptuna.refused("run", "study", "--data", *words).replace(f"{Path.cwd()}/", "")
    assert expected in started
