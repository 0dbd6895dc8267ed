"""A training that was left at an epoch's end, as it has to be known to go on to the same bits; and as a file.

Shuffles, dropout and augmentation are drawn by seed, epoch and step, so they have no state. The file is NPZ: arrays,
and one entry of JSON with everything else.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.data import DataSpec
from search.training.environment import differences
from search.training.graph.state import GraphState
from spaces import Hyperparameters

Array = np.ndarray[Any, Any]

_FORMAT = "1"
_DESCRIPTION = "description"


class CheckpointUnfit(Exception):
    """It cannot be gone on from here; says why."""


@dataclass(frozen=True)
class Checkpoint:
    """A training after an epoch that was not its last.

    Attributes:
        history: one value per epoch run, by Keras's log names.
        best_epoch: from 1; 0 where no epoch gave a finite metric. `best` is its metric.
        best_weights: in Keras's order.
        learning_rate: as callbacks left it; None where a schedule tells it by the step.
        callbacks: states of the callbacks that have one, in their order.
        seconds: that the training took so far.
    """

    graph: GraphState
    history: dict[str, list[float]]
    best: float | None
    best_epoch: int
    best_weights: list[Array]
    learning_rate: float | None
    callbacks: list[dict[str, float | None]]
    seconds: float

    @property
    def epochs(self) -> int:
        """That were run."""
        return len(self.history["loss"])

    def logs(self, epoch: int) -> dict[str, float]:
        """Of `epoch`, from 1."""
        return {name: values[epoch - 1] for name, values in self.history.items()}

    def file(self, training: Mapping[str, str]) -> bytes:
        """As NPZ; `training` is what `read` compares (`identity`)."""
        arrays = {"weights": self.graph.weights, "slots": self.graph.slots, "best_weights": self.best_weights}
        described = {
            "training": dict(training),
            "steps": self.graph.steps,
            "seen": self.graph.seen,
            "history": self.history,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "learning_rate": self.learning_rate,
            "callbacks": self.callbacks,
            "seconds": self.seconds,
        }
        written = io.BytesIO()
        named = {
            f"{kind}/{at}": array for kind, several in arrays.items() for at, array in enumerate(several)
        }
        named[_DESCRIPTION] = np.frombuffer(json.dumps(described).encode(), np.uint8)
        np.savez(written, allow_pickle=False, **named)
        return written.getvalue()

    @classmethod
    def read(cls, file: bytes, training: Mapping[str, str]) -> Checkpoint:
        """What `file` made of a training that was the same as `training`.

        Raises:
            CheckpointUnfit: it was another, or the file is damaged.
        """
        try:
            with np.load(io.BytesIO(file), allow_pickle=False) as arrays:
                described = json.loads(arrays[_DESCRIPTION].tobytes())
                if differ := differences(described.pop("training"), dict(training)):
                    raise CheckpointUnfit("; ".join(differ))
                weights, slots, best = (
                    _numbered(arrays, kind) for kind in ("weights", "slots", "best_weights")
                )
            graph = GraphState(weights, slots, described.pop("steps"), described.pop("seen"))
            return cls(graph=graph, best_weights=best, **described)
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            EOFError,
            OSError,
            zipfile.BadZipFile,
        ) as error:
            raise CheckpointUnfit("its file is damaged") from error


def identity(
    hyperparameters: Hyperparameters,
    spec: DataSpec,
    environment: Mapping[str, str],
    **limits: str | int,
) -> dict[str, str]:
    """What the bits of a training depend on.

    Args:
        environment: versions, processor and settings (`search.training.environment`).
        limits: epochs, patience, metric and seed.
    """
    return {
        "checkpoint": _FORMAT,
        **environment,
        "data": spec.fingerprint,
        "hyperparameters": hyperparameters.model_dump_json(),
        **{name: str(value) for name, value in limits.items()},
    }


def _numbered(arrays: Any, kind: str) -> list[Array]:
    count = sum(name.startswith(f"{kind}/") for name in arrays.files)
    return [arrays[f"{kind}/{at}"] for at in range(count)]
