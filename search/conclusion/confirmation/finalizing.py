"""From a search to a conclusion: the top few on fresh seeds, the winner once more, one look at the test split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.conclusion.companion import ended
from search.conclusion.confirmation.averaging import averaged_or_alone, mean_of_folds
from search.conclusion.confirmation.candidates import Candidate, Standings, called, standings_of
from search.conclusion.confirmation.finalize_order import Finalizing
from search.conclusion.confirmation.opening import look_at_test_split, write_folds_of_all_rows
from search.conclusion.confirmation.planned import confirming, last_trainings, on_all_rows, winner_of
from search.conclusion.confirmation.record import Conclusion, write_conclusion
from search.conclusion.confirmation.tested import Tested, tested_model
from search.conclusion.ensemble.words import cost_sentence, of_all_rows
from search.conclusion.statistics.race import selection_cost
from search.conclusion.trainings import why_not
from search.errors import StudyStopped
from search.models.export import facts_of, with_intervals, write_model
from search.models.threshold import with_threshold
from search.text.formats import duration

if TYPE_CHECKING:
    import keras

    from search.conclusion.calibration.fitting import Calibration
    from search.conclusion.ensemble.record import Ensemble
    from search.driving.dispatcher import Listeners
    from search.study.look import Look
    from search.study.planned_trial import PlannedTrial
    from search.study.study import Study
    from search.study.trial_record import TrialRecord
    from search.training.decision import Decision


def finalize(work: Finalizing, listeners: Listeners) -> Conclusion | None:
    """Carry it out; None where it was interrupted, and the same command goes on with it.

    Raises:
        StudyStopped: no candidate could be trained on every seed, or the winner could not be trained once more.
    """
    study, name = work.study, work.companion.name
    seeds = f"{len(work.seeds)} fresh seeds each"
    listeners.said(f"confirming {called(study, work.candidates)} on {seeds}, in study '{name}'")
    companion = _trained(work, confirming(work), listeners)
    if companion is None:
        return None
    result = standings_of(study, companion, work.candidates, work.seeds)
    winner = winner_of(work, result)
    plans = last_trainings(work, winner)
    listeners.said(_last_said(winner, companion, plans, work.folds))
    companion = _trained(work, plans, listeners)
    if companion is None:
        return None
    trained = _with_values(winner, companion, plans, listeners)
    of_trained = mean_of_folds if work.folds else averaged_or_alone
    ensemble, tested = of_trained(
        study, companion, trained, work.data, winner.number, calibrate=work.calibrate
    )
    look = look_at_test_split(study, companion, tested, work.data, winner.number, listeners.said)
    conclusion = _conclusion(work, result, tested, look, ensemble)
    write_conclusion(study, conclusion)
    if not work.order.all_rows:
        _write(work, companion, conclusion, ensemble, tested, listeners)
        return conclusion
    again = _on_all_rows(work, winner, look, listeners)
    if again is None:
        return None
    _write(work, companion, conclusion, *again, listeners)
    return conclusion


def _on_all_rows(
    work: Finalizing, winner: Candidate, look: Look, listeners: Listeners
) -> tuple[Ensemble, Tested] | None:
    """The mean that is written in place of the tested one; None where it was interrupted."""
    plans, rows = on_all_rows(work, winner), work.data.spec.rows
    of = f"{len(plans)} folds of all {rows.train + rows.validation + rows.test:,} rows"
    listeners.said(f"training trial {winner.number} on {of}, test rows too: their mean is written, untested")
    write_folds_of_all_rows(work.data, len(plans), look)
    companion = _trained(work, plans, listeners)
    if companion is None:
        return None
    trained = _with_values(winner, companion, plans, listeners)
    ensemble, mean = mean_of_folds(
        work.study, companion, trained, work.data, winner.number, calibrate=work.calibrate
    )
    for sentence in of_all_rows(ensemble, work.study.metric):
        listeners.said(sentence)
    return ensemble, mean


def _last_said(winner: Candidate, companion: Study, plans: list[PlannedTrial], folds: bool) -> str:
    if len(plans) == 1:
        return f"training trial {winner.number} once more, on another seed, to be tested"
    again = [trial.seconds for plan, trial in ended(companion).items() if plan.label == winner.again.label]
    took = [seconds for seconds in again if seconds is not None]
    about = f", about {duration(sum(took) / len(took))} each" if took else ""
    if folds:
        return (
            f"training trial {winner.number} on {len(plans)} folds of the training and validation rows{about}: "
            "their mean is tested"
        )
    return (
        f"training trial {winner.number} on {len(plans)} other seeds{about}: their mean is tested where it is better "
        "on the validation rows than the first alone"
    )


def _with_values(
    winner: Candidate, companion: Study, plans: list[PlannedTrial], listeners: Listeners
) -> list[TrialRecord]:
    """The trainings of `plans`, the first of which is tested where no mean is. Others that diverged are left out.

    Raises:
        StudyStopped: the first, or one that failed, has no value.
    """
    there = ended(companion)
    trained = [there[plan] for plan in plans]
    without = [one for one in trained if one.state.name != "COMPLETE"]
    for one in without:
        ended_so = f"(trial {one.number} of study '{companion.name}' ended without a value: {why_not(one)})"
        if one is trained[0] or one.state.name == "FAIL":
            before = one.planned is None or one.planned.fold is None or not one.planned.fold.all_rows
            looked = (
                "; the test split was not opened"
                if before
                else "; what the test said of the mean before stands"
            )
            raise StudyStopped(
                f"trial {winner.number} could not be trained once more {ended_so}{looked}. The same command tries it "
                "again"
            )
        what = "seeds" if one.planned is None or one.planned.fold is None else "folds"
        listeners.said(f"one of the {len(plans)} {what} is left out {ended_so}")
    return [one for one in trained if one not in without]


def _write(
    work: Finalizing,
    companion: Study,
    conclusion: Conclusion,
    ensemble: Ensemble | None,
    tested: Tested,
    listeners: Listeners,
) -> None:
    """The model that was tested, or that of all rows in its place, and its facts."""
    name, trained = companion.name, tested.trained
    facts = {
        **facts_of(companion, trained),
        "study": work.study.name,
        "trial": conclusion.winner,
        "trained_as": {"study": name, "trial": trained.number},
        "conclusion": conclusion.model_dump(mode="json"),
    }
    calibration, decision = conclusion.calibration, conclusion.decision
    if work.order.all_rows:
        facts["all_rows"] = True
        calibration, decision = tested.calibration, tested.decision
    facts = with_intervals(with_threshold(facts, decision or conclusion.test.threshold), tested.intervals)
    temperature = 1.0
    if calibration is not None:
        facts["calibration"] = calibration.model_dump(mode="json")
        temperature = calibration.temperature if calibration.kept else 1.0
    if ensemble is None or not ensemble.kept:
        alone = tested_model(companion, trained) if temperature == 1 else _divided(tested, work, temperature)
        write_model(work.order.output, facts, alone)
        return
    common = {told: facts[told] for told in facts if told not in ("trained_as", "training")}
    of_each = [(one.trial, facts_of(companion, one.trial)["training"]) for one in tested.networks]
    members = [
        {"trained_as": {"study": name, "trial": trial.number}, "training": training}
        for trial, training in of_each
    ]
    from search.conclusion.ensemble.writing import write_ensemble

    networks = list(tested.networks)
    cost = write_ensemble(work.order.output, common, ensemble, members, networks, work.data, temperature)
    listeners.said(cost_sentence(cost))


def _divided(tested: Tested, work: Finalizing, temperature: float) -> keras.Model:
    """The one network that was tested, with preprocessing, its logits divided."""
    from search.data import attach_preprocessing
    from search.training.keras_form.calibrated import calibrated_model

    spec = work.data.spec
    return attach_preprocessing(
        calibrated_model(tested.networks[0].model(spec), temperature, spec.task), spec
    )


def _trained(work: Finalizing, plans: list[PlannedTrial], listeners: Listeners) -> Study | None:
    """The companion when all of `plans` have ended; None where it was interrupted before."""
    finish = work.companion.carry_out(plans, work.settings, work.data, listeners, work.order.cluster)
    return finish.study if finish.ending == "budget" else None


def _conclusion(
    work: Finalizing, result: Standings, tested: Tested, look: Look, ensemble: Ensemble | None
) -> Conclusion:
    study, winner = work.study, result.race.winner
    standing = next(standing for standing in result.standings if standing.trial == winner)
    assert look.value is not None  # it has been opened
    averaged = 1 if ensemble is None else len(ensemble.members)
    together = ensemble.value if ensemble is not None and ensemble.kept else None
    decision = tested.decision if tested.decision and look.threshold == tested.decision.used else None
    calibration = tested.calibration
    if calibration is not None and calibration.kept and look.temperature is not None:
        # As the look was opened with: rows fit it once more here, on a processor that may add otherwise.
        calibration = calibration.model_copy(update={"temperature": look.temperature})
    fitted = _of_fitted(calibration, decision)
    before_test = (standing.mean if together is None else together) if fitted is None else fitted
    of_search, _ = selection_cost(standing.search, standing.mean, look.value, study.direction)
    _, of_validation = selection_cost(standing.search, before_test, look.value, study.direction)
    return Conclusion(
        metric=study.metric,
        direction=study.direction,
        seeds=work.seeds,
        standings=result.standings,
        dropped=result.dropped,
        by_rows=result.by_rows,
        leader=result.race.leader,
        winner=winner,
        companion=work.companion.name,
        final_trial=tested.trained.number,
        final_validation=_final_validation(tested, together) if fitted is None else fitted,
        test=look,
        cost_of_search=of_search,
        cost_of_validation=of_validation,
        searched=len(study.finished()),
        ensemble=ensemble,
        networks=len(work.last_seeds) if averaged < len(work.last_seeds) else None,
        decision=decision,
        calibration=calibration,
    )


def _of_fitted(calibration: Calibration | None, decision: Decision | None) -> float | None:
    """The metric on rows that fit neither threshold nor temperature; None where nothing that moves it was kept."""
    if decision is not None and decision.kept and decision.elsewhere is not None:
        return decision.elsewhere
    return calibration.value if calibration is not None and calibration.moves else None


def _final_validation(tested: Tested, together: float | None) -> float:
    return float(tested.trained.value or 0.0) if together is None else together
