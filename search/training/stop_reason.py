"""Why a training ended: as a value, and as the text that studies keep. Knows no Keras."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

_AT_EPOCH = re.compile(r"(.*) at epoch (0|[1-9][0-9]{0,8})", re.DOTALL)


class StopReason(StrEnum):
    """Why a training ended, in the words that are kept. The last three are up to whoever looks on."""

    EPOCHS = "all epochs run"
    EARLY = "no better metric for `patience` epochs"
    CALLBACK = "a callback stopped it"
    NOT_FINITE = "loss or weights not finite"
    NO_METRIC = "metric missing"
    PRUNED = "pruned"
    INTERRUPTED = "interrupted"
    TIMEOUT = "--trial-timeout"


class Stop(NamedTuple):
    """Why, and after which epoch; None where that goes without saying. A reason of another version is plain text."""

    reason: StopReason | str
    epoch: int | None = None

    def text(self) -> str:
        """As a study keeps it: `pruned at epoch 3`."""
        return str(self.reason) if self.epoch is None else f"{self.reason} at epoch {self.epoch}"

    @classmethod
    def read(cls, text: str) -> Stop:
        """What `text` made."""
        found = _AT_EPOCH.fullmatch(text)
        reason, epoch = (text, None) if found is None else (found[1], int(found[2]))
        return cls(StopReason(reason) if reason in list(StopReason) else reason, epoch)
