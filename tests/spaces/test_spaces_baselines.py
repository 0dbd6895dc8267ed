"""Baselines: the list that comes along, inheritance by `like`, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from spaces import Baseline, Hyperparameters, SpaceError, baseline_names, load_baselines


def written(folder: Path, text: str) -> Path:
    path = folder / "known.toml"
    path.write_text(text)
    return path


def test_the_list_of_cifar10_changes_one_thing_at_a_time() -> None:
    assert baseline_names() == ["cifar10_mlp"]
    baselines = {one.name: one for one in load_baselines("cifar10_mlp")}
    assert len(baselines) == 25
    first = baselines["baseline 2x32"].hyperparameters
    assert (first.widths, first.optimizer, first.learning_rate, first.batch_size) == (
        (32, 32),
        "adam",
        1e-3,
        64,
    )
    alone = {"gelu", "tanh", "batch normalization", "dropout 0.3", "L2 1e-4", "he_normal"}
    for name in alone:
        assert len(_differences(baselines[name].hyperparameters, first)) == 1
    combined = baselines["combined"].hyperparameters
    assert combined.widths == (256, 128, 64)
    assert combined.dropouts == pytest.approx((0.3, 0.3, 0.2))
    assert baselines["batch 64"].hyperparameters == combined
    assert _differences(baselines["RMSprop rho 0.9"].hyperparameters, combined) == {"optimizer"}
    assert {one.epochs for one in baselines.values()} == {30, 50}
    stopped = baselines["EarlyStopping"]
    assert (stopped.epochs, stopped.patience) == (50, 5)


def _differences(one: Hyperparameters, other: Hyperparameters) -> set[str]:
    return {name for name, value in one.model_dump().items() if value != getattr(other, name)}


def test_a_file_says_only_what_differs(tmp_path: Path) -> None:
    text = """
        version = 1
        [[baseline]]
        name = "small"
        width = 16
        epochs = 5

        [[baseline]]
        name = "smooth"
        like = "small"
        activation = "gelu"
        patience = 2
    """
    assert load_baselines(written(tmp_path, text)) == [
        Baseline(name="small", hyperparameters=Hyperparameters(width=16), epochs=5),
        Baseline(
            name="smooth", hyperparameters=Hyperparameters(width=16, activation="gelu"), epochs=5, patience=2
        ),
    ]


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("[[baseline]]\nwidth = 16", 1, "the baseline has no name; write one"),
        ("[[baseline]]\nname = 3", 2, "name must be text of 1 to 80 characters, but got 3"),
        ('[[baseline]]\nname = "a"\nwidht = 16', 3, "unknown parameter 'widht' (did you mean 'width'?)"),
        ('[[baseline]]\nname = "a"\nwidth = 0', 3, "width: must be at least 1, but got 0"),
        ('[[baseline]]\nname = "a"\nepochs = 0', 3, "epochs: must be at least 1, but got 0"),
        (
            '[[baseline]]\nname = "a"\n[[baseline]]\nname = "a"',
            4,
            "there is a baseline 'a' above; give each a name of its own",
        ),
        (
            '[[baseline]]\nname = "wide"\n[[baseline]]\nname = "b"\nlike = "wied"',
            5,
            "like must name a baseline above this one, but got 'wied' (did you mean 'wide'?)",
        ),
        ('version = 2\n[[baseline]]\nname = "a"', 1, "version must be 1, but got 2"),
        ('depth = 2\n[[baseline]]\nname = "a"', 1, "'depth' is no part of a list of baselines"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, sentence: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SpaceError) as refused:
        load_baselines(path)
    assert str(refused.value).startswith(f"{path}, line {line}: {sentence}")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, '[[baseline]]\nname = "a"\nwidth = 0\n[[baseline]]\nname = "b"\ndropout = 2')
    with pytest.raises(SpaceError) as refused:
        load_baselines(path)
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize("text", ["version = 1", "baseline = 3", "[baseline]\nname = 'a'"])
def test_a_file_without_baselines_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpaceError, match=r"holds no baselines; begin each with a line \[\[baseline\]\]"):
        load_baselines(written(tmp_path, text))


def test_a_misspelt_name_is_refused_with_the_one_that_is_near() -> None:
    with pytest.raises(
        SpaceError, match=r"no list of baselines and no file .* \(did you mean 'cifar10_mlp'\?\)"
    ):
        load_baselines("cifar10_mpl")
    with pytest.raises(SpaceError, match="there is no such file"):
        load_baselines("nowhere/known.toml")
