"""What is kept of the reference models of a study: a small record of each."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

ReferenceName = Literal["constant", "linear", "trees"]
NAMES: tuple[ReferenceName, ...] = ("constant", "linear", "trees")
"""In the order in which they are fitted: the quickest first."""


class Reference(BaseModel):
    """One reference model on the validation rows: `metrics` without `val_`, as networks have them.

    `seconds` are of CPU time, for fitting and answering. `reason` is why there are no metrics; `note` is what to know
    beside them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    name: ReferenceName
    metrics: dict[str, float] = {}
    seconds: float = 0.0
    reason: str | None = None
    note: str | None = None

    def value(self, metric: str) -> float | None:
        """Of `val_accuracy` or `accuracy`; None where it has none, as of a loss, which is of networks alone."""
        return self.metrics.get(metric.removeprefix("val_"))


class References(BaseModel):
    """Those of one study, each name once."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    version: Literal[1] = 1
    models: tuple[Reference, ...] = ()

    def having(self, reference: Reference) -> References:
        """These with `reference`, in place of an earlier one of its name."""
        by_name = {one.name: one for one in (*self.models, reference)}
        return self.model_copy(update={"models": tuple(by_name[name] for name in NAMES if name in by_name)})

    @property
    def missing(self) -> tuple[ReferenceName, ...]:
        """Those without metrics: not fitted yet, or not to an end."""
        there = {one.name for one in self.models if one.metrics}
        return tuple(name for name in NAMES if name not in there)
