"""A quantity that is learnt as its logarithm: what of it the training rows tell, there, and back again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from search.data.rows.raw import Array
from search.data.rows.request import TargetTransform
from search.errors import DataError
from spaces.wording import quantity

# Of the training rows' positive targets, the share that is below the unit, where some are 0: of counts it is 1.
_BELOW_UNIT = 0.05
# Where none is 0 the unit is so much smaller, which hardly differs from the logarithm itself.
_SMALLER = 10.0
# The least unit there is, of the largest target, and of any: so no target over its unit is beyond float64, nor is the
# exponential of a logarithm, in the exported model either.
_LEAST_OF_LARGEST = 1e-200
_LEAST_UNIT = 1e-100
# A network that is far off in logarithms would be off by any factor in the target's own units.
_TIMES_LARGEST = 2.0
# Targets as skewed as exponential ones, or nearly, whose logarithms are much less so.
_SKEWED = 1.5
_MUCH_LESS = 0.5


class LogTarget(BaseModel):
    """What a network learns is (log(1 + target / unit) - mean) / std, of which `mean` and `std` are of training rows.

    Finite at 0, and near it as even as the target itself. A target below 0, which no training row has, is the mirror
    image of one above it. Answers lie between 0 and `largest`, twice the largest target of the training rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    unit: float
    mean: float
    std: float
    largest: float

    @property
    def words(self) -> str:
        return f"log(1 + target / {quantity(self.unit)})"

    @property
    def most(self) -> float:
        """The logarithm of the largest answer."""
        return float(np.log1p(self.largest / self.unit))

    def learnt(self, targets: Array) -> NDArray[np.float64]:
        """What is learnt in place of targets, (rows,)."""
        return (_logarithms(targets, self.unit) - self.mean) / self.std

    def targets(self, learnt: Array) -> NDArray[np.float64]:
        """The targets, (rows,), of which `learnt` was made."""
        logs = self._logarithms_of(learnt)
        return np.sign(logs) * self.unit * np.expm1(np.abs(logs))

    def answers(self, outputs: Array) -> NDArray[np.float64]:
        """What a network's outputs, (rows,), stand for; as the exported model has it."""
        return self.unit * np.expm1(np.clip(self._logarithms_of(outputs), 0.0, self.most))

    def _logarithms_of(self, learnt: Array) -> NDArray[np.float64]:
        return np.asarray(learnt, dtype=np.float64) * self.std + self.mean


def log_target(
    targets: Array, training: Array, asked: TargetTransform, what: str
) -> tuple[LogTarget | None, list[str]]:
    """How targets, float64 (rows,), are learnt, by those of the `training` rows alone; and a note on it.

    None: as they are. `what` names the target in messages.

    Raises:
        DataError: `log` is asked for, and a target is below 0, or all are 0.
    """
    if asked == "none":
        return None, []
    if asked == "log" and (below := int((targets < 0).sum())):
        rows = "1 row holds" if below == 1 else f"{below:,} rows hold"
        raise DataError(
            f"--target-transform log: {what} has no logarithm where it is below 0: {rows} such a value, the least of "
            f"them {quantity(float(targets.min()))}; leave the option out, or correct the target"
        )
    of_training = targets[training]
    if not (of_training > 0).any():
        if asked == "log":
            raise DataError(f"--target-transform log: {what} is 0 in all training rows; leave the option out")
        return None, [f"{what} is learnt as it is: no training row has one above 0"]
    fitted = _fit(of_training[of_training >= 0])
    if asked == "auto":
        before, after = _skewness(of_training), _skewness(fitted.learnt(of_training))
        told = f"its skewness is {before:.1f}, that of its logarithm {after:.1f}"
        if (of_training < 0).any() or before < _SKEWED or abs(after) > _MUCH_LESS * before:
            negative = ", and some are below 0" if (of_training < 0).any() else ""
            return None, [f"{what} is learnt as it is: {told}{negative}"]
        return fitted, [f"{what} is learnt as {fitted.words}: {told}"]
    return fitted, [f"{what} is learnt as {fitted.words}"]


def _fit(targets: Array) -> LogTarget:
    positive = targets[targets > 0]
    unit = float(np.quantile(positive, _BELOW_UNIT)) / (_SMALLER if len(positive) == len(targets) else 1.0)
    unit = max(unit, _LEAST_OF_LARGEST * float(positive.max()), _LEAST_UNIT)
    logs = _logarithms(targets, unit)
    return LogTarget(
        unit=unit,
        mean=float(logs.mean()),
        std=float(logs.std()) or 1.0,
        largest=_TIMES_LARGEST * float(targets.max()),
    )


def _logarithms(targets: Array, unit: float) -> NDArray[np.float64]:
    targets = np.asarray(targets, dtype=np.float64)
    return np.sign(targets) * np.log1p(np.abs(targets) / unit)


def _skewness(values: Array) -> float:
    """The third standardised moment, 0 where nothing varies."""
    largest = float(np.abs(values).max()) or 1.0
    centred = values / largest - (values / largest).mean()
    deviation = float(np.sqrt(np.mean(centred**2)))
    return float(np.mean(centred**3)) / deviation**3 if deviation > 0 else 0.0


def in_units(outputs: Any, log: LogTarget) -> Any:
    """`answers` by plain Keras layers and operations: a network's outputs (batch, 1) in the target's units, float64."""
    import keras
    from keras import ops

    logs = keras.layers.Rescaling(
        np.array([log.std]), offset=np.array([log.mean]), dtype="float64", name="logarithm"
    )(outputs)
    times = ops.expm1(ops.clip(logs, 0.0, log.most))
    return keras.layers.Rescaling(
        np.array([log.unit]), offset=np.zeros(1), dtype="float64", name="target_units"
    )(times)
