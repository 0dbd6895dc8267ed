"""Keras callbacks of one's own, from Python: in every training of a search, and again in those that repeat one."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import pytest
from workers_here import trained_here

import perceptuna as pt
from search.models.replay import replay
from search.study.study import load_study
from storage import StorageURL

SPACE = pt.Space(depth=1, width=(8, 16), batch_size=64)
HOW: dict[str, Any] = {
    "space": SPACE,
    "metric": "val_crossentropy",
    "pruner": "none",
    "workers": 1,
    "known": False,
    "show": False,
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pt.Study]:
    with trained_here(), pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("callbacks"))
        patch.delenv("PERCEPTUNA_STORAGE", raising=False)
        patch.syspath_prepend(str(Path(__file__).parents[1] / "training"))
        from tracking import Halves

        page = (Path(__file__).parents[2] / "docs" / "own_code.md").read_text("utf-8")
        Path("of_the_page.py").write_text(page.split("```python\n")[1].split("```")[0])
        callbacks = ["tracking:Tracker", Halves, "of_the_page:Tracker", "of_the_page:nan_stop"]
        yield pt.search("digits", name="digits", trials=1, epochs=2, callbacks=callbacks, **HOW).resume(
            add=1, show=False
        )


def test_every_trial_has_one_of_its_own_that_knows_the_trial(study: pt.Study) -> None:
    stored = load_study("digits", StorageURL.parse("sqlite:///perceptuna.db"))
    assert stored.settings.callbacks[:2] == ("tracking:Tracker", "tracking:Halves")
    for trial in stored.trials():
        lines = Path(f"digits-{trial.number}.log").read_text().splitlines()
        assert lines[0] == f"made for width {trial.params['width']}, fold None, seed {trial.seed}"
        assert lines[1].startswith("begins: 2 epochs")
        values = [trial.intermediate_values[epoch] for epoch in (1, 2)]
        assert lines[2:] == [*(f"epoch {epoch}: {value!r}" for epoch, value in enumerate(values)), "ends"]
        assert len(Path(f"digits-{trial.number}.csv").read_text().splitlines()) == 2
        assert re.fullmatch("([0-9a-f]{8} ?){4}", trial.environment["code of the callbacks"])


def test_a_trial_that_is_trained_again_has_them_again(study: pt.Study) -> None:
    """Without `Halves` its second epoch would be another."""
    stored = load_study("digits", StorageURL.parse("sqlite:///perceptuna.db"))
    found = replay(stored, 1)
    assert found.equal, found.sentences()


def test_so_has_what_confirms_it(study: pt.Study) -> None:
    study.finalize("digits.keras", top=1, seeds=2, show=False)
    assert [*Path.cwd().glob("digits.finalize-*.log")]


def test_a_callback_that_fails_fails_the_trial_with_its_reason(study: pt.Study) -> None:
    with pytest.raises(pt.StudyStopped, match="the tracking server is away"):
        pt.search("digits", name="fails", trials=5, epochs=1, callbacks=["tracking:Fails"], **HOW)


class OfAScript(keras.callbacks.Callback):
    """As one of a notebook would be."""


OfAScript.__module__ = "__main__"


@pytest.mark.parametrize(
    ("callbacks", "said"),
    [
        ([lambda: None], "expected a function by name at the top of a module"),
        (
            [OfAScript],
            "cannot import a class of a notebook or of the script that runs; put it into a file of its own",
        ),
        (
            [keras.callbacks.TerminateOnNaN()],
            "expected a class, a function that returns a callback, or its name",
        ),
        ("nowhere:Tracker", "--callback nowhere:Tracker: there is no module 'nowhere'"),
        ("Tracker", "expected the module and the name"),
        ([""], "--callback: expected module:name, or several"),
        (["tracking:Batches"], "an epoch of perceptuna's networks is one compiled step"),
    ],
)
def test_what_cannot_be_called_is_refused_before_anything_is_written(
    study: pt.Study, callbacks: Any, said: str
) -> None:
    with pytest.raises(pt.InputError) as refusal:
        pt.search("digits", name="refused", trials=1, epochs=1, callbacks=callbacks, **HOW)
    assert said in str(refusal.value)
    assert "refused" not in [one.name for one in pt.studies()]


def test_a_study_whose_module_is_gone_goes_on_nowhere(
    study: pt.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [one for one in sys.path if not one.endswith("training")])
    with pytest.raises(pt.InputError, match="there is no module 'tracking'"):
        study.resume(add=1, show=False)
