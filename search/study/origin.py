"""Where trials came from that an earlier study trained, and what a study took over from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


class Origin(BaseModel):
    """Of a trial: the study that trained it, its number there, and the limits that it had.

    `bracket` is the one it is compared in by hyperband (None: that of its original number, -1: none). `different`
    says in what its value is another quantity than those of the study that it is in now: data, metric, epochs, folds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    study: str
    trial: int
    epochs: int
    patience: int
    bracket: int | None = None
    different: tuple[str, ...] = ()

    @property
    def can_be_retrained(self) -> bool:
        """Whether a training in the study that it is in now would come to the same."""
        return not {"data", "metric", "folds"} & set(self.different)

    @property
    def is_same_training(self) -> bool:
        """Whether the study that it is in now would have trained it on the same data, for as many epochs."""
        return not {"data", "epochs", "folds"} & set(self.different)

    @property
    def is_comparable(self) -> bool:
        """Whether its value is of the same quantity as those of the study that it is in now."""
        return not self.different

    def words(self) -> str:
        """`trial 17 of old`."""
        other = f", other {' and '.join(self.different)}" if self.different else ""
        return f"trial {self.trial} of {self.study}{other}"


class Predecessor(BaseModel):
    """Of a study: the one whose trials it took over, how many of how many, and what was different all the same.

    `numbers` are the original numbers that are used up there: seeds are of numbers, so new trials go on behind them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    study: str
    trials: int
    of: int
    numbers: int
    different: tuple[str, ...] = ()

    def words(self) -> str:
        """`30 of the 50 trials of study old came along`."""
        return f"{self.trials:,} of the {self.of:,} trials of study {self.study} came along"


@dataclass(frozen=True)
class Adoption:
    """Trials as the new study is to have them, what it is to remember, and what to tell the user."""

    trials: list[FrozenTrial]
    predecessor: Predecessor
    remarks: list[str]
