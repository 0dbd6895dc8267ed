"""`perceptuna cache`: what is kept of prepared data, and how it is removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_calls import CommandLine

from search.data import DataRequest, prepare


@pytest.fixture
def cache(folder: Path) -> Path:
    return folder.parent / "cache"


def test_it_shows_what_is_there_and_clears_it(perceptuna: CommandLine, cache: Path) -> None:
    assert perceptuna.done("cache").out == f"0 B of at most 50.0 GB in {cache}\n"
    held = prepare(DataRequest("digits"), cache)
    shown = perceptuna.done("cache").out.splitlines()
    assert shown[1].split()[:3] == ["digits", "image", "1,797"]
    assert shown[1].rstrip().endswith("in the last hour  in use")
    assert f"of at most 50.0 GB in {cache}" in shown[2]
    told = json.loads(perceptuna.done("cache", "--json").out)
    assert (told["folder"], told["limit"]) == (str(cache), 50 * 10**9)
    assert [one["source"] for one in told["data"]] == ["digits"]
    assert (
        perceptuna.done("cache", "--clear").out == "removed 0 prepared sources, 0 B; 1 source in use stayed\n"
    )
    del held
    assert (
        perceptuna.done("cache", "--clear", "--unused-for", "2d").out == "removed 0 prepared sources, 0 B\n"
    )
    removed = json.loads(perceptuna.done("cache", "--clear", "--json").out)
    assert [one["source"] for one in removed["removed"]] == ["digits"]
    assert removed["data"] == []


def test_what_cannot_be_is_refused_and_nothing_is_removed(
    perceptuna: CommandLine, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepare(DataRequest("digits"), cache).folder
    assert "add --clear" in perceptuna.refused("cache", "--unused-for", "3d")
    assert "--unused-for: expected a duration" in perceptuna.refused(
        "cache", "--clear", "--unused-for", "long"
    )
    monkeypatch.setenv("PERCEPTUNA_CACHE_LIMIT", "much")
    assert "$PERCEPTUNA_CACHE_LIMIT: expected a size" in perceptuna.refused("cache", "--clear")
    assert "$PERCEPTUNA_CACHE_LIMIT: expected a size" in perceptuna.refused("run", "one", "--data", "digits")
    assert folder.is_dir()
