"""Space files: every form, every mistake with its line, presets, the schema for editors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from test_spaces_space import spaces

import spaces as package
from spaces import Categorical, Fixed, Float, Int, Space, SpaceError, load_space, preset_names
from spaces.optimizers import OPTIMIZERS
from spaces.schema import schema_text


def loaded(tmp_path: Path, text: str) -> Space:
    path = tmp_path / "wide.toml"
    path.write_text(text, encoding="utf-8")
    return load_space(path)


def mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> list[str]:
    (tmp_path / "wide.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpaceError) as caught:
        load_space("wide.toml")
    return str(caught.value).splitlines()


def test_a_file_may_use_every_form(tmp_path: Path) -> None:
    space = loaded(
        tmp_path,
        """
version = 1
width = { low = 32, high = 1024, log = true }
activation = ["relu", "gelu"]
batch_norm = [true, false]
momentum = { low = 0.8, high = 0.99, when = { optimizer = ["sgd"] } }
nesterov = { value = true, when = { optimizer = "sgd" } }
label_smoothing = 0
dropout = { low = 0, high = 0.5 }
optimizer.choices = ["adam", "sgd"]

[depth]
low = 1
high = 4

[taper]
choices = [1, 0.5]
[taper.when]
depth = [2, 3]
""",
    )
    assert space == Space(
        parameters={
            "depth": Int(low=1, high=4),
            "width": Int(low=32, high=1024, log=True),
            "taper": Categorical(choices=(1.0, 0.5), when={"depth": (2, 3)}),
            "activation": Categorical(choices=("relu", "gelu")),
            "batch_norm": Categorical(choices=(True, False)),
            "dropout": Float(low=0.0, high=0.5),
            "optimizer": Categorical(choices=("adam", "sgd")),
            "momentum": Float(low=0.8, high=0.99, when={"optimizer": ("sgd",)}),
            "nesterov": Fixed(value=True, when={"optimizer": ("sgd",)}),
            "label_smoothing": Fixed(value=0.0),
        }
    )


@settings(max_examples=60)
@given(space=spaces())
def test_toml_brings_back_the_same_space(tmp_path_factory: pytest.TempPathFactory, space: Space) -> None:
    again = loaded(tmp_path_factory.mktemp("space"), space.to_toml())
    assert again == space
    assert again.fingerprint == space.fingerprint


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        (
            "learning_rate = { low = 0.1, high = 0.01 }",
            "learning_rate: low 0.1 is above high 0.01; swap them",
        ),
        ("dropout = { low = 0, high = 1.5 }", "dropout: high must be below 1, but got 1.5"),
        ("dropout = 1.5", "dropout: must be below 1, but got 1.5"),
        ("dropout = [0.1, 1.5]", "dropout: must be below 1, but got 1.5"),
        ("dropout = { low = nan, high = 0.5 }", "dropout: low must be a finite number, but got nan"),
        ("l2 = { low = 0, high = inf }", "l2: high must be a finite number, but got inf"),
        ('l2 = { low = 0, high = "1" }', "l2: high must be a number, but got '1'"),
        (
            "l2 = { low = 0, high = 1, log = true }",
            "l2: log needs a low above 0, but got 0; raise low or drop log",
        ),
        ("depth = { low = 1, high = 2.5 }", "depth: high must be a whole number, but got 2.5"),
        ('depth = { low = 1, high = 2, log = "y" }', "depth: log must be true or false, but got 'y'"),
        ("depth = { low = 1, hihg = 2 }", "depth: unknown key 'hihg' (did you mean 'high'?)"),
        (
            "depth = { low = 1 }",
            "depth: high is missing; write a range { low = …, high = … }, a list of choices or a value",
        ),
        ("depth = { value = 1, low = 2 }", "depth: low does not go with value; drop one"),
        ("depth = { choices = 3 }", "depth: choices must be a list, but got 3"),
        ("depth = []", "depth: has no choices; list at least one"),
        ("depth = [2, 3, 2]", "depth: 2 is listed twice; drop one"),
        ("depth = [[1]]", "depth: expected a number, true, false or a word in quotes, but got a list"),
        ("depth = 2020-01-01", "depth: expected a number, true, false or a word in quotes, but got a date"),
        (
            "batch_norm = { low = 0, high = 1 }",
            "batch_norm: takes choices, not a range; list some of true, false",
        ),
        ("batch_norm = 1", "batch_norm: must be true or false, but got 1"),
        (
            'optimizer = ["adam", "sdg"]',
            f"optimizer: must be one of {', '.join(OPTIMIZERS)}, but got 'sdg' (did you mean 'sgd'?)",
        ),
        ("lerning_rate = 0.1", "unknown parameter 'lerning_rate' (did you mean 'learning_rate'?)"),
        (
            "momentum = { value = 0.5, when = 3 }",
            'momentum: when must be a table such as { optimizer = ["sgd"] }, but got 3',
        ),
        (
            "momentum = { value = 0.5, when = { optimizer = [{}] } }",
            "momentum: when: expected a number, true, false or a word in quotes, but got a table",
        ),
        (
            "taper = { value = 0.5, when = { depth = true } }",
            "taper: when: depth must be a whole number, but got true",
        ),
        (
            'momentum = { value = 0.5, when = { optimizer = ["sgd"] } }',
            "momentum: when: optimizer is never 'sgd' in this space: "
            "it is not searched, so it is always adam",
        ),
        (
            "nesterov = { value = true, when = { nesterov = true } }",
            "nesterov: conditions go round in a circle: nesterov -> nesterov; drop one of them",
        ),
    ],
)
def test_a_mistake_is_reported_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, mistake: str
) -> None:
    text = f"# a space\nversion = 1\n\n{line}\n"
    assert mistakes(tmp_path, monkeypatch, text) == [f"wide.toml, line 4: {mistake}"]


def test_all_mistakes_are_reported_at_once_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """\
version = 2
activation = [
  "relu",
  "glu",
]
momentum = { value = 0.5, when = { optimizer = ["sgd"] } }
depth = { low = 3, high = 1 }

