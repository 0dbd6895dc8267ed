"""What epochs and trials are compared by: the default by the data, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from digits_spec import digits_spec

from search.data import DataSpec
from search.driving.dispatcher import Listeners
from search.driving.listener import Listener
from search.errors import InputError
from search.running import start as starting
from search.settings.chosen_metric import (
    DEFAULT_METRICS,
    choose_metric,
    compared_by,
    remark_on_accuracy,
    remark_on_default,
)
from search.settings.metrics import metrics_of
from search.settings.settings import StudySettings
from storage import StorageURL


def classes(*counts: int, kind: str = "image") -> DataSpec:
    names = tuple("abcdefghij"[: len(counts)])
    task = "binary" if len(counts) == 2 else "multiclass"
    return digits_spec(kind=kind, task=task, class_names=names, class_counts=counts)


def test_every_task_has_a_default_of_its_own() -> None:
    assert all(set(of_kind.values()) <= {*metrics_of(task)} for task, of_kind in DEFAULT_METRICS.items())
    assert choose_metric(None, digits_spec(task="regression", class_names=())) == "val_rmse"
    assert choose_metric(None, digits_spec()) == "val_accuracy"


@pytest.mark.parametrize("kind", ["table", "vector"])
@pytest.mark.parametrize("counts", [(50, 50), (81, 19), (3, 3, 4)])
def test_classes_of_tables_and_vectors_are_compared_by_their_probabilities(
    kind: str, counts: tuple[int, ...]
) -> None:
    data = classes(*counts, kind=kind)
    metric = choose_metric(None, data)
    assert metric == "val_crossentropy"
    assert remark_on_default(metric, data) is None
    assert choose_metric("val_accuracy", data) == "val_accuracy"
    assert choose_metric(None, digits_spec(kind=kind, task="regression", class_names=())) == "val_rmse"


@pytest.mark.parametrize(
    ("counts", "default"),
    [
        ((80, 20), "accuracy"),
        ((81, 19), "crossentropy"),
        ((5, 90, 5), "crossentropy"),
        ((3, 3, 4), "accuracy"),
    ],
)
def test_accuracy_is_no_default_of_images_where_one_class_holds_more_than_four_fifths(
    counts: tuple[int, ...], default: str
) -> None:
    data = classes(*counts)
    metric = choose_metric(None, data)
    assert metric == f"val_{default}"
    assert (remark_on_default(metric, data) is None) == (default == "accuracy")
    assert (remark_on_accuracy("val_accuracy", data) is None) == (default == "accuracy")
    assert choose_metric("val_accuracy", data) == "val_accuracy"


def test_a_prevailing_class_is_named_with_its_share() -> None:
    told = "95 % of the rows are 'b': a model that always says so has an accuracy of 95 %"
    assert remark_on_default("val_crossentropy", classes(5, 95)) == (
        f"{told}; so the default is val_crossentropy, not val_accuracy."
    )
    assert remark_on_accuracy("val_accuracy", classes(5, 95)) == (
        f"{told}; val_crossentropy judges its probabilities."
    )
    assert remark_on_accuracy("val_auc", classes(5, 95)) is None
    assert "99.9 % of the rows" in str(remark_on_accuracy("val_accuracy", classes(99_999, 1)))


def test_which_way_is_better_is_said() -> None:
    assert compared_by("val_rmse") == "epochs and trials are compared by val_rmse, smaller is better"
    assert compared_by("val_auc") == "epochs and trials are compared by val_auc, larger is better"


class Heard(Listener):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def said(self, remark: str) -> None:
        self.lines.append(remark)


@pytest.mark.parametrize("metric", [None, "val_accuracy"])
def test_run_says_it_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metric: str | None
) -> None:
    def no_workers(*_: Any, **__: Any) -> None:
        raise InputError("that is enough")

    monkeypatch.setenv("PERCEPTUNA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(starting, "fleet_of", no_workers)
    names = np.where(np.arange(200) % 20 == 0, "yes", "no")
    np.savez(tmp_path / "t.npz", x=np.random.default_rng(0).integers(0, 256, (200, 4, 4), np.uint8), y=names)
    heard = Heard()
    chosen = StudySettings(data=str(tmp_path / "t.npz"), space="small", metric=metric)
    with pytest.raises(InputError, match="that is enough"):
        starting.start("one", StorageURL.parse(str(tmp_path / "s.db")), chosen, Listeners(heard))
    told = "note: 95 % of the rows are 'no': a model that always says so has an accuracy of 95 %; "
    assert any(line.startswith(told) for line in heard.lines)
    assert heard.lines[-1] == compared_by(metric or "val_crossentropy")
