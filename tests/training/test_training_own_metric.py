"""A metric of the user's own: imported by name, given what people understand, or refused before anything is written."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from digits_spec import digits_spec
from sklearn import metrics as theirs

from search.data import PreparedData
from search.errors import InputError
from search.settings.chosen_metric import check_metric_exists, choose_metric
from search.settings.metrics import METRICS, direction_of
from search.settings.own_metrics import OwnMetric, check_importable, own_metric_in
from search.settings.settings import load_settings
from search.training.loop import train
from search.training.measures import logs_of, scores_of
from search.training.network.recorded import recorded
from spaces import Hyperparameters

MODULE = """
import numpy as np
from sklearn import metrics

def hits(y_true, y_pred):
    return metrics.fbeta_score(y_true, y_pred > 0.3, beta=2)

hits.direction = "maximize"

def logarithmic(y_true, y_pred):
    return metrics.log_loss(y_true, y_pred, labels=range(y_pred.shape[1]))

logarithmic.direction = "minimize"

def pinball(y_true, y_pred):
    return metrics.mean_pinball_loss(y_true, y_pred, alpha=0.9)

def sideways(y_true, y_pred):
    return 0.0

sideways.direction = "left"
number = 3
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """`mine.py` in the current folder, which is not on the path before."""
    (tmp_path / "mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in ("mine", "broken", "hungry"):
        sys.modules.pop(name, None)


def test_it_is_given_probabilities_or_quantities_in_the_targets_units() -> None:
    random = np.random.default_rng(0)
    y, logits = random.integers(0, 2, 50), random.normal(size=50)
    two = digits_spec(task="binary", class_names=("no", "yes"))
    name = "mine:hits(maximize)"
    expected = theirs.fbeta_score(y, 1 / (1 + np.exp(-logits)) > 0.3, beta=2)
    assert logs_of(recorded(logits, y, two, (name,)), two, (name,))[name] == pytest.approx(expected, abs=1e-9)

    of_ten, outputs = digits_spec(), random.normal(size=(50, 10))
    y, name = random.integers(0, 10, 50), "mine:logarithmic(minimize)"
    logs = logs_of(recorded(outputs, y, of_ten, (name,)), of_ten, (name,))
    assert logs[name] == pytest.approx(logs["crossentropy"], abs=1e-9)

    spec = digits_spec(task="regression", class_names=(), target_std=3.0, target_mean=50.0)
    y, outputs, name = random.normal(size=50), random.normal(size=50), "mine:pinball(minimize)"
    table = recorded(outputs, y, spec, (name,))
    expected = theirs.mean_pinball_loss(3 * y + 50, 3 * outputs + 50, alpha=0.9)
    assert logs_of(table, spec, (name,))[name] == pytest.approx(expected, abs=1e-9)
    assert scores_of(table, name, spec) is None
    table[0, 1] = np.nan
    assert np.isnan(logs_of(table, spec, (name,))[name])


@pytest.mark.parametrize(
    ("task", "name"),
    [("binary", "hits(maximize)"), ("digits", "logarithmic(minimize)"), ("regression", "pinball(minimize)")],
)
def test_a_training_is_compared_by_it(task: str, name: str, request: pytest.FixtureRequest) -> None:
    data: PreparedData = request.getfixturevalue(task)
    metric = f"val_mine:{name}"
    one = Hyperparameters(depth=1, width=4, members=2)
    result = train(one, data, epochs=2, patience=9, metric=metric, seed=0)
    x, y = (np.asarray(part) for part in data.validation())
    answers = result.model.predict(x, verbose=0)
    if task == "regression":
        y, answers = (of * data.spec.target_std + data.spec.target_mean for of in (y, answers[:, 0]))
    own = own_metric_in(f"mine:{name}")
    assert own is not None
    expected = own.load()(y, answers[:, 0] if task == "binary" else answers)
    assert result.history[metric][result.best_epoch - 1] == pytest.approx(expected, rel=1e-5)
    assert np.isfinite(result.history[metric.removeprefix("val_")]).all()


def test_its_direction_is_in_its_name() -> None:
    said = load_settings(None, {"data": "digits", "metric": "mine:hits"})
    assert said.metric == "val_mine:hits(maximize)"
    assert load_settings(None, {"data": "digits", "metric": "val_mine:hits"}).metric == said.metric
    turned = load_settings(None, {"data": "digits", "metric": "mine:hits", "direction": "minimize"})
    assert turned.metric == "val_mine:hits(minimize)"
    assert (direction_of(said.metric), direction_of(turned.metric or "")) == ("maximize", "minimize")
    assert own_metric_in("mine:hits(maximize)") == OwnMetric("mine", "hits", "maximize")
    assert all(own_metric_in(name) is None for name in METRICS)
    check_metric_exists(said.metric)
    assert choose_metric(said.metric, digits_spec()) == said.metric
    # Whoever only looks at a study imports nothing.
    assert direction_of("val_nowhere:to_be_found(maximize)") == "maximize"


def test_a_settings_file_names_it_too(module: Path) -> None:
    file = module / "settings.toml"
    file.write_text('data = "digits"\nmetric = "mine:pinball"\n')
    said = load_settings(file, {"direction": "minimize", "metric": None})
    assert said.metric == "val_mine:pinball(minimize)"
    file.write_text('data = "digits"\nmetric = "mine:pinball"\ndirection = "minimize"\n')
    assert load_settings(file, {}) == said


@pytest.mark.parametrize(
    ("metric", "direction", "told"),
    [
        ("mine:pinball", None, "say whether more of it is better, by --direction maximize or minimize"),
        ("mine:sideways", None, "but got 'left'"),
        ("mine:hits", "up", "--direction: expected maximize or minimize, but got 'up'"),
        ("val_f1", "maximize", "--direction: is said of a metric of your own alone"),
        (None, "maximize", "--direction: is said of a metric of your own alone"),
        (
            "nowhere:hits",
            "maximize",
            "there is no module 'nowhere', neither installed nor in the current folder",
        ),
        ("mine.inner:hits", "maximize", "there is no module 'mine.inner'"),
        ("broken:hits", None, "broken cannot be imported: ValueError: of its own"),
        ("hungry:hits", None, "hungry needs 'nothing_of_that_name', which is not installed"),
        ("mine:misses", None, "mine has no function 'misses'"),
        ("mine:number", None, "mine has no function 'number'"),
        ("mine/file.py:hits", None, "or module:function for one of your own, but got 'mine/file.py:hits'"),
        ("mine:", None, "or module:function for one of your own"),
    ],
)
def test_what_cannot_be_one_is_refused(
    module: Path, metric: str | None, direction: str | None, told: str
) -> None:
    (module / "broken.py").write_text('raise ValueError("of its own")\n')
    (module / "hungry.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(InputError) as refused:
        load_settings(None, {"data": "digits", "metric": metric, "direction": direction})
    assert told in str(refused.value)


def test_a_study_that_goes_on_elsewhere_says_what_it_misses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    with pytest.raises(InputError, match="call this from the folder that holds it"):
        check_importable("val_mine:hits(maximize)")
    check_importable("val_f1")
    check_importable(None)
