"""Several trainings of the winner, averaged: tested in place of one where their mean is better on validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from search.conclusion.confirmation.tested import Tested, network_of
from search.models.intervals import intervals_of_outputs

if TYPE_CHECKING:
    from search.conclusion.ensemble.judging import Array, Judge
    from search.conclusion.ensemble.record import Ensemble
    from search.data import PreparedData
    from search.study.study import Study
    from search.study.trial_record import TrialRecord


def mean_of_folds(
    study: Study,
    companion: Study,
    trained: Sequence[TrialRecord],
    data: PreparedData,
    winner: int,
    *,
    calibrate: bool = False,
) -> tuple[Ensemble, Tested]:
    """The mean of `trained`, kept trials of `companion` that train configuration `winner` on folds, as it is tested.

    To `calibrate`, the rows of all folds fit one temperature, each answered by the network that did not see it.

    Raises:
        InputError: a kept model is gone.
    """
    from search.data import fold_of
    from search.machine.tensorflow_start import start_tensorflow

    start_tensorflow(study.settings.threads)
    from search.conclusion.ensemble.comparing import of_folds
    from search.conclusion.ensemble.judging import Judge

    networks, metric = [network_of(companion, one) for one in trained], study.metric.removeprefix("val_")
    outputs, judges = [], []
    for one, network in zip(trained, networks, strict=True):
        assert one.planned is not None
        assert one.planned.fold is not None
        of = one.planned.fold
        fold = fold_of(data, of.number, of.of, all_rows=of.all_rows)
        x, y = fold.validation()
        outputs.append(network.outputs(data.spec, x))
        judges.append(Judge(np.asarray(y), data.spec, metric, fold.validation_weights()))
    seeds = [one.training_seed(study.settings.seed) for one in trained]
    tested = _fitted(
        Tested(networks, of_folds=True), np.concatenate(outputs), Judge.of_all(judges), calibrate=calibrate
    )
    return of_folds(winner, seeds, outputs, judges), tested


def averaged_or_alone(
    study: Study,
    companion: Study,
    trained: Sequence[TrialRecord],
    data: PreparedData,
    winner: int,
    *,
    calibrate: bool = False,
) -> tuple[Ensemble | None, Tested]:
    """What is to be tested of `trained`, kept trials of `companion` that train configuration `winner` of `study`.

    All of them, averaged, where that is better than the first alone on the validation rows; else the first. No rows
    chose the members, so those rows tell what averaging gains as other rows would. The ensemble is None where there is
    one training alone. To `calibrate`, the validation rows fit a temperature of what is to be tested.

    Raises:
        InputError: a kept model is gone.
    """
    from search.machine.tensorflow_start import start_tensorflow

    start_tensorflow(study.settings.threads)
    from search.conclusion.ensemble.comparing import of_equal_weight
    from search.conclusion.ensemble.judging import Judge
    from search.training.averaging import averaged_outputs
    from search.training.decision import is_decided

    networks = [network_of(companion, one) for one in trained]
    x, y = data.validation()
    judge = Judge(y, data.spec, study.metric.removeprefix("val_"), data.validation_weights())
    task = data.spec.task
    needs_no_outputs = task != "regression" and not is_decided(judge.metric, task) and not calibrate
    if len(networks) == 1 and needs_no_outputs:
        return None, Tested(networks)
    outputs = [network.outputs(data.spec, x) for network in networks]

    def tested(count: int) -> Tested:
        together = outputs[0] if count == 1 else averaged_outputs(outputs, [1 / count] * count, task)
        return _fitted(Tested(networks[:count]), together, judge, calibrate=calibrate)

    if len(networks) == 1:
        return None, tested(1)
    seeds = [one.training_seed(study.settings.seed) for one in trained]
    ensemble = of_equal_weight([winner] * len(trained), seeds, outputs, judge)
    return ensemble, tested(len(networks) if ensemble.kept else 1)


def _fitted(tested: Tested, outputs: Array, judge: Judge, *, calibrate: bool) -> Tested:
    """With all that rows fit of what is tested, whose `outputs` for them are (rows, units)."""
    calibration = None
    if calibrate:
        from search.conclusion.calibration.fitting import calibration_of

        calibration = calibration_of(outputs, judge)
        if calibration.kept:
            outputs = outputs / calibration.temperature
    intervals = intervals_of_outputs(outputs, np.asarray(judge.y), judge.spec)
    return replace(tested, decision=judge.decision(outputs), intervals=intervals, calibration=calibration)
