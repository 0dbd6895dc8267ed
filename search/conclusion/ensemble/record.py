"""What an ensemble is and what it is worth, as it is told beside its model and kept with a conclusion."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from search.conclusion.statistics.intervals import Interval


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Judged(_Record):
    """`beside` is what is told beside the metric, by name, on the validation rows; with most metrics nothing."""

    beside: dict[str, float] = {}

    @model_serializer(mode="wrap")
    def _without_nothing(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Where nothing is told beside the metric, or there are no folds, it is written as it was before."""
        fields: dict[str, Any] = written(self)
        return {name: field for name, field in fields.items() if name not in ("beside", "of_folds") or field}


class Member(_Judged):
    """One network of it: the trial that trained it, its seed, its weight in the mean, its own value."""

    trial: int
    seed: int
    weight: float
    value: float


class Ensemble(_Judged):
    """Networks that were averaged; the first of `members` is the one that would be taken alone.

    `value` and `single` are the metric of all together and of the first alone on the `rows` validation rows. `gain` is
    how much better (more is better), with its interval over rows: of the same rows or, where the members were
    `chosen_among` so many networks by these rows, of halves for which the other half chose several and one; None where
    the metric is no mean over rows. The ensemble is `kept` only where it is better by both.

    Where its members are `of_folds`, no row is left that none of them was trained on: `value` is of all `rows`, each
    by the one member that was not trained on it, and `single` is the same. Such an ensemble is kept.
    """

    members: list[Member]
    value: float
    single: float
    rows: int
    kept: bool
    chosen_among: int | None = None
    gain: float | None = None
    gain_interval: Interval | None = None
    of_folds: bool = False


class Cost(_Record):
    """What it takes: bytes of the file, and milliseconds a row after preprocessing, in batches of `batch` rows."""

    bytes: int
    single_bytes: int
    milliseconds: float
    single_milliseconds: float
    batch: int
