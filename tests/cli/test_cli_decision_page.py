"""The page "From a CSV to a decision": every command of it is typed in order, and what it shows is what is printed."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from cli_calls import CommandLine
from workers_here import trained_here

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "decision.md").read_text(encoding="utf-8")
# Shows the same: other networks, and fewer of them.
SHORTER = {
    "run": "--trials 2 --epochs 3 --space small --no-known",
    "finalize": "--top 1 --seeds 2 --workers 1",
}


def blocks(language: str) -> str:
    return "".join(re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL))


def typed() -> Iterator[list[str]]:
    """The words of each command, those that train with less to do."""
    for line in blocks("sh").splitlines():
        words = shlex.split(line)
        yield [*words, *SHORTER.get(words[1], "").split()]


@pytest.mark.slow
def test_the_commands_lead_from_the_files_to_a_list(
    perceptuna: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: dict[str, str] = {}
    for program, command, *words in typed():
        if program == "python":
            monkeypatch.setattr(sys, "argv", [command, *words])
            runpy.run_path(str(ROOT / command), run_name="__main__")
            continue
        with trained_here(references=True):
            said[command] = perceptuna.done(command, *words).out
    assert list(said) == ["data", "run", "show", "finalize", "evaluate", "predict", "report"]

    shown = " ".join(said["data"].split())
    *notes, refusal = blocks("text").splitlines()
    assert len(notes) == 3
    assert all(note in shown for note in notes)
    assert perceptuna.refused(
        "run", "both", *shlex.split("--data churn.csv --target leaves --group customer_id --time month")
    ) == f"{refusal}\n"  # fmt: skip

    assert "val_cost(fn=10,fp=1), smaller is better" in said["run"]
    assert all(model in said["show"] for model in ("constant", "linear model", "boosted trees"))
    assert "cost(fn=10,fp=1)" in said["evaluate"]
    assert re.search(r"monthly spend +mean \+0\.\d\d standard deviations", said["evaluate"])
    facts = json.loads((folder / "churn.json").read_text(encoding="utf-8"))
    assert 0 < facts["threshold"] < 1
    calls, asked = pd.read_csv("calls.csv"), pd.read_csv("november.csv")
    assert list(calls) == ["customer_id", "prediction", "probability_no", "probability_yes"]
    assert list(calls["customer_id"]) == list(asked["customer_id"])
    assert ((calls["prediction"] == "yes") == (calls["probability_yes"] > facts["threshold"])).all()
    assert (folder / "churn.html").exists()


def test_what_the_page_says_of_its_tables_is_so(folder: Path) -> None:
    runpy.run_path(str(ROOT / "examples" / "make_tables.py"))["write_tables"](folder)
    churn, october = (pd.read_csv(folder / name) for name in ("churn.csv", "october.csv"))
    counts = churn["leaves"].value_counts()
    left = f"{(october['leaves'] == 'yes').sum()} of {len(october):,} rows"
    for told in (f"{len(churn):,} rows", f"{counts['no']:,} say `no`, {counts['yes']} `yes`", left):
        assert told in PAGE
    assert churn.groupby("customer_id").size().max() == 3
    assert set(october["customer_id"]) & set(churn["customer_id"])
    assert october["monthly spend"].mean() > 1.1 * churn["monthly spend"].mean()
