"""`export --calibrate` and `--threshold METRIC`: a trial's network with what its validation rows fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from search.conclusion.calibration.fitting import calibration_of
from search.conclusion.calibration.possible import why_not_calibrated
from search.conclusion.calibration.words import sentences
from search.conclusion.ensemble.exporting import export_ensemble, kept_weights, weights_again
from search.conclusion.ensemble.judging import Judge
from search.conclusion.ensemble.network import Network
from search.errors import InputError, StudyStopped
from search.machine.tensorflow_start import start_tensorflow
from search.models.export import (
    check_output,
    export_model,
    exported_before,
    facts_of,
    refuse_folds,
    write_model,
)
from search.models.saved_model import model_of_study, open_model
from search.models.threshold import threshold_of, with_threshold
from search.models.validation_answers import other_rows
from search.models.within import smallest_within
from search.study.unchanged import unchanged_data
from search.training.network.logits import logits_of

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.models.threshold import Threshold
    from search.study.study import Study
    from search.study.trial_record import TrialRecord
    from search.training.decision import Decision

Say = Callable[[str], None]


def export(
    study: Study,
    output: Path,
    *,
    trial: int | None = None,
    ensemble: int | None = None,
    calibrate: bool = False,
    threshold: str | None = None,
    within: float | None = None,
    refit: bool | None = None,
    force: bool = False,
    say: Say = lambda remark: None,
) -> tuple[Path, Path]:
    """Write a model and its facts: of one network, of the mean of up to `ensemble`, or of one that is calibrated.

    The network is that of the best trial, of `trial`, or of the smallest one `within` so much of the best, as
    `smallest_within` has it.

    Raises:
        InputError: as `export_model`; or what is asked for does not go together.
    """
    wanted = None if threshold is None else threshold_of(threshold, study)
    if within is not None:
        if trial is not None or ensemble is not None:
            raise InputError("--within: chooses one trial itself; leave out --trial and --ensemble")
        found = smallest_within(study, within)
        say(found.words())
        trial = found.chosen.number
    if ensemble is not None:
        if calibrate:
            raise InputError("--calibrate: one network is calibrated; leave out --ensemble")
        if trial is not None:
            raise InputError("--ensemble: the networks are chosen among the best trials; leave out --trial")
        _refuse_refit(refit, "--ensemble", "networks are chosen by validation rows")
        return export_ensemble(study, output, ensemble, say=say, force=force, threshold=wanted)
    if isinstance(wanted, str) and study.settings.folds is not None and not calibrate:
        fitted = _fitted_by_folds(study, trial, wanted)
        return export_model(study, output, trial, say=say, force=force, threshold=fitted, refit=refit)
    if calibrate or isinstance(wanted, str):
        option = "--calibrate" if calibrate else f"--threshold {threshold}"
        _refuse_refit(refit, option, "validation rows fit it")
        return export_fitted(
            study, output, trial, say=say, force=force, calibrate=calibrate, threshold=wanted
        )
    return export_model(study, output, trial, say=say, force=force, threshold=wanted, refit=refit)


def _refuse_refit(refit: bool | None, option: str, what: str) -> None:
    if refit:
        raise InputError(f"--refit and {option}: {what}, and a refit leaves none; leave one of them out")


def export_fitted(
    study: Study,
    output: Path,
    trial: int | None,
    say: Say = lambda remark: None,
    *,
    force: bool = False,
    calibrate: bool = False,
    threshold: Threshold | None = None,
) -> tuple[Path, Path]:
    """As `export_model`, with what validation rows fit, where it is better on rows that did not fit it.

    To `calibrate` a temperature, in the model; the facts have it under `calibration`, and the study's metric as the
    trial reached it. For the `threshold`, see `export_ensemble`; it is of the probabilities that the model answers.

    Raises:
        InputError: as `export_model`; or the data is not what the study was started with, a regression, or of
            several labels.
    """
    if calibrate and (why := why_not_calibrated(study.data)):
        raise InputError(f"--calibrate: study '{study.name}' {why}; leave it out")
    refuse_folds(study, "--calibrate" if calibrate else "--threshold METRIC")
    check_output(output, force=force, ours=lambda facts: exported_before(facts, study))
    chosen = study.complete_trial(trial)
    data = unchanged_data(study, study.settings)
    start_tensorflow(study.settings.threads)
    network = _network(study, chosen, data, say)
    x, y = data.validation()
    outputs, model, facts = network.outputs(data.spec, x), network.model(data.spec), facts_of(study, chosen)
    judge = Judge(y, data.spec, study.metric.removeprefix("val_"), data.validation_weights())
    if calibrate:
        found = calibration_of(outputs, judge)
        for line in sentences(found):
            say(line)
        facts["calibration"] = found.model_dump(mode="json")
        if found.kept:
            from search.training.keras_form.calibrated import calibrated_model

            model = calibrated_model(model, found.temperature, data.spec.task)
            outputs = outputs / found.temperature
    facts = with_threshold(facts, judge.threshold_for(outputs, threshold, say))
    from search.data import attach_preprocessing

    return write_model(output, facts, attach_preprocessing(model, data.spec))


def _fitted_by_folds(study: Study, trial: int | None, metric: str) -> Decision | None:
    """The threshold that is best by `metric` on the rows of all folds, of the best trial's model, which was kept.

    Raises:
        InputError: that model is not there, or another trial is asked for.
    """
    best = study.complete_trial(None)
    if trial not in (None, best.number):
        raise InputError(
            f"--threshold {metric}: of a study of folds it is fitted for the best trial, {best.number}, alone; leave "
            "out --trial, or name a probability"
        )
    data = unchanged_data(study, study.settings)
    known = other_rows(open_model(model_of_study(study), study.settings.threads), data, study.settings.folds)
    outputs = logits_of(known.answers[:, 1:].astype(np.float64), "binary")
    return Judge(known.y, data.spec, metric, known.weights).decision(outputs, metric)


def _network(study: Study, trial: TrialRecord, data: PreparedData, say: Say) -> Network:
    weights = kept_weights(study, trial)
    if weights is None:
        weights = weights_again(study, trial, data, say)
    if weights is None:
        raise StudyStopped(f"trial {trial.number} diverged when it was trained again")
    return Network(trial, trial.hyperparameters(study.space), weights)
