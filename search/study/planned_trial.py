"""What a planned trial is: a known configuration, run as it is written down, no choice of the sampler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from spaces import Hyperparameters


class Fold(BaseModel):
    """Fold `number`, from 0, of as many, that training and validation rows are cut into; of `all_rows` test rows too.

    Those of all rows are trained on after the look at the test split, and what is made of them is tested by nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    number: Annotated[int, Field(ge=0)]
    of: Annotated[int, Field(ge=2)]
    all_rows: bool = False


class PlannedTrial(BaseModel):
    """One configuration to run. `epochs` and `patience` are the study's, and `seed` is drawn, where they are None."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    label: str
    hyperparameters: Hyperparameters
    epochs: Annotated[int | None, Field(ge=1)] = None
    patience: Annotated[int | None, Field(ge=1)] = None
    seed: Annotated[int | None, Field(ge=0, lt=2**32)] = None
    outside: bool = False
    """Whether the space has no such configuration."""
    keep_model: bool = False
    """Whether its model is kept, also when it is not the study's best."""
    keep_scores: bool = False
    """Whether the score of each validation row is kept, for comparisons row by row."""
    to_its_end: bool = False
    """Whether no pruner ends it; others are measured by it all the same."""
    fold: Fold | None = None
    """Whose rows it trains on and is judged by; None: the study's training and validation rows."""


_PLAN = TypeAdapter(list[PlannedTrial])


def plan_json(plan: Sequence[PlannedTrial]) -> str:
    """A plan as a study keeps it."""
    return _PLAN.dump_json(list(plan), exclude_defaults=True).decode()


def plan_of(text: str) -> list[PlannedTrial]:
    """What `plan_json` made."""
    return _PLAN.validate_json(text)
