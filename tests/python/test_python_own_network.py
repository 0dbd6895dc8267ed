"""A network of one's own from Python, by the example: searched, gone on with, replayed, exported and confirmed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from workers_here import trained_here

import perceptuna as pt
from search.models.replay import replay
from search.study.study import load_study
from storage import StorageURL

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pt.Study]:
    with trained_here(), pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("own"))
        patch.delenv("PERCEPTUNA_STORAGE", raising=False)
        patch.syspath_prepend(str(EXAMPLES))
        import own_network

        how: dict[str, Any] = {"trials": 1, "epochs": 2, "workers": 1, "show": False}
        yield own_network.search(
            "digits", name="cnn", metric="val_crossentropy", pruner="none", **how
        ).resume(add=1, show=False)


def test_the_example_searches_its_own_hyperparameters(study: pt.Study) -> None:
    best = study.leaderboard()
    assert len(best) == 2
    stored = load_study("cnn", StorageURL.parse("sqlite:///perceptuna.db"))
    for trial in stored.trials():
        one = trial.hyperparameters(stored.space)
        assert one.network == "own_network:build"
        assert [name for name, _ in one.extra] == ["filters", "kernel", "blocks", "dense_dropout"]
        assert trial.params.keys() >= {"filters", "kernel", "blocks", "dense_dropout", "learning_rate"}


def test_a_trial_is_the_same_to_the_last_bit_when_it_is_trained_again(study: pt.Study) -> None:
    stored = load_study("cnn", StorageURL.parse("sqlite:///perceptuna.db"))
    found = replay(stored, 0)
    assert found.equal, found.sentences()


def test_its_model_answers_images_and_opens_without_its_module(study: pt.Study) -> None:
    import keras
    from sklearn.datasets import load_digits

    path = study.export("cnn.keras").path
    images = load_digits().images[:5, :, :, None].astype(np.uint8)
    answers = keras.saving.load_model(path).predict(images, verbose=0)
    assert answers.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert json.loads(Path("cnn.json").read_text())["hyperparameters"]["kernel"] in (3, 5)


def test_it_is_confirmed_on_fresh_seeds_and_tested(study: pt.Study) -> None:
    assert study.finalize("final.keras", top=1, seeds=2, show=False).to_json()["winner"] in (0, 1)


def test_it_is_not_taken_apart(study: pt.Study) -> None:
    with pytest.raises(pt.InputError, match="a network of your own"):
        study.ablate(seeds=2, show=False)


def nested() -> Any:
    def build(hyperparameters: dict[str, Any], inputs: Any) -> None: ...

    return build


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "own_network"}, "expected the module and the name of a function"),
        ({"model": "nowhere:build"}, "there is no module 'nowhere'"),
        ({"model": "own_network:builds"}, "own_network has no function 'builds'"),
        (
            {"model": lambda hyperparameters, inputs: None},
            "expected a function by name at the top of a module",
        ),
        ({"model": nested()}, "expected a function by name at the top of a module"),
        ({"model": "own_network:build", "space": None}, "name the space of your network"),
        ({"model": "own_network:build", "space": "small"}, "it fails: KeyError: 'blocks'"),
        (
            {"model": "own_network:build", "baselines": "cifar10_mlp"},
            "known configurations are of our networks",
        ),
        ({"model": "own_network:build", "precision": "bfloat16"}, "fit trains by float32"),
        (
            {"model": "own_network:build", "earlier": "cnn"},
            "trials of a network of your own are not taken over",
        ),
        ({"model": None}, "are for a network of your own"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anything_is_written(
    study: pt.Study, settings: dict[str, Any], said: str
) -> None:
    import own_network

    how = {"space": own_network.SPACE, "name": "refused", "trials": 1, "epochs": 1, "show": False}
    with pytest.raises(pt.InputError) as refusal:
        pt.search("digits", **{**how, **settings})
    assert said in str(refusal.value)
    assert "refused" not in [one.name for one in pt.studies()]


def test_a_space_with_words_of_ones_own_is_kept_as_a_file(tmp_path: Path) -> None:
    space = pt.Space(learning_rate=pt.log(1e-4, 1e-2), extra={"units_2": (8, 64), "act": ["relu", "tanh"]})
    assert pt.Space.load(space.save(tmp_path / "own.toml")) == space
    assert space.parameters["units_2"] == "8 to 64"
    with pytest.raises(pt.SpaceError, match="is a hyperparameter that is known"):
        pt.Space(extra={"depth": 2})
    with pytest.raises(pt.SpaceError, match="takes no condition"):
        pt.Space(extra={"units_2": pt.when((8, 64), depth=2)}, depth=[1, 2])
