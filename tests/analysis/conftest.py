"""One real study for all tests here: six trials of four epochs on digits, made by one worker."""

from __future__ import annotations

import pytest

from search.driving.lines import PlainLines
from search.driving.progress import Progress, Tally
from search.running.reporter import Reporter
from search.running.start import start
from search.settings.settings import StudySettings
from search.study.study import Study, load_study
from storage import StorageURL

SETTINGS = StudySettings(data="digits", space="small", trials=6, epochs=4, workers=1, pruner="median")


@pytest.fixture(scope="session")
def trained_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Reads only, please: all tests share it."""
    url = StorageURL.parse(str(tmp_path_factory.mktemp("analysis") / "studies.db"))

    def progress(study: Study, settings: StudySettings) -> Progress:
        return PlainLines(Tally("real", "", study.metric, study.direction, settings.trials), print)

    start("real", url, SETTINGS, Reporter(print, progress))
    return load_study("real", url)
