"""`export --ensemble`: a greedy choice among the best trials of a study, averaged in one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from search.conclusion.ensemble.comparing import chosen_greedily
from search.conclusion.ensemble.judging import Judge
from search.conclusion.ensemble.network import Network
from search.conclusion.ensemble.words import cost_sentence, sentences
from search.conclusion.ensemble.writing import write_ensemble
from search.errors import StudyStopped
from search.models.export import (
    check_output,
    export_model,
    exported_before,
    facts_of,
    refuse_folds,
    with_intervals,
    write_model,
)
from search.models.facts_file import facts_beside
from search.models.intervals import intervals_of_outputs
from search.models.kept_model import kept_model, weights_of
from search.models.replay import retrain
from search.models.threshold import with_threshold
from search.study.unchanged import unchanged_data
from search.text.formats import duration
from search.training.averaging import averaged_outputs

if TYPE_CHECKING:
    from search.conclusion.ensemble.judging import Array
    from search.data import PreparedData
    from search.models.threshold import Threshold
    from search.study.study import Study
    from search.study.trial_record import TrialRecord

LIBRARY = 3
"""Candidates for each network that may be chosen: every one of them is trained again."""

Say = Callable[[str], None]


def export_ensemble(
    study: Study,
    output: Path,
    most: int,
    say: Say = lambda remark: None,
    *,
    force: bool = False,
    threshold: Threshold | None = None,
) -> tuple[Path, Path]:
    """Write a mean of `most` networks at most to `output` (.keras), and its facts to .json.

    Where no mean is better on the validation rows than the best trial alone, that one is written, as `export_model`
    does. The second of two classes is answered above `threshold`, a probability or what is best by a metric; where it
    is None, as the study's metric has it. Killed before the end, it leaves nothing; the trials are then trained again
    once more.

    Raises:
        InputError: as `export_model`; or the data is not what the study was started with.
    """
    refuse_folds(study, "--ensemble")
    check_output(output, force=force, ours=lambda facts: exported_before(facts, study))
    best = study.complete_trial(None)
    candidates = _candidates(study, best, most)
    if len(candidates) == 1 < most:
        say(f"trial {best.number} is the only one that can be averaged, so it is written alone")
    alone = len(candidates) == 1 or most == 1
    if alone and not isinstance(threshold, str):
        return export_model(study, output, say=say, force=force, threshold=threshold)
    networks, data = _trained(study, candidates, say)
    x, y = data.validation()
    judge = Judge(y, data.spec, study.metric.removeprefix("val_"), data.validation_weights())
    outputs = [network.outputs(data.spec, x) for network in networks]
    seeds = [network.trial.training_seed(study.settings.seed) for network in networks]
    ensemble, members = chosen_greedily(networks, seeds, outputs, judge, most)
    for line in sentences(ensemble, study.metric):
        say(line)
    shares = [member.weight for member in ensemble.members]
    together = averaged_outputs([outputs[networks.index(one)] for one in members], shares, data.spec.task)
    answers = together if ensemble.kept else outputs[0]
    facts = with_threshold(facts_of(study, best), judge.threshold_for(answers, threshold, say))
    facts = with_intervals(facts, intervals_of_outputs(answers, y, data.spec))
    if not ensemble.kept:
        from search.data import attach_preprocessing

        return write_model(output, facts, attach_preprocessing(networks[0].model(data.spec), data.spec))
    of_trials = [facts_of(study, network.trial) for network in members]
    more = [{name: of[name] for name in ("hyperparameters", "training")} for of in of_trials]
    common = {name: facts[name] for name in facts if name not in ("trial", "hyperparameters", "training")}
    say(cost_sentence(write_ensemble(output, common, ensemble, more, members, data)))
    return output, facts_beside(output)


def _candidates(study: Study, best: TrialRecord, most: int) -> list[TrialRecord]:
    """The best trials, best first, without those of an earlier study that cannot be trained again here."""
    known = [
        trial
        for trial in study.ranked()
        if trial.number == best.number or trial.adopted is None or trial.adopted.can_be_retrained
    ]
    return known[: LIBRARY * most]


def _trained(study: Study, candidates: list[TrialRecord], say: Say) -> tuple[list[Network], PreparedData]:
    """Networks of the candidates, the best first: of models that were kept, and of trials trained again."""
    from search.machine.tensorflow_start import start_tensorflow

    data = unchanged_data(study, study.settings)
    start_tensorflow(study.settings.threads)
    kept = {trial.number: kept_weights(study, trial) for trial in candidates}
    again = [trial for trial in candidates if kept[trial.number] is None]
    took = duration(sum(trial.seconds or 0.0 for trial in again))
    say(
        f"choosing among the best {len(candidates)} trials of study '{study.name}'; {len(again)} of them are trained "
        f"again, which took the search {took}"
    )
    networks = []
    for trial in candidates:
        weights = kept[trial.number]
        if weights is None:
            weights = weights_again(study, trial, data, say)
        if weights is not None:
            networks.append(Network(trial, trial.hyperparameters(study.space), weights))
    if not networks or networks[0].trial.number != candidates[0].number:
        raise StudyStopped(f"trial {candidates[0].number}, the best, diverged when it was trained again")
    return networks, data


def kept_weights(study: Study, trial: TrialRecord) -> list[Array] | None:
    """Of a trial's model, in Keras's order; None where none was kept or it is gone."""
    kept = kept_model(study, trial)
    return weights_of(kept) if kept is not None and kept.is_file() else None


def weights_again(study: Study, trial: TrialRecord, data: PreparedData, say: Say) -> list[Array] | None:
    """Of a trial trained again; None where it diverges now, on another machine or by another version."""
    result = retrain(study, trial, data=data)
    if not result.best_epoch:
        say(f"trial {trial.number} diverged when it was trained again, and is left out")
        return None
    value = result.history[study.metric][result.best_epoch - 1]
    if value != trial.value:
        say(
            f"trial {trial.number} came out otherwise than in the search: {study.metric} {value} for {trial.value}"
        )
    return result.weights
