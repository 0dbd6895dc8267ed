"""Names of columns, classes, files and studies are a stranger's text: they are shown as they are, and do nothing."""

from __future__ import annotations

import ast
import io
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import pytest
from cli_calls import CommandLine
from hypothesis import example, given, settings
from hypothesis import strategies as st

from search.analysis.facts.overview import Overview
from search.analysis.terminal.overview import overview_table
from search.analysis.terminal.tables import data_view
from search.commands.output import fail
from search.data.preparing.summary import ColumnSummary, DataSummary
from search.text.printable import open_console, printable, with_indented_lines
from storage import StorageURL, open_storage

ROOT = Path(__file__).parents[2]
# What a terminal may be given beside letters: the line's end. No escape, no override of direction, no half of a pair.
COMMANDS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
EVIL = [
    "weight [kg]",
    "rate [/s]",
    "[/]",
    ":smile:",
    "[link=x]y",
    "\x1b]0;title\x07",
    "\x9b2J",
    "a\u202eb",
    "c\r\nd",
]


def printed(what: Any) -> str:
    """As on a terminal that knows colours, and is wide."""
    written = io.StringIO()
    open_console(file=written, width=4000, force_terminal=True, color_system=None).print(what)
    return written.getvalue()


def summary(name: str) -> DataSummary:
    return DataSummary(
        source=name,
        kind="table",
        task="multiclass",
        rows=2,
        given_test=0,
        given_validation=0,
        repeated=0,
        repeated_with_target=0,
        input_shape=(1,),
        target=name,
        classes={name: 1, "other": 1},
        target_range=None,
        missing=0,
        columns=(ColumnSummary(name, "category", 0, 1, f"{name} (2)"),),
        notes=(f"column '{name}' is left out",),
    )


@settings(max_examples=40)
@given(st.text(st.characters(codec=None, exclude_categories=()), min_size=1, max_size=12))
@example("weight [kg]")
@example("rate [/s]")
@example(":smile:")
@example("\x1b[2J\u202e\udcff")
def test_any_name_is_printed_escaped_and_never_obeyed(name: str) -> None:
    row = Overview(name, "foreign", name, 1, None, name, 0.5, None, name)
    for out, times in (
        (printed(data_view(name, summary(name))), 6),
        (printed(overview_table([row], {}, datetime(2026, 11, 28))), 3),
    ):
        assert not COMMANDS.search(out)
        # A table leaves out blanks at the end of a cell.
        assert out.count(printable(name).strip()) >= times


@pytest.mark.parametrize("name", EVIL[:-1])
def test_a_table_of_any_column_is_shown(perceptuna: CommandLine, name: str) -> None:
    quoted = name.replace('"', '""')
    text = f'"{quoted}",size,label\n' + '1.5,2,"[yes]"\n2.5,1,":smile:"\n3.5,7,no\n' * 9
    Path("t.csv").write_text(text, encoding="utf-8", newline="")
    out = perceptuna.done("data", "show", "t.csv", "--target", "label").out
    assert not COMMANDS.search(out)
    assert "[yes] (9)" in out
    assert ":smile: (9)" in out
    assert printable(name) in re.sub(r"\s*\n\s*", "", out)


def test_a_study_of_any_name_is_listed(perceptuna: CommandLine) -> None:
    place = open_storage(StorageURL.parse("perceptuna.db"), create=True)
    for name in EVIL:
        study = optuna.create_study(study_name=name, storage=place)
        study.set_user_attr("metric", "[/s]\x1b[2J")
    listed = perceptuna("list")
    for name in EVIL:
        for outcome in (listed, perceptuna("show", name), perceptuna("show", f"{name}x")):
            assert not COMMANDS.search(outcome.out + outcome.err)
            assert "Traceback" not in outcome.out + outcome.err
            assert (
                repr(name)[1:-1] in outcome.out + outcome.err or printable(name) in outcome.out + outcome.err
            )


def test_a_refusal_shows_a_path_of_any_bytes(perceptuna: CommandLine) -> None:
    message = perceptuna.refused("data", "show", "gone\x1b[2J\n[/]/a.csv")
    assert r"its folder gone\u001b[2J\n[/] does" in message
    assert not COMMANDS.search(message)


def test_lines_of_a_refusal_are_those_of_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        fail(with_indented_lines("column 'a\nperceptuna: done' is broken:\n  row 3\r\n  row 4"), 2)
    assert capsys.readouterr().err.split("\n") == [
        r"perceptuna: column 'a\nperceptuna: done' is broken:",
        r"perceptuna:   row 3\r",
        "perceptuna:   row 4",
        "",
    ]


def test_a_bug_with_any_message_shows_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    from search.commands.output import print_bug

    error = RuntimeError("a bug\x1b[2J")
    print_bug(type(error), error, error.__traceback__)
    assert capsys.readouterr().err.endswith("RuntimeError: a bug\\u001b[2J\n")


def test_everything_is_printed_in_one_place() -> None:
    """By commands in one, by programs in another. Else a name could reach the terminal on another way."""
    found = []
    for path in (
        path for part in ("perceptuna", "search", "spaces", "storage") for path in (ROOT / part).rglob("*.py")
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in (
                    "print",
                    "typer.echo",
                    "typer.secho",
                    "Console",
                    "sys.stdout.write",
                    "sys.stderr.write",
                ):
                    found.append(f"{path.relative_to(ROOT)}: {called}")
    assert sorted(set(found)) == [
        "search/__main__.py: print",
        "search/analysis/showing.py: sys.stdout.write",
        "search/commands/output.py: typer.echo",
    ]
