"""Spaces: suggestions, conditions, membership, fingerprints, differences, restriction to the data."""

from __future__ import annotations

import warnings

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spaces import (
    VOCABULARY,
    Categorical,
    Fixed,
    Float,
    Hyperparameters,
    Int,
    Space,
    SpaceError,
    load_space,
    preset_names,
)
from spaces.hyperparameters import kind_of, words_of

optuna.logging.set_verbosity(optuna.logging.WARNING)


@st.composite
def parameters(draw: st.DrawFn, name: str) -> Float | Int | Categorical | Fixed:
    when = {}
    if name != "optimizer" and draw(st.booleans()):
        when = {"optimizer": tuple(draw(st.sets(st.sampled_from(["adam", "sgd"]), min_size=1)))}
    kind = kind_of(name)
    if kind == "int":
        values = st.integers(1, 32)
    elif kind == "float":
        values = st.floats(1e-6, 0.99)
    else:
        values = st.sampled_from(words_of(name) or (True, False))
    form = draw(st.sampled_from(["choices", "fixed"] + ["range"] * (kind in ("int", "float"))))
    if name == "optimizer":
        return Categorical(choices=tuple(draw(st.permutations(words_of("optimizer")))))
    if form == "choices":
        return Categorical(
            choices=tuple(draw(st.lists(values, min_size=1, max_size=4, unique=True))), when=when
        )
    if form == "fixed":
        return Fixed(value=draw(values), when=when)
    low, high = sorted(draw(st.tuples(values, values)))
    log = draw(st.booleans())
    return (Int if kind == "int" else Float)(low=low, high=high, log=log, when=when)


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    names = draw(st.sets(st.sampled_from(VOCABULARY))) | {"optimizer"}
    return Space(parameters={name: draw(parameters(name)) for name in sorted(names)})


def asked(space: Space, seed: int = 0, count: int = 1) -> list[tuple[Hyperparameters, dict[str, object]]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    trials = [study.ask() for _ in range(count)]
    return [(space.suggest(trial), trial.params) for trial in trials]


@settings(max_examples=60)
@given(spaces(), st.integers(0, 1000))
def test_a_suggestion_lies_in_its_space_and_can_be_enqueued_again(space: Space, seed: int) -> None:
    ((suggested, params),) = asked(space, seed)
    assert space.contains(suggested) == []
    assert space.params_of(suggested) == params
    assert space.suggest(optuna.trial.FixedTrial(params)) == suggested

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed + 1))
    study.enqueue_trial(space.params_of(suggested))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = space.suggest(study.ask())
    assert again == suggested
    assert Hyperparameters.model_validate_json(again.model_dump_json()) == suggested


@settings(max_examples=60)
@given(spaces(), spaces())
def test_json_keeps_the_space_and_its_fingerprint(space: Space, other: Space) -> None:
    again = Space.from_json(space.to_json())
    assert again == space
    assert again.fingerprint == space.fingerprint
    assert space.diff(again) == []
    assert (space.fingerprint == other.fingerprint) == (not space.diff(other)) == (space == other)


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize("sampler", [optuna.samplers.RandomSampler(1), optuna.samplers.TPESampler(seed=1)])
def test_two_hundred_suggestions_of_a_preset_are_valid(
    name: str, sampler: optuna.samplers.BaseSampler
) -> None:
    space = load_space(name)
    count = 200 if isinstance(sampler, optuna.samplers.RandomSampler) else 20
    study = optuna.create_study(sampler=sampler)
    for _ in range(count):
        trial = study.ask()
        suggested = space.suggest(trial)
        assert space.contains(suggested) == []
        assert space.params_of(suggested) == trial.params
        study.tell(trial, suggested.dropout)


def test_steps_and_logarithms_reach_the_trial() -> None:
    space = Space(
        parameters={
            "width": Int(low=32, high=128, step=32),
            "batch_size": Int(low=16, high=512, log=True),
            "dropout": Float(low=0, high=0.3, step=0.1),
            "l2": Float(low=1e-6, high=1e-2, log=True),
        }
    )
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    trials = [study.ask() for _ in range(50)]
    suggested = [space.suggest(trial) for trial in trials]
    assert {one.width for one in suggested} == {32, 64, 96, 128}
    assert all(space.contains(one) == [] for one in suggested)
    distributions = trials[0].distributions
    assert distributions["dropout"] == optuna.distributions.FloatDistribution(0.0, 0.3, step=0.1)
    assert distributions["l2"] == optuna.distributions.FloatDistribution(1e-6, 1e-2, log=True)
    assert distributions["batch_size"] == optuna.distributions.IntDistribution(16, 512, log=True)


def test_a_parameter_whose_condition_is_not_met_is_not_asked_for() -> None:
    space = Space(
        parameters={
            "momentum": Float(low=0.5, high=0.6, when={"optimizer": ("sgd",)}),
            "optimizer": Categorical(choices=("adam", "sgd")),
        }
    )
    seen = set()
    for suggested, params in asked(space, count=30):
        seen.add(suggested.optimizer)
        if suggested.optimizer == "sgd":
            assert 0.5 <= suggested.momentum <= 0.6
        else:
            assert suggested.momentum == Hyperparameters().momentum
            assert "momentum" not in params
    assert seen == {"adam", "sgd"}


