"""The settings of a search by name, for type checkers and editors: those of `perceptuna run`, in the same words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

    from perceptuna.space import Space

__all__ = ["Changes", "Settings"]

Names = str | list[str] | tuple[str, ...]


class Settings(TypedDict, total=False):
    """What `search` takes beside rows and name; `search.settings.settings` checks them, and has every default.

    >>> options: pt.Settings = {"trials": 20, "timeout": "10m"}
    """

    target: Names | None
    task: Literal["classification", "regression"] | None
    target_transform: Literal["auto", "none", "log"] | None
    header: bool | None
    separator: str | None
    drop: Names | None
    category: Names | None
    number: Names | None
    date: Names | None
    text: Names | None
    weight: Any
    image_size: str | None
    val_fraction: float | None
    test_fraction: float | None
    group: str | None
    time: str | None
    split_column: str | None
    validation: Any
    test: Any
    split_seed: int | None
    folds: int | None
    space: Space | str | PathLike[str] | None
    model: Callable[..., Any] | str | None
    callbacks: Sequence[str | Callable[..., Any]] | str | Callable[..., Any] | None
    known: bool | None
    baselines: str | PathLike[str] | None
    allow_outside: bool | None
    metric: str | None
    aims: Names | None
    max_parameters: int | None
    max_latency: float | None
    max_bytes: str | int | None
    sampler: BaseSampler | Callable[..., BaseSampler] | str | None
    pruner: BasePruner | Callable[..., BasePruner] | str | None
    seed: int | None
    trials: int | None
    timeout: str | float | None
    epochs: int | None
    patience: int | None
    trial_timeout: str | float | None
    workers: int | None
    threads: int | None
    memory_limit: str | int | None
    precision: Literal["auto", "float32", "bfloat16"] | None


class Changes(TypedDict, total=False):
    """Settings that may change when a study is resumed."""

    timeout: str | float | None
    workers: int | None
    threads: int | None
    trial_timeout: str | float | None
    memory_limit: str | int | None


def plain(settings: Settings) -> dict[str, Any]:
    """By name, with the space below the user's."""
    from perceptuna.space import Space

    return {name: value._space if isinstance(value, Space) else value for name, value in settings.items()}
