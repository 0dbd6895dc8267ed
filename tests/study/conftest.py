"""Studies without processes: a real database, and a driver of workers that only pretend."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from earlier_study import NARROWER, adoption_of, write_old
from study_fakes import SPACE, FakeWorkers, with_settings

from search.analysis.terminal.lines import PlainLines
from search.data import DataRequest, PreparedData, prepare
from search.driving.asking import attach_search
from search.driving.dispatcher import Dispatcher
from search.driving.driver import Driver
from search.driving.listener import Listener
from search.driving.note import NoteKeeper
from search.driving.progress import Progress
from search.driving.reference_fits import ReferenceFits
from search.references.process import Fitting
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.study import Study, load_study
from search.workers.messages import StudyJob
from spaces import Space
from storage import StorageURL


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    return prepare(DataRequest("digits"), tmp_path_factory.mktemp("study-data"))


@pytest.fixture
def settings() -> StudySettings:
    return StudySettings(data="digits", trials=6, epochs=9, sampler="random", seed=3)


@pytest.fixture
def study(tmp_path: Path, settings: StudySettings, digits: PreparedData) -> Study:
    url = StorageURL.parse(str(tmp_path / "studies.db"))
    created = create_study("one", url, settings, SPACE, digits.spec)
    return attach_search(created)


@pytest.fixture
def driver(study: Study, settings: StudySettings, digits: PreparedData) -> Iterator[Callable[..., Driver]]:
    """Builds a driver of `study`; what it shows is in `lines`, and `more` listen."""

    def make(
        workers: FakeWorkers,
        lines: list[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        more: Sequence[Listener] = (),
        references: Fitting | None = None,
        weigh_cost: bool = True,
        **changes: object,
    ) -> Driver:
        driven = with_settings(study, settings.model_copy(update=changes))
        job = StudyJob(
            study.name,
            study.url.full,
            study.metric,
            driven.settings.model_dump_json(),
            digits.folder,
            digits.spec.fingerprint,
        )
        dispatcher = Dispatcher(
            Progress.of(driven),
            PlainLines((lines if lines is not None else []).append),
            *more,
            NoteKeeper(driven),
        )
        fits = ReferenceFits(driven, dispatcher, references, clock)
        options = {"references": fits, "clock": clock, "weigh_cost": weigh_cost}
        return Driver(driven, job, workers, dispatcher, **options)  # type: ignore[arg-type]

    yield make
    optuna.logging.set_verbosity(optuna.logging.INFO)


@pytest.fixture(scope="session")
def _old_on_disk(tmp_path_factory: pytest.TempPathFactory, digits: PreparedData) -> Path:
    folder = tmp_path_factory.mktemp("old")
    write_old(folder, digits.spec)
    return folder


@pytest.fixture
def old(_old_on_disk: Path, tmp_path: Path) -> Study:
    """Study `old` of `earlier_study`, for one test to go on with."""
    shutil.copytree(_old_on_disk, tmp_path, dirs_exist_ok=True)
    return load_study("old", StorageURL.parse(str(tmp_path / "studies.db")))


@pytest.fixture
def next_version(old: Study, digits: PreparedData) -> Callable[..., Study]:
    """The next version of `old`, as `run` makes it."""

    def version(name: str = "new", space: Space = NARROWER, **changes: Any) -> Study:
        adoption = adoption_of(old, digits, space, **changes)
        changes.pop("allow_different", None)
        settings = old.settings.model_copy(update={"trials": 5, **changes})
        create_study(name, old.url, settings, space, digits.spec, adoption=adoption)
        return load_study(name, old.url)

    return version
