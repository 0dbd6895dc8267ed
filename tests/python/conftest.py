"""One small study for all tests here: flowers of two kinds, trained in this process, and concluded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from digits_spec import digits_spec
from flowers import SPACE, Place, flowers
from workers_here import trained_here

import perceptuna as pt
from search.forecast.calibration import Costs, TrialCost
from search.training.network.structure import Structure
from spaces import Hyperparameters

sys.path.append(str(Path(__file__).parents[1] / "report"))  # studies that need no training
sys.path.append(str(Path(__file__).parents[1] / "service"))  # a service without processes


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
        running = pt.search(frame, target="kind", name="later", space=SPACE, trials=4, wait=False, **how)
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


@pytest.fixture
def calibrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a calibration would measure in a minute; tests/analysis has a real one."""
    structure = Structure.of(Hyperparameters(), digits_spec(), bfloat16=False)
    trial = TrialCost(10, 1e6, structure, 9, 0.1, 0.0, 0.0, False)
    costs = Costs([trial] * 3, 1.0, 10**9, 50.0, 100.0, 10.0, 1000.0, 5000.0, 1.0)
    monkeypatch.setattr("search.forecast.plan.calibrate", lambda settings, say: costs)
