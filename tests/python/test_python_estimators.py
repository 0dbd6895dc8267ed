"""Estimators of scikit-learn where they go beyond its checks: DataFrames, pickles, the study and where it lies."""

from __future__ import annotations

import copy
import pickle
import pickletools
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flowers import SPACE, Place
from sklearn.base import clone

import perceptuna as pt
from search.models.packed_model import PackedModel

HOW: dict[str, Any] = {"trials": 1, "epochs": 3, "workers": 0, "known": False, "space": SPACE}


def houses(rows: int = 60) -> tuple[pd.DataFrame, pd.Series]:
    """A text, numbers that are missing here and there, and a price that follows from both."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"town": random.choice(["Bern", "Thun"], rows), "rooms": random.integers(1, 9, rows) / 1.0}
    )
    price = frame["rooms"] * 100 + (frame["town"] == "Bern") * 50
    return frame.mask(random.random(frame.shape) < 0.05), price.rename("price")


def test_a_frame_of_text_with_missing_values_is_learnt_as_it_is() -> None:
    frame, price = houses()
    regressor = pt.MLPSearchRegressor(**HOW).fit(frame, price)
    assert list(regressor.feature_names_in_) == ["town", "rooms"]
    answers = regressor.predict(frame[:5])
    assert answers.shape == (5,)
    assert np.isfinite(answers).all()
    with pytest.warns(UserWarning, match="valid feature names"):
        np.testing.assert_allclose(regressor.predict(frame[:5].to_numpy()), answers, rtol=1e-5)


def test_a_column_of_the_name_that_y_has_is_no_obstacle() -> None:
    frame, price = houses(40)
    frame = frame.rename(columns={"rooms": "target", "town": "weight"})
    regressor = pt.MLPSearchRegressor(**HOW).fit(frame, price.to_numpy(), sample_weight=np.ones(40))
    assert regressor.n_features_in_ == 2


def test_classes_come_back_as_they_were(here: Place) -> None:
    classifier, rows = here.classifier, here.frame[["petal", "leaf"]]
    assert list(classifier.classes_) == ["long", "short"]
    assert set(classifier.predict(rows)) <= {"long", "short"}
    assert (classifier.predict_proba(rows).argmax(axis=1) == (classifier.predict(rows) == "short")).all()
    assert 0 <= classifier.score(rows, here.frame["kind"]) <= 1
    # As the metrics of scikit-learn want it.
    np.testing.assert_allclose(classifier.predict_proba(rows).sum(axis=1), 1.0, rtol=1e-14)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_it_answers_above_the_threshold_of_its_model_as_the_model_does(here: Place, threshold: float) -> None:
    """No probability is above 1, and each is above 0: the same network answers one class, or the other."""
    rows = here.frame[["petal", "leaf"]]
    saved = replace(here.classifier.study_.best_model()._saved, threshold=threshold)
    classifier = copy.copy(here.classifier)
    classifier.model_ = PackedModel.of(saved)
    answers = pickle.loads(pickle.dumps(classifier)).predict(rows)
    assert classifier.best_threshold_ == threshold
    np.testing.assert_array_equal(answers, classifier.classes_[pt.Model(saved).predict(rows)])
    assert {*answers} == {0.0: {"short"}, 0.5: {*answers}, 1.0: {"long"}}[threshold]


def test_weights_decide_what_is_learnt() -> None:
    """Each row is there as both classes: only the weights say which of them it is."""
    x = np.repeat(np.random.default_rng(0).normal(size=(60, 2)), 2, axis=0)
    y = np.tile([0, 1], 60)
    fast = pt.Space(depth=1, width=8, optimizer="adam", learning_rate=0.05, batch_size=32)
    classifier = pt.MLPSearchClassifier(**HOW | {"space": fast, "epochs": 15})
    classifier.fit(x, y, sample_weight=np.where(y == 1, 9.0, 1.0))
    assert classifier.predict_proba(x)[:, 1].mean() > 0.7


def test_a_pickle_holds_the_bytes_of_the_model_and_no_study(here: Place) -> None:
    pickled = pickle.dumps(here.classifier)
    held = [argument for _, argument, _ in pickletools.genops(pickled)]
    assert any(
        isinstance(one, bytes) and one.startswith(b"PK") for one in held
    )  # a .keras file is a ZIP archive
    ours = {
        one for one in held if isinstance(one, str) and one.startswith(("perceptuna.", "search.", "storage."))
    }
    assert ours == {"perceptuna.estimators", "perceptuna.space", "search.models.packed_model"}
    again, rows = pickle.loads(pickled), here.frame[["petal", "leaf"]]
    np.testing.assert_array_equal(again.predict_proba(rows), here.classifier.predict_proba(rows))
    assert not hasattr(again, "study_")


def test_a_temporary_study_goes_with_its_estimator(here: Place) -> None:
    classifier = pt.MLPSearchClassifier(**HOW).fit(here.frame[["petal"]], here.frame["kind"])
    folder = classifier._folder.path
    assert (folder / "perceptuna.db").exists()
    assert len(classifier.study_.leaderboard()) == 1
    del classifier
    assert not folder.exists()


def test_a_study_is_kept_where_storage_says(here: Place, tmp_path: Path) -> None:
    kept = {"storage": tmp_path / "kept.db", "name": "kinds"}
    pt.MLPSearchClassifier(**HOW, **kept).fit(here.frame[["petal"]], here.frame["kind"])
    assert pt.load_study("kinds", tmp_path / "kept.db").best.rank == 1
    with pytest.raises(ValueError, match="kinds"):
        pt.MLPSearchClassifier(**HOW, **kept).fit(here.frame[["petal"]], here.frame["kind"])


def test_finalize_keeps_the_model_that_was_confirmed(here: Place) -> None:
    classifier = pt.MLPSearchClassifier(**HOW | {"epochs": 1}, finalize=True)
    classifier.fit(here.frame[["petal"]], here.frame["kind"])
    assert classifier.conclusion_.winner == 0
    assert classifier.predict(here.frame[["petal"]]).shape == (100,)


def test_what_the_page_shows_runs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scikit-learn.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    shown: dict[str, Any] = {}
    exec(code, shown)
    assert shown["classifier"].score(shown["features"], shown["kinds"]) > 0.5
    assert len(shown["scores"]) == 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"trials": 0}, "trials"),
        ({"metric": "val_nothing"}, "val_nothing"),
        ({"space": "nowhere"}, "nowhere"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_by_fit(asked: dict[str, Any], said: str, here: Place) -> None:
    classifier = clone(pt.MLPSearchClassifier(**HOW)).set_params(**asked)
    with pytest.raises(ValueError, match=said) as refused:
        classifier.fit(here.frame[["petal"]], here.frame["kind"])
    assert isinstance(refused.value, pt.InputError)


def test_weights_of_rows_are_given_to_a_search_as_an_array(here: Place) -> None:
    weights = np.arange(100.0)
    how = HOW | {"epochs": 1}
    study = pt.search(here.frame, target="kind", name="weighted", weight=weights, show=False, **how)
    assert study._read.settings.weight == "weight"
    with pytest.raises(pt.InputError, match="100 rows and weight 99"):
        pt.search(here.frame, target="kind", name="unequal", weight=weights[1:], show=False, **how)
