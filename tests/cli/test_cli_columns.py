"""What the user says of columns: by option, settings file or an earlier study, shown and kept."""

from __future__ import annotations

from pathlib import Path

from cli_calls import CommandLine

from search.settings.settings import StudySettings, load_settings
from search.study.unchanged import _show

ROWS = "a,b,c,y\n" + "".join(f"{row % 9},{row * 7 % 5},{row % 4},{'xy'[row % 2]}\n" for row in range(40))


def test_data_show_takes_them_and_run_refuses_alike(perceptuna: CommandLine) -> None:
    Path("rows.csv").write_text(ROWS)
    words = ("rows.csv", "--target", "y", "--drop", "a", "--category", "b,c")
    shown = perceptuna.done("data", "show", *words).out
    assert "note: as you say: 'a' left out; 'b', 'c' categories" in shown
    wrong = ("rows.csv", "--target", "y", "--drop", "aa")
    message = perceptuna.refused("data", "show", *wrong)
    assert "--drop: rows.csv has no column 'aa' (did you mean 'a'?); it has a, b, c, y" in message
    assert "has no column 'aa'" in perceptuna.refused("run", "study", "--data", *wrong)


def test_what_is_said_last_of_a_column_holds(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('data = "rows.csv"\ntarget = "y"\ndrop = "a"\ncategory = ["b", "c,d"]\n')
    inherited = {"number": ("a", "e"), "date": ("f",), "text": ("a",)}
    settings = load_settings(file, {"drop": None, "number": ["c"], "date": []}, inherited)
    assert (settings.drop, settings.category, settings.number, settings.date) == (
        ("a",),
        ("b", "d"),
        ("c",),
        ("f",),
    )
    assert settings.text == ()


def test_they_are_kept_with_a_study_and_not_written_where_nothing_was_said() -> None:
    plain = StudySettings(data="rows.csv")
    assert "drop" not in plain.model_dump_json()
    said = StudySettings(data="rows.csv", target="y", drop=("a",), number=("b", "c"))
    assert StudySettings.model_validate_json(said.model_dump_json()) == said
    assert said.changed({"timeout": None}) == said
    assert _show(said) == "perceptuna data show rows.csv --target y --drop a --number b --number c"


def test_a_file_that_names_no_column_is_told(perceptuna: CommandLine) -> None:
    Path("settings.toml").write_text('data = "rows.csv"\ndrop = [3]\n')
    message = perceptuna.refused("run", "study", "--config", "settings.toml")
    assert "settings.toml, line 2: drop: expected names of columns, but got [3]" in message
