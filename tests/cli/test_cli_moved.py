"""Data that was moved or renamed, and folders that are named like a built-in set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_calls import CommandLine, build_study, close_connections
from PIL import Image

from search.conclusion.companion import Companion
from search.study.creation import create_study
from search.study.study import load_study
from search.study.unchanged import unchanged_data
from storage import StorageURL

IMAGES = np.random.default_rng(0).integers(0, 256, size=(40, 4, 4), dtype=np.uint8)


@pytest.fixture
def url(perceptuna: CommandLine, tmp_path: Path) -> StorageURL:
    """Of a database with a study that has all its trials, and one that was made about it; its rows have moved."""
    np.savez("rows.npz", x=IMAGES, y=np.arange(40) % 2)
    url = StorageURL.parse("perceptuna.db")
    _make_studies(url, tmp_path / "cache")
    close_connections(url, "study", "study.finalize")
    Path("elsewhere").mkdir()
    Path("rows.npz").rename("elsewhere/renamed.npz")
    return url


def _make_studies(url: StorageURL, cache: Path) -> None:
    study = build_study(url, cache, "study", [0.9], data="rows.npz", trials=1)
    create_study("study.finalize", url, study.settings, study.space, study.data, about=study)


def test_where_the_data_is_gone_the_option_that_says_where_it_is_now_is_named(
    perceptuna: CommandLine, url: StorageURL
) -> None:
    for command in (
        ["resume", "study", "--add", "1"],
        ["replay", "study", "--trial", "0"],
        ["ablate", "study"],
        ["finalize", "study", "-o", "m.keras"],
        ["export", "study", "-o", "m.keras"],
    ):
        message = perceptuna.refused(*command)
        assert "rows.npz" in message
        assert "`perceptuna resume study --data PATH`" in message


def test_the_new_place_is_kept_with_the_study_and_those_about_it(
    perceptuna: CommandLine, url: StorageURL
) -> None:
    """Each of these commands finds the data, and then something else to refuse."""
    place = Path("elsewhere", "renamed.npz")
    for number, command in enumerate(
        (
            ["resume", "study"],
            ["replay", "study", "--trial", "9"],
            ["ablate", "study", "--trial", "9"],
            ["finalize", "study", "-o", "missing/m.keras"],
            ["export", "study", "-o", "missing/m.keras"],
        )
    ):
        place = place.rename(f"{number}.npz")
        assert perceptuna(*command, "--data", place).code == 2
        study = load_study("study", url)
        assert study.settings.data == str(place.absolute())
        assert unchanged_data(study, study.settings).spec.fingerprint == study.data.fingerprint
        about = Companion(study, "finalize", "go on").load()
        assert about is not None
        assert about.settings.data == study.settings.data


def test_other_data_at_the_new_place_is_refused_with_what_differs(
    perceptuna: CommandLine, url: StorageURL
) -> None:
    np.savez("elsewhere/other.npz", x=IMAGES[:39], y=np.arange(39) % 2)
    message = perceptuna.refused("resume", "study", "--data", "elsewhere/other.npz")
    assert "is not what the study was started with" in message
    assert "rows: train 28 -> 27" in message
    assert "there is no such file" in perceptuna.refused("resume", "study", "--data", "elsewhere/nothing.npz")
    assert "--data PATH" not in perceptuna.refused("resume", "study", "--data", "elsewhere/nothing.npz")


def test_a_folder_that_is_named_like_a_built_in_set_is_told_how_to_be_named(perceptuna: CommandLine) -> None:
    for name in ("cat", "dog"):
        Path("digits", name).mkdir(parents=True)
        for number in range(6):
            Image.new("RGB", (4, 6), (number,) * 3).save(f"digits/{name}/{number}.png")
    builtin = perceptuna.done("data", "show", "digits").out
    assert "10: 0 (178)" in builtin
    assert "write ./digits" in builtin
    own = perceptuna.done("data", "show", "./digits").out
    assert "cat (6), dog (6)" in own
    assert "write ./digits" not in own


def test_a_folder_that_is_named_like_a_built_in_set_is_found_again_from_elsewhere(
    perceptuna: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cat", "dog"):
        Path("digits", name).mkdir(parents=True)
        for number in range(6):
            Image.new("RGB", (4, 6), (number,) * 3).save(f"digits/{name}/{number}.png")
    study = build_study(StorageURL.parse("perceptuna.db"), tmp_path / "cache", "study", [], data="./digits")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert unchanged_data(study, study.settings).spec.class_names == ("cat", "dog")
