"""What is tested: the network of one training, or the mean of several."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from search.conclusion.ensemble.network import Network
from search.conclusion.statistics.coverage import coverage_of
from search.errors import InputError
from search.models.intervals import USUAL_LEVEL, Intervals, in_units
from search.models.kept_model import kept_model, weights_of
from search.settings.metrics import asked_of

if TYPE_CHECKING:
    from search.conclusion.calibration.fitting import Calibration
    from search.data import DataSpec
    from search.study.look import Coverage
    from search.study.study import Study
    from search.study.trial_record import TrialRecord
    from search.training.decision import Decision

    Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Tested:
    """Networks of trials of a companion; where they are several, their mean is tested. The first stands for all.

    `decision` is the threshold that validation rows fitted, where models are given one by the metric; `intervals` are
    of a regression, by rows that networks were not trained on. `calibration` is the temperature of such rows, where
    one was asked for.
    """

    networks: Sequence[Network]
    of_folds: bool = False
    decision: Decision | None = None
    intervals: Intervals | None = None
    calibration: Calibration | None = None

    @property
    def trained(self) -> TrialRecord:
        return self.networks[0].trial

    @property
    def members(self) -> tuple[int, ...]:
        """Numbers of the trials that are averaged; none where a network is alone."""
        return tuple(one.trial.number for one in self.networks) if len(self.networks) > 1 else ()

    @property
    def temperature(self) -> float | None:
        """What its logits are divided by: 1 where that is no better; None where nobody asked."""
        if self.calibration is None:
            return None
        return self.calibration.temperature if self.calibration.kept else 1.0

    def fingerprint(self, metric: str) -> str:
        """Of all weights, what they are judged by, and whether logits are divided: 64 hexadecimal digits."""
        each = [_fingerprint(one.hyperparameters.identity, metric, one.weights) for one in self.networks]
        if self.calibration is not None and self.calibration.kept:
            # The rows fit the temperature, whose last digit may differ on another processor.
            each.append("calibrated")
        return each[0] if len(each) == 1 else hashlib.sha256(" ".join(sorted(each)).encode()).hexdigest()

    def outputs(self, spec: DataSpec, x: Array) -> Array:
        """What is tested answers for prepared rows: before its last activation, (rows, units)."""
        from search.training.averaging import averaged_outputs

        outputs = [one.outputs(spec, x) for one in self.networks]
        together = averaged_outputs(outputs, [1 / len(outputs)] * len(outputs), spec.task)
        return together if self.temperature is None else together / self.temperature

    def measured(
        self,
        spec: DataSpec,
        x: Array,
        y: Array,
        metric: str,
        weights: Array | None = None,
        threshold: float | None = None,
    ) -> tuple[dict[str, float], Array | None]:
        """All metrics on these prepared rows, also those that are asked for, and each row's score of `metric`.

        None where rows have none. `weights` say how much each row counts, (rows,). The second of two classes is
        answered above the probability `threshold`; None: as is usual for each metric.
        """
        asked = (*asked_of(spec.task, len(spec.class_names)), metric)
        if len(self.networks) == 1 and self.temperature in (None, 1.0):
            from search.training.scoring import measure_rows, score_rows

            (one,) = self.networks
            network = one.hyperparameters, spec, one.weights, x, y
            scores = score_rows(*network, metric, weights, threshold)
            return measure_rows(*network, asked, weights, threshold), scores
        from search.conclusion.ensemble.judging import Judge

        outputs, judge = self.outputs(spec, x), Judge(y, spec, metric, weights, threshold)
        return judge.measured(outputs, asked), judge.scores(outputs)

    def coverage(self, spec: DataSpec, x: Array, y: Array) -> Coverage | None:
        """How often its intervals hold what these prepared rows are; None where it has none of the usual level."""
        if self.intervals is None or USUAL_LEVEL not in self.intervals.halves:
            return None
        predictions, targets = in_units(self.outputs(spec, x)[:, 0], y, spec)
        inside = self.intervals.covers(predictions, targets, USUAL_LEVEL)
        return coverage_of(inside, self.intervals.half_widths(predictions, USUAL_LEVEL), USUAL_LEVEL)


def network_of(companion: Study, trained: TrialRecord) -> Network:
    """That of a trial whose model was kept.

    Raises:
        InputError: it is gone.
    """
    weights = weights_of(tested_model(companion, trained))
    return Network(trained, trained.hyperparameters(companion.space), weights)


def tested_model(companion: Study, trained: TrialRecord) -> Path:
    """The file of a model that is tested.

    Raises:
        InputError: it is gone.
    """
    kept = kept_model(companion, trained)
    if kept is None or not kept.is_file():
        option = companion.url.option
        raise InputError(
            f"the model of trial {trained.number} of study '{companion.name}', {kept or 'its file'}, is gone; "
            f"restore it from a copy, or call `perceptuna delete {companion.name}{option}` and then this command, "
            "which trains it anew"
        )
    return kept


def _fingerprint(hyperparameters: str, metric: str, weights: list[Array]) -> str:
    """Of a trained network and what it is judged by: 64 hexadecimal digits."""
    digest = hashlib.sha256(f"{metric} {hyperparameters}".encode())
    for array in weights:
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