[optimizer]
choices = ["adam", "sgd"]
weight = 3
[dropout]
high = 0.5
low = 0.9
"""
    found = mistakes(tmp_path, monkeypatch, text)
    assert [line.split(": ")[0] for line in found] == [f"wide.toml, line {n}" for n in (1, 4, 7, 11, 14)]
    assert found[0].endswith("version must be 1, but got 2; a later version needs a later perceptuna")
    assert "did you mean 'gelu'" in found[1]
    assert found[4].endswith("dropout: low 0.9 is above high 0.5; swap them")


@pytest.mark.parametrize("optimizer", ["optimizer = { low = 3 }", 'optimizer = ["sdg"]', "optimizer = []"])
def test_one_mistake_does_not_bring_up_others_that_follow_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optimizer: str
) -> None:
    text = f'{optimizer}\nmomentum = {{ value = 0.5, when = {{ optimizer = "sgd" }} }}\n'
    (found,) = mistakes(tmp_path, monkeypatch, text)
    assert found.startswith("wide.toml, line 1: optimizer: ")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "version = 1\n"])
def test_a_file_without_parameters_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (found,) = mistakes(tmp_path, monkeypatch, text)
    assert "holds no parameters; write one to a line, such as depth" in found


def test_syntax_errors_carry_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = mistakes(tmp_path, monkeypatch, "version = 1\nbatch_norm = True\n")
    assert found.startswith("wide.toml, line 2: not valid TOML: Invalid value, in: batch_norm = True")


def test_names_that_are_neither_preset_nor_file_list_the_presets(tmp_path: Path) -> None:
    with pytest.raises(SpaceError) as caught:
        load_space("smal")
    expected = "no preset and no file is named 'smal' (did you mean 'small'?); the presets are tables, mlp, small, wide"
    assert str(caught.value) == expected
    with pytest.raises(
        SpaceError, match=r"mine.toml: there is no such file; the presets are tables, mlp, small, wide"
    ):
        load_space(tmp_path / "mine.toml")
    for odd in ("", "a\0b", "x" * 5000, f"{'y' * 5000}/z.toml"):
        with pytest.raises(SpaceError):
            load_space(odd)


def test_folders_binaries_and_large_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match="is a folder; name a TOML file in it"):
        load_space(tmp_path)
    path = tmp_path / "space.toml"
    path.write_bytes("depth = 1\n# caf\u00e9".encode("latin-1"))
    with pytest.raises(
        SpaceError, match=r"line 2: expected UTF-8 text, but got byte 0xe9; save the file as UTF-8"
    ):
        load_space(path)
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(SpaceError, match="is larger than 1,000,000 bytes"):
        load_space(path)


def test_a_file_named_like_a_preset_is_reached_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlp").write_text("depth = 7")
    monkeypatch.chdir(tmp_path)
    assert load_space("./mlp").parameters == {"depth": Fixed(value=7)}
    assert len(load_space("mlp").parameters) > 10


def test_presets_load_with_the_default_first() -> None:
    assert preset_names() == ["tables", "mlp", "small", "wide"]
    assert {name: len(load_space(name).parameters) for name in preset_names()} == {
        "tables": 18,
        "mlp": 18,
        "small": 7,
        "wide": 16,
    }


@pytest.mark.parametrize("name", ["cifar10", "cifar10_augmented", "cifar10_augmented_long"])
def test_the_spaces_of_the_examples_load(name: str) -> None:
    space = load_space(Path(__file__).parents[2] / "examples" / f"{name}.toml")
    assert ("augment" in space.parameters) == ("augmented" in name)


def test_schema_file_is_current() -> None:
    """`spaces.schema.write_schema()` renews it."""
    path = Path(package.__file__).with_name("space.schema.json")
    assert path.read_text(encoding="utf-8") == schema_text()
    learning_rate = json.loads(schema_text())["definitions"]["learning_rate"]
    assert learning_rate == {"type": "number", "exclusiveMinimum": 0}
