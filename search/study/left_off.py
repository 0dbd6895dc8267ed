"""Where an attempt at a trial left off, kept with the next one, which goes on from there."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class LeftOff(BaseModel):
    """An attempt that was interrupted after an epoch, and the artifact of the study that has its checkpoint.

    `seconds` are those of all attempts before. `rungs` is what pruning has compared so far, by Optuna's keys.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    trial: int
    epoch: int
    seconds: float
    artifact: str
    rungs: dict[str, float] = {}

    def words(self) -> str:
        """`epoch 3 of trial 17`."""
        return f"epoch {self.epoch:,} of trial {self.trial}"
