"""One small study for all tests here: flowers of two kinds, trained in this process, and concluded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flowers import SPACE, Place, flowers
from workers_here import trained_here

import perceptuna as pt

sys.path.append(str(Path(__file__).parents[1] / "report"))  # studies that need no training


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("python")
    frame = flowers()
    with trained_here(), pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("PERCEPTUNA_STORAGE", raising=False)
        how = {"epochs": 2, "workers": 1, "known": False}
        study = pt.search(frame, target="kind", name="flowers", space=SPACE, trials=2, show=False, **how)
        conclusion = study.finalize(top=1, seeds=2, folds=2, show=False)
        ablation = study.ablate(seeds=2, show=False)
        running = pt.search(frame, target="kind", name="later", space=SPACE, trials=1, wait=False, **how)
        running.result()
        how = {"trials": 1, "epochs": 1, "workers": 0, "space": SPACE}
        classifier = pt.MLPSearchClassifier(**how).fit(frame[["petal", "leaf"]], frame["kind"])
        regressor = pt.MLPSearchRegressor(**how).fit(frame[["petal"]], frame["leaf"])
        return Place(folder, frame, study, conclusion, ablation, running, classifier, regressor)


@pytest.fixture
def here(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The place, as the current folder; what is searched there is trained in this process."""
    monkeypatch.chdir(place.folder)
    monkeypatch.delenv("PERCEPTUNA_STORAGE", raising=False)
    with trained_here():
        yield place