def test_conditions_come_after_what_they_depend_on_whatever_the_vocabulary_s_order() -> None:
    space = Space(
        parameters={
            "width": Fixed(value=64, when={"batch_norm": (True,)}),
            "batch_norm": Categorical(choices=(True, False), when={"optimizer": ("sgd",), "depth": (3, 4)}),
            "depth": Int(low=1, high=4),
            "optimizer": Categorical(choices=("adam", "sgd")),
        }
    )
    assert space.order.index("width") > space.order.index("batch_norm") > space.order.index("optimizer")
    wide = space.suggest(optuna.trial.FixedTrial({"depth": 3, "optimizer": "sgd", "batch_norm": True}))
    assert wide.width == 64
    assert space.suggest(optuna.trial.FixedTrial({"depth": 2, "optimizer": "sgd"})).width == 128


def test_contains_says_why_not() -> None:
    space = Space(
        parameters={
            "optimizer": Categorical(choices=("adam", "sgd")),
            "momentum": Float(low=0.5, high=0.95, when={"optimizer": ("sgd",)}),
            "width": Int(low=32, high=2048, log=True),
            "dropout": Fixed(value=0.2),
        }
    )
    outside = Hyperparameters(momentum=0.8, width=16, dropout=0.3, depth=4)
    assert space.contains(outside) == [
        "depth: is not in this space, so it must be 2, but got 4",
        "width: must be within 32 to 2,048, log, but got 16",
        "dropout: must be within 0.2, but got 0.3",
        "momentum: counts only where optimizer is sgd, so here it must be 0.9, but got 0.8",
    ]
    with pytest.raises(SpaceError, match="width: must be within"):
        space.params_of(outside)


def test_fingerprint_overlooks_writing_but_not_meaning() -> None:
    def space(**changes: object) -> Space:
        return Space(
            parameters={"taper": Categorical(choices=(1.0, 0.5)), "depth": Int(low=1, high=4), **changes}
        )

    assert space().fingerprint == space(taper=Categorical(choices=(1, 0.5))).fingerprint
    assert space().fingerprint == space(depth=Int(low=1, high=4, step=1)).fingerprint
    assert space().fingerprint == Space(parameters=dict(reversed(space().parameters.items()))).fingerprint
    assert space().fingerprint != space(taper=Categorical(choices=(0.5, 1.0))).fingerprint
    assert space().fingerprint != space(depth=Int(low=1, high=4, log=True)).fingerprint
    assert len(space().fingerprint) == 64


def test_diff_tells_the_changes_in_sentences() -> None:
    old = Space(
        parameters={
            "width": Int(low=32, high=512),
            "l2": Float(low=1e-6, high=1e-2, log=True),
            "dropout": Float(low=0, high=0.5),
            "batch_norm": Fixed(value=True),
            "optimizer": Categorical(choices=("adam", "sgd")),
        }
    )
    new = Space(
        parameters={
            "width": Int(low=32, high=1024, log=True),
            "dropout": Categorical(choices=(0, 0.5)),
            "batch_norm": Fixed(value=True, when={"optimizer": ("sgd",)}),
            "optimizer": Categorical(choices=("sgd", "adam")),
            "momentum": Float(low=0.5, high=0.9),
        }
    )
    assert old.diff(new) == [
        "width: high 512 -> 1,024",
        "width: log false -> true",
        "batch_norm: condition none -> optimizer is sgd",
        "dropout: range 0 to 0.5 -> choices 0, 0.5",
        "l2: gone",
        "optimizer: choices adam, sgd -> sgd, adam",
        "momentum: new",
    ]


def test_summary_and_rows_describe_the_space() -> None:
    space = load_space("mlp")
    assert space.summary() == "17 parameters, 7 continuous; 4 conditional; 1 fixed"
    rows = {row.name: row for row in space.rows()}
    default = {"last_dropout_factor", "plateau_factor", "plateau_patience", "momentum", "nesterov"}
    default |= {
        "embedding",
        "frequencies",
        "sigma",
        "bins",
        "embedding_size",
        "members",
        "skip",
        "class_weight",
    }
    assert list(rows) == [name for name in VOCABULARY if name not in default]
    assert rows["weight_decay"][1:] == ("float", "1e-4 to 0.1, log", "optimizer is adamw")
    assert rows["width"][1:] == ("int", "64 to 1,024, log", "")
    assert load_space("small").summary() == "6 parameters, 2 continuous; 1 fixed"


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", '{"version": 2, "parameters": {}}', '{"version": 1, "parameters": {"depth": 3}}'],
)
def test_json_that_is_no_space_is_refused(text: str) -> None:
    with pytest.raises(SpaceError, match="not a stored space of version 1"):
        Space.from_json(text)


def test_json_of_a_space_that_makes_no_sense_is_refused() -> None:
    text = '{"version": 1, "parameters": {"depth": {"kind": "int", "low": 4, "high": 1}}}'
    with pytest.raises(SpaceError, match="low 4 is above high 1"):
        Space.from_json(text)
