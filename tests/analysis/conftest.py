"""One real study for all tests here: six trials of four epochs on digits, made by one worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.driving.progress import PlainLines, Progress, Tally
from search.launch import start
from search.settings import StudySettings
from search.study import Study, load_study
from storage import StorageURL

SETTINGS = StudySettings(data="digits", space="small", trials=6, epochs=4, workers=1, pruner="median")


@pytest.fixture(scope="session")
def trained_study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """Reads only, please: all tests share it."""
    base: Path = tmp_path_factory.mktemp("analysis")
    url = StorageURL.parse(str(base / "studies.db"))

    def progress(study: Study, settings: StudySettings) -> Progress:
        return PlainLines(Tally("real", "", study.metric, study.direction, settings.trials), print)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERCEPTUNA_CACHE", str(base / "cache"))
        start("real", url, SETTINGS, progress, print)
        yield load_study("real", url)
