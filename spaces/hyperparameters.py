"""One MLP's hyperparameters: typed, frozen, validated, the same after a round trip through JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import ErrorDetails

from spaces.errors import SpaceError, did_you_mean
from spaces.optimizers import OPTIMIZERS, Optimizer, takers_of
from spaces.wording import Scalar, quoted, rounded, shown

Activation = Literal[
    "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "sigmoid", "softplus"
]
Initializer = Literal[
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal"
]
Schedule = Literal["constant", "plateau", "cosine"]
Augment = Literal["none", "flip", "shift", "shift_flip"]
Embedding = Literal["none", "periodic", "piecewise"]

MAX_DEPTH = 32
"""Hidden layers of the deepest network that is accepted."""
MAX_WIDTH = 65_536
"""Units of the widest hidden layer that is accepted."""
MOST_COMPONENTS = 512
"""Of the principal components that are kept of images; past them hardly anything but noise varies."""

Depth = Annotated[int, Field(ge=1, le=MAX_DEPTH, description="hidden layers")]
Width = Annotated[int, Field(ge=1, le=MAX_WIDTH, description="units of the first hidden layer")]
Taper = Annotated[
    float, Field(gt=0, le=2, description="each further layer's width is the last one's times this")
]
Fraction = Annotated[float, Field(ge=0, lt=1)]
NotNegative = Annotated[float, Field(ge=0)]


def _only_for(name: str) -> str:
    """`adamw and lion only`."""
    return f"{' and '.join(takers_of(name))} only"


# What the vocabulary got since records know networks by their hyperparameters.
_LATER = ("skip", "embedding", "frequencies", "sigma", "bins", "embedding_size", "members", "class_weight")


class Hyperparameters(BaseModel):
    """Everything that tells one MLP and its training from another on the same data.

    Names and meanings are Keras's where Keras has them. `momentum`, `nesterov` and `weight_decay` matter to some
    optimizers (`OPTIMIZERS`), `plateau_factor` and `plateau_patience` to the schedule `plateau`, `label_smoothing` and
    `class_weight` to classification, `embedding` and what it is made of to tables and vectors, `pca`, `augment` and
    `shift` to images.

    Raises:
        pydantic.ValidationError: a value has the wrong type (nothing is converted, except whole numbers to
            floats), is out of bounds or not finite, a name is unknown, or a layer would be wider than
            `MAX_WIDTH`. `from_values` raises `SpaceError` instead.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    depth: Depth = 2
    width: Width = 128
    taper: Taper = 1.0
    activation: Activation = Field("relu", description="of every hidden layer")
    batch_norm: bool = Field(
        False, description="batch normalization between each hidden layer and its activation"
    )
    skip: bool = Field(
        False,
        description="each hidden layer's output is added to its input, where both have as many units",
    )
    embedding: Embedding = Field(
        "none", description="of each number of a table or vector, in place of the number itself"
    )
    frequencies: Annotated[
        int, Field(ge=1, le=256, description="periodic only: of each number, learnt; sine and cosine of each")
    ] = 16
    sigma: Annotated[
        float,
        Field(gt=0, le=100, description="periodic only: standard deviation of the frequencies at the start"),
    ] = 1.0
    bins: Annotated[
        int,
        Field(ge=1, le=256, description="piecewise only: of each number, between quantiles of training rows"),
    ] = 16
    embedding_size: Annotated[
        int, Field(ge=1, le=256, description="units that each number becomes, periodic and piecewise only")
    ] = 8
    members: Annotated[
        int,
        Field(
            ge=1,
            le=64,
            description="networks in one, which share all hidden kernels: their answers are averaged",
        ),
    ] = 1
    input_dropout: Fraction = Field(
        0.0, description="share of inputs, or of principal components, dropped before the first hidden layer"
    )
    dropout: Fraction = Field(0.0, description="share of units dropped after each hidden layer")
    last_dropout_factor: Annotated[
        float, Field(ge=0, le=1, description="the last hidden layer's dropout is `dropout` times this")
    ] = 1.0
    l2: NotNegative = Field(0.0, description="L2 penalty on the kernels of the hidden layers")
    initializer: Initializer = Field("glorot_uniform", description="of the kernels of the hidden layers")
    optimizer: Optimizer = "adam"
    learning_rate: Annotated[float, Field(gt=0, description="per step, at the start of the schedule")] = 1e-3
    momentum: Fraction = Field(0.9, description=_only_for("momentum"))
    nesterov: bool = Field(False, description=_only_for("nesterov"))
    weight_decay: NotNegative = Field(0.004, description=f"decoupled, {_only_for('weight_decay')}")
    schedule: Schedule = Field("constant", description="of the learning rate over the epochs")
    plateau_factor: Annotated[
        float, Field(gt=0, lt=1, description="plateau only: the learning rate is multiplied by this")
    ] = 0.5
    plateau_patience: Annotated[
        int, Field(ge=1, le=100_000, description="plateau only: epochs without a better metric before that")
    ] = 3
    batch_size: Annotated[int, Field(ge=1, le=65_536, description="rows per step")] = 64
    label_smoothing: Fraction = Field(0.0, description="classification only")
    class_weight: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="classification only: how much more rows of rare classes count; 0: as all others, 1: as much "
            "together as each class",
        ),
    ] = 0.0
    pca: Annotated[
        int,
        Field(
            ge=0,
            le=MOST_COMPONENTS,
            description="images only: the network sees this many principal components; 0: the pixels",
        ),
    ] = 0
    augment: Augment = Field("none", description="images only")
    shift: Annotated[
        float,
        Field(gt=0, lt=1, description="augment shift and shift_flip only: at most this share of each side"),
    ] = 0.125
    network: str = Field("", description="the function that builds the network, of one's own: module:name")
    extra: tuple[tuple[str, bool | int | float | str], ...] = Field(
        (), description="hyperparameters of one's own, by name, for such a function"
    )

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What is of one's own is written only where there is any: others are kept as they always were."""
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if name not in OF_ONES_OWN or value}

    @model_validator(mode="after")
    def _no_layer_too_wide(self) -> Self:
        if (problem := too_wide(self.depth, self.width, self.taper)) is not None:
            raise ValueError(problem)
        return self

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> Self:
        """Hyperparameters from names and values; names that are left out take their defaults.

        Raises:
            SpaceError: one line for each value that is refused.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as exc:
            raise SpaceError("\n".join(_sentences(exc.errors()))) from exc

    @property
    def named(self) -> dict[str, Scalar]:
        """All of them by name, those of one's own behind the others."""
        return {name: getattr(self, name) for name in VOCABULARY} | dict(self.extra)

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each hidden layer, first to last: `width * taper**i`, rounded half up, at least 1.

        The product is not rounded between layers, so that 100 with taper 0.5 gives 100, 50, 25, 13, 6.
        """
        return tuple(max(1, math.floor(self.width * self.taper**i + 0.5)) for i in range(self.depth))

    @property
    def skips(self) -> tuple[bool, ...]:
        """Whether a skip connection goes around each hidden layer, first to last; never around the first."""
        return (False, *(self.skip and before == after for before, after in pairwise(self.widths)))

    @property
    def dropouts(self) -> tuple[float, ...]:
        """Share of units dropped after each hidden layer, first to last."""
        return (self.dropout,) * (self.depth - 1) + (self.dropout * self.last_dropout_factor,)

    @property
    def identity(self) -> str:
        """JSON by which records know a network. One without what came later into the vocabulary is known as before."""
        unused = {name for name in _LATER if getattr(self, name) == default_of(name)}
        return self.model_dump_json(exclude=unused)

    def describe(self) -> str:
        """A few words for a leaderboard: `256-128-64 gelu, batch norm, dropout 0.3, adamw 1.2e-3, batch 64`.

        What is off, or has no meaning for the optimizer, is left out; numbers are rounded to two digits.
        """
        return ", ".join([*self._network_words(), *self._training_words()])

    def _network_words(self) -> list[str]:
        if self.network:
            values = (
                f"{name} {rounded(of) if isinstance(of, float) else shown(of)}" for name, of in self.extra
            )
            return [self.network.rpartition(":")[2], *values]
        words = ["-".join(map(str, self.widths)) + f" {self.activation}"]
        words += ["batch norm"] * self.batch_norm
        words += ["skip connections"] * any(self.skips)
        words += [self._embedding_words()] * (self.embedding != "none")
        words += [f"{self.members} members"] * (self.members > 1)
        words += [f"input dropout {rounded(self.input_dropout)}"] * (self.input_dropout > 0)
        words += [f"dropout {self._dropout_words()}"] * (self.dropout > 0)
        words += [f"L2 {rounded(self.l2)}"] * (self.l2 > 0)
        words += [self.initializer] * (self.initializer != default_of("initializer"))
        return words

    def _training_words(self) -> list[str]:
        words = [f"{self.optimizer} {rounded(self.learning_rate)}"]
        taken = OPTIMIZERS[self.optimizer]
        if "momentum" in taken:
            words += [f"{'nesterov' if self.nesterov else 'momentum'} {rounded(self.momentum)}"] * (
                self.momentum > 0
            )
        if "weight_decay" in taken and self.weight_decay != default_of("weight_decay"):
            words.append(f"weight decay {rounded(self.weight_decay)}")
        words += [self._schedule_words()] * (self.schedule != "constant")
        words.append(f"batch {self.batch_size}")
        words += [f"label smoothing {rounded(self.label_smoothing)}"] * (self.label_smoothing > 0)
        words += [f"class weight {rounded(self.class_weight)}"] * (self.class_weight > 0)
        words += [f"PCA {self.pca}"] * (self.pca > 0)
        words += [self._augment_words()] * (self.augment != "none")
        return words

    def _dropout_words(self) -> str:
        return "-".join(map(rounded, self.dropouts if self.last_dropout_factor != 1 else [self.dropout]))

    def _embedding_words(self) -> str:
        periodic = self.embedding == "periodic"
        parts = f"{self.frequencies} sigma {rounded(self.sigma)}" if periodic else f"{self.bins} bins"
        return f"{self.embedding} {parts} to {self.embedding_size}"

    def _augment_words(self) -> str:
        shift = "shift" if self.shift == default_of("shift") else f"shift {rounded(self.shift)}"
        return self.augment.replace("_", " and ").replace("shift", shift)

    def _schedule_words(self) -> str:
        if self.schedule == "plateau" and self.plateau_factor != default_of("plateau_factor"):
            return f"plateau {rounded(self.plateau_factor)} after {self.plateau_patience}"
        if self.schedule == "plateau" and self.plateau_patience != default_of("plateau_patience"):
            return f"plateau after {self.plateau_patience}"
        return self.schedule


OF_ONES_OWN = ("network", "extra")
"""Fields of `Hyperparameters` that are no hyperparameters of ours."""

VOCABULARY: tuple[str, ...] = tuple(name for name in Hyperparameters.model_fields if name not in OF_ONES_OWN)
"""Names of the hyperparameters, in the order in which tables and files list them."""


def default_of(name: str) -> Scalar:
    """What hyperparameter `name` is where nothing else is said."""
    default: Scalar = Hyperparameters.model_fields[name].default
    return default


def kind_of(name: str) -> Literal["int", "float", "bool", "word"]:
    """Type of hyperparameter `name`; a `word` is one of a fixed list."""
    annotation = Hyperparameters.model_fields[name].annotation
    if annotation is bool:
        return "bool"
    if annotation is int:
        return "int"
    return "float" if annotation is float else "word"


def words_of(name: str) -> tuple[str, ...]:
    """What a `word` hyperparameter can be; empty for numbers and booleans."""
    return get_args(Hyperparameters.model_fields[name].annotation)


def value_problem(name: str, value: object) -> str | None:
    """Why hyperparameter `name` cannot be `value` (`must be below 1, but got 1.5`), or None if it can.

    One of one's own can be whatever JSON can hold.
    """
    if name not in VOCABULARY:
        finite = not isinstance(value, float) or math.isfinite(value)
        return None if finite else f"must be a finite number, but got {quoted(value)}"
    try:
        Hyperparameters.model_validate({name: value})
    except ValidationError as exc:
        return explain(exc.errors()[0])
    return None


def too_wide(depth: int, width: int, taper: float) -> str | None:
    """Why a net of this shape has a layer above `MAX_WIDTH` units, or None."""
    widest = width * max(1.0, taper) ** (depth - 1)
    if widest <= MAX_WIDTH:
        return None
    return (
        f"depth {depth} with width {shown(width)} and taper {shown(taper)} makes a layer of {widest:,.0f} "
        f"units, above {MAX_WIDTH:,}; lower one of them"
    )


def explain(error: ErrorDetails) -> str:
    """One of pydantic's errors as `must be …, but got …`."""
    bounds = error.get("ctx", {})
    value = error["input"]
    match error["type"]:
        case "greater_than":
            expected = f"above {shown(bounds['gt'])}"
        case "greater_than_equal":
            expected = f"at least {shown(bounds['ge'])}"
        case "less_than":
            expected = f"below {shown(bounds['lt'])}"
        case "less_than_equal":
            expected = f"at most {shown(bounds['le'])}"
        case "int_type" | "int_from_float":
            expected = "a whole number"
        case "float_type":
            expected = "a number"
        case "finite_number":
            expected = "a finite number"
        case "bool_type":
            expected = "true or false"
        case "literal_error":
            words = words_of(str(error["loc"][-1]))
            hint = did_you_mean(str(value), words)
            return f"must be one of {', '.join(words)}, but got {quoted(value)}{hint}"
        case _:
            return error["msg"].removeprefix("Value error, ")
    return f"must be {expected}, but got {quoted(value)}"


def _sentences(errors: Iterable[ErrorDetails]) -> Iterable[str]:
    for error in errors:
        name = str(error["loc"][0]) if error["loc"] else ""
        if error["type"] == "extra_forbidden":
            yield unknown_parameter(name)
        else:
            yield f"{name}: {explain(error)}" if name else explain(error)


def unknown_parameter(name: str) -> str:
    """What to say about a name that is no hyperparameter's."""
    hint = did_you_mean(name, VOCABULARY)
    return f"unknown parameter {name!r}" + (hint or f"; the parameters are {', '.join(VOCABULARY)}")
