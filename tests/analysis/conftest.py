"""One real study for all tests here: six trials of four epochs on digits, made by one worker."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from search.analysis.terminal.lines import PlainLines
from search.driving.dispatcher import Listeners
from search.running.start import start
from search.settings.settings import StudySettings
from search.study.study import Study, load_study
from storage import StorageURL

sys.path.append(str(Path(__file__).parents[1] / "report"))  # studies that need no training

SETTINGS = StudySettings(data="digits", space="small", trials=6, epochs=4, workers=1, pruner="median")


@pytest.fixture(scope="session")
def trained_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Reads only, please: all tests share it."""
    url = StorageURL.parse(str(tmp_path_factory.mktemp("analysis") / "studies.db"))
    start("real", url, SETTINGS, Listeners(PlainLines(print)))
    return load_study("real", url)
