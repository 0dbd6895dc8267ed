"""Lines of common jobs: how they are counted, that the page says so, and that a script which does less is noticed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks import lines
from benchmarks.measure import RESULTS

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
CODE = '''
"""A docstring
of two lines."""

# a comment
x = f(
    1,  # an argument

)


def g():
    "says what it is"
    return """a text
    of two lines"""
'''


def test_lines_count_that_hold_code() -> None:
    assert lines.lines_of_code(CODE) == 6


def test_the_page_says_how_many_lines_the_scripts_have_and_which_were_run() -> None:
    counts = {
        (job, tool): lines.lines_of_code(lines.script_of(job, tool).read_text("utf-8"))
        for job in lines.JOBS
        for tool in lines.TOOLS
    }
    rows = re.findall(r"^\| `(\w+)`: [^|]*((?:\| \d+\*? )+)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    told = {
        (job, tool): cell
        for job, cells in rows
        for tool, cell in zip(lines.TOOLS, re.findall(r"\d+\*?", cells), strict=True)
    }
    newest = max(RESULTS.glob("lines-2*.json"))
    run = {(row["job"], row["tool"]): row["lines"] for row in json.loads(newest.read_text())["rows"]}
    assert told == {pair: f"{count}{'' if run.get(pair) == count else '*'}" for pair, count in counts.items()}


def test_a_script_that_does_less_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script.py"
    monkeypatch.setattr(lines, "script_of", lambda job, tool: script)
    script.write_text("print(0.99)")
    with pytest.raises(RuntimeError, match="no model was saved"):
        lines.run("confirm", "optuna", 3, tmp_path)
    script.write_text("open('digits.keras', 'w'); print(0.5)")
    with pytest.raises(RuntimeError, match=r"more than 0\.8, but got 0\.5"):
        lines.run("confirm", "optuna", 3, tmp_path)
    script.write_text("import pandas as pd; pd.DataFrame({'sold': ['no'] * 200}).to_csv('answers.csv')")
    with pytest.raises(RuntimeError, match=r"expected more than 0\.5"):
        lines.run("table", "optuna", 3, tmp_path)
    script.write_text("raise SystemExit(3)")
    with pytest.raises(RuntimeError, match="exit code 3"):
        lines.run("table", "optuna", 3, tmp_path)


ANEW = """
import json, random, time
from pathlib import Path

journal = Path("trials.jsonl")
{begin}
for _ in range(3):
    with journal.open("a") as file:
        file.write(json.dumps({{"score": random.random()}}) + "\\n")
    time.sleep(0.2)
"""


@pytest.mark.parametrize("begin", ["journal.unlink(missing_ok=True)", "# whatever is there stays"])
def test_a_search_that_begins_anew_does_not_pass_for_a_resumed_one(
    begin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.py"
    script.write_text(ANEW.format(begin=begin))
    monkeypatch.setattr(lines, "script_of", lambda job, tool: script)
    with pytest.raises(RuntimeError, match="before the kill"):
        lines.run("resume", "scikit_learn", 3, tmp_path)
