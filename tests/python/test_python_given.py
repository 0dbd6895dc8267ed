"""Rows and spaces that are objects of a program: what is refused before anything is written, and what is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flowers import flowers
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

import perceptuna as pt
from search.answering.answers import classes_of
from search.given.arrays import given_arrays
from search.given.files import Given
from search.given.frames import given_frame, with_target
from search.settings.settings import StudySettings

X, Y = np.arange(40.0).reshape(20, 2), np.tile([0, 1], 10)


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20) % 3, "kind": ["x", "y"] * 10, **columns})


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "two columns of one name": (
        lambda: pt.search(frame().rename(columns={"b": "a"}), target="kind"),
        r"the DataFrame has 2 columns named 'a'; rename them",
    ),
    "names that are the same as text": (
        lambda: pt.search(pd.DataFrame([[1, 2, 0]], columns=[1, "1", "t"]), target="t"),
        "2 columns named '1'",
    ),
    "names in levels": (
        lambda: pt.search(
            pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])), target="b"
        ),
        "in 2 levels",
    ),
    "values of several types": (
        lambda: pt.search(frame(a=[1, "two"] * 10), target="kind"),
        "several types.*column a",
    ),
    "no such target": (
        lambda: pt.search(frame(), target="kinds"),
        r"no column 'kinds' \(did you mean 'kind'",
    ),
    "no target at all": (lambda: pt.search(frame()), "the DataFrame is a table, so it needs a target"),
    "a target without values": (
        lambda: pt.search(frame(kind=["x", None] * 10), target="kind"),
        r"the target 'kind' has no value in 10 of 20 rows; leave these out: frame.dropna",
    ),
    "a target that is NaN": (
        lambda: pt.search(frame(kind=[0.5, np.nan] * 10), target="kind"),
        "no value in 10 of 20 rows",
    ),
    "no rows": (lambda: pt.search(frame()[:0], target="kind"), "has columns but no rows"),
    "y beside target": (lambda: pt.search(frame(), Y, target="kind"), "the target is one of them"),
    "y of another length": (lambda: pt.search(frame(), Y[:-1]), "has 20 rows and y 19"),
    "y of another index": (
        lambda: pt.search(frame(), pd.Series(Y, index=range(1, 21))),
        "y has another index",
    ),
    "arrays of objects": (lambda: pt.search(X.astype(object), Y), "of type object; make it one of numbers"),
    "labels of objects": (
        lambda: pt.search(X, np.array([0, None] * 10, object)),
        "some of which are no text",
    ),
    "labels that are NaN": (
        lambda: pt.search(X, np.where(Y, np.nan, 1.0)),
        "no value .NaN. in 10 of 20 rows",
    ),
    "arrays of other lengths": (lambda: pt.search(X, Y[:-1]), "x has 20 rows and y 19"),
    "rows of other lengths": (lambda: pt.search([[1], [1, 2]], [0, 1]), "x is no array"),
    "features in one line": (lambda: pt.search(X[:, 0], Y), r"shape \(rows, features\)"),
    "arrays without labels": (lambda: pt.search(X), "but got ndarray without y"),
    "features that are NaN": (lambda: pt.search(np.where(X > 30, np.nan, X), Y), "the arrays: row 15 of x"),
    "nothing": (lambda: pt.search(), "--data: expected rows to learn from"),
    "nothing to describe": (lambda: pt.describe(None), "--data: expected rows to learn from"),
    "a target without rows": (lambda: pt.search(None, Y), "x should be an array of numbers"),
    "validation of another kind": (lambda: pt.search(X, Y, validation=X), "expected arrays .x, y."),
    "y beside a file": (lambda: pt.search("rows.csv", Y), "rows of a file have their target in it"),
    "a file that is not there": (lambda: pt.search("rows.csv", target="a"), "rows.csv.*neither there"),
    "a setting that is none": (
        lambda: pt.search(frame(), target="kind", trails=3),  # type: ignore[call-overload]
        r"--trails: no such setting \(did you mean 'trials'",
    ),
    "a setting that cannot be": (lambda: pt.search(frame(), target="kind", trials=0), "--trials: expected"),
    "a metric that is none": (lambda: pt.search(frame(), target="kind", metric="val_f"), "val_f"),
    "a name that is none": (lambda: pt.search(frame(), target="kind", name="a b"), "study name: expected"),
    "a word that is in no space": (lambda: pt.Space(dpeth=(1, 4)), r"dpeth.*did you mean 'depth'"),
    "a range of three": (lambda: pt.Space(depth=(1, 2, 3)), r"depth: a range is \(low, high\)"),  # type: ignore[arg-type]
    "a range upside down": (lambda: pt.Space(width=pt.log(512, 32)), "width: low 512 is above high 32"),
    "a choice that is none": (lambda: pt.Space(optimizer=["adam", "sdg"]), "did you mean 'sgd'"),
    "a preset that is none": (lambda: pt.Space.load("tabels"), "did you mean 'tables'"),
    "a condition that cannot be": (
        lambda: pt.Space(optimizer="adam", momentum=pt.when((0.1, 0.9), optimizer="sgd")),
        "when: optimizer is never .sgd. in this space",
    ),
    "a model that is not there": (lambda: pt.load_model("none.keras"), "there is no model none.keras"),
    "rows to describe without a target": (
        lambda: pt.describe(frame()),
        "the DataFrame is a table, so it needs a target",
    ),
    "a plan of a setting that cannot be": (
        lambda: pt.plan(frame(), target="kind", trials=0),
        "--trials: expected",
    ),
    "a plan of folds": (lambda: pt.plan(frame(), target="kind", folds=3), "cannot be forecast yet"),
    "a copy of a database that is not there": (lambda: pt.backup("copy.db"), "no database at"),
    "a database that is not there": (lambda: pt.load_study("none"), "no database at"),
    "a folder that is not there": (
        lambda: pt.search(frame(), target="kind", storage="none/studies.db"),
        "the folder .*none does not exist",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_is_refused_and_nothing_is_written(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call, words = REFUSED[what]
    with pytest.raises(pt.InputError, match=words):
        call()
    assert [*tmp_path.iterdir()] == []


def test_rows_are_described_as_what_they_were_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = pt.describe(frame(id=range(20), size=[*range(19), None]), target="kind", drop=["b"])
    assert list(told.frame().index) == ["a", "id", "size"]
    assert told.frame()["missing"].tolist() == [0, 0, 1]
    assert (told.rows, told.task, told.classes) == (20, "binary", {"x": 10, "y": 10})
    assert repr(told).startswith("data the DataFrame\n")
    assert any("id" in note for note in told.notes)
    arrays = pt.describe(X, Y)
    assert (arrays.to_json()["source"], arrays.to_json()["input_shape"]) == ("the arrays", (2,))
    assert arrays.frame().empty
    assert [*tmp_path.iterdir()] == []


def test_rows_that_a_settings_file_names_need_not_be_named_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calibrated: None
) -> None:
    monkeypatch.chdir(tmp_path)
    frame().to_csv("rows.csv", index=False)
    Path("study.toml").write_text('data = "rows.csv"\ntarget = "kind"\ntrials = 7\n')
    ahead = pt.plan(config="study.toml", space=pt.Space(depth=1), known=False)
    assert ahead.trials == 7
    assert repr(ahead).startswith("plan of a new study of ")
    assert {path.name for path in tmp_path.iterdir()} == {"rows.csv", "study.toml"}


def written(given: Given, folder: Path) -> Path:
    path = folder / f"rows{given.ending}"
    given.write(path)
    return path


def test_a_frame_is_kept_without_its_index_under_the_same_name_each_time(tmp_path: Path) -> None:
    rows = frame(when=pd.date_range("2026-01-01", periods=20), town=pd.Categorical(["Ghent", "Lille"] * 10))
    first = written(given_frame(rows, "kind"), tmp_path).read_bytes()
    again = given_frame(rows.set_axis(range(50, 70)), "kind")
    assert written(again, tmp_path).read_bytes() == first
    read = pd.read_parquet(tmp_path / "rows.parquet")
    assert [*read.columns] == ["a", "b", "kind", "when", "town"]
    assert [*read["town"][:2]] == ["Ghent", "Lille"]


def test_a_target_beside_a_frame_is_a_column_of_its_name() -> None:
    table, name = with_target(frame().drop(columns="kind"), pd.Series(Y, name="label"))
    assert (table.column_names, name) == (["a", "b", "label"], "label")
    assert with_target(frame(), [0.5] * 20)[1] == "target"


def test_a_polars_frame_is_read_as_one_of_pandas(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    path = written(given_frame(polars.DataFrame({"a": [1, 2], "t": ["x", "y"]}), "t"), tmp_path)
    assert pd.read_parquet(path).to_dict("list") == {"a": [1, 2], "t": ["x", "y"]}
    with pytest.raises(pt.InputError, match="collect"):
        given_frame(polars.DataFrame({"a": [1]}).lazy(), None)


def test_text_labels_of_pandas_are_text(tmp_path: Path) -> None:
    labels = flowers()["kind"].to_numpy()
    assert labels.dtype == object
    arrays = np.load(written(given_arrays(np.zeros((100, 2)), labels), tmp_path))
    assert arrays["y"].dtype.kind == "U"


def test_arrays_of_validation_and_test_rows_go_along(tmp_path: Path) -> None:
    arrays = np.load(written(given_arrays(X, Y, val=(X[:4], Y[:4]), test=(X[:2], Y[:2])), tmp_path))
    assert sorted(arrays) == ["x_test", "x_train", "x_val", "y_test", "y_train", "y_val"]


def test_all_settings_of_run_are_named_for_type_checkers() -> None:
    assert set(pt.Settings.__annotations__) == set(StudySettings.model_fields) - {"data"}


def test_only_what_a_user_may_use_is_shown() -> None:
    classes = pt.Study, pt.Model, pt.Space, pt.Conclusion, pt.Running, pt.Plan, pt.Description, pt.Replay
    for shown in (pt, *classes, pt.Service, pt.ServiceStudy):
        names = dir(shown) if shown is pt else shown.__dir__(object.__new__(shown))  # type: ignore[arg-type]
        assert names
        assert not [name for name in names if name.startswith("_")]


def test_a_space_of_distributions_is_the_one_in_tuples_and_lists_and_tells_them_again() -> None:
    given: dict[str, Any] = {
        "depth": IntDistribution(1, 4),
        "width": IntDistribution(32, 512, log=True),
        "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
        "dropout": FloatDistribution(0.0, 0.5, step=0.1),
        "batch_norm": CategoricalDistribution([True, False]),
    }
    space = pt.Space(optimizer="adam", **given)
    plain = pt.Space(
        optimizer="adam",
        depth=(1, 4),
        width=pt.log(32, 512),
        learning_rate=pt.log(1e-4, 1e-1),
        dropout=pt.stepped(0.0, 0.5, 0.1),
        batch_norm=[True, False],
    )
    assert space == plain
    assert plain.distributions == given
    own = pt.Space(
        optimizer=["adam", "sgd"],
        momentum=pt.when(FloatDistribution(0.8, 0.99), optimizer="sgd"),
        extra={"filters": IntDistribution(8, 32, step=8)},
    )
    assert own.parameters["momentum"] == "0.8 to 0.99 where optimizer is sgd"
    assert own.distributions["filters"] == IntDistribution(8, 32, step=8)
    with pytest.raises(pt.SpaceError, match="width"):
        pt.Space(width=FloatDistribution(8, 16))


def test_classes_are_answered_as_they_stood_in_the_target() -> None:
    shares = np.array([[0.1, 0.9], [0.8, 0.2]])
    for names, answers in {
        ("0", "1"): [1, 0],
        ("-1", "1"): [1, -1],
        ("007", "1"): ["1", "007"],
        ("no", "yes"): ["yes", "no"],
    }.items():
        spec = SimpleNamespace(class_names=names, targets=())
        saved: Any = SimpleNamespace(spec=spec, classes=lambda shares: shares.argmax(axis=1))
        assert classes_of(shares, saved).tolist() == answers
