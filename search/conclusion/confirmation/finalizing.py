"""From a search to a conclusion: the top few on fresh seeds, the winner once more, one look at the test split."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from search.conclusion.companion import Companion, Order, ended, left_of, long_enough, settings_about
from search.conclusion.confirmation.candidates import (
    Candidate,
    Standings,
    standings_of,
    top_candidates,
)
from search.conclusion.confirmation.opening import look_at_test_split, tested_model
from search.conclusion.confirmation.record import Conclusion, read_conclusion, write_conclusion
from search.conclusion.statistics.race import selection_cost
from search.conclusion.trainings import Purpose, fresh_seeds, why_not
from search.errors import InputError, StudyStopped
from search.models.export import ModelFacts, check_output, facts_of, write_model
from search.study.look import Look
from search.study.planned_trial import PlannedTrial
from search.study.record_of_looks import looks
from search.study.study import Study
from search.study.unchanged import unchanged_data
from storage import StudyBusy, is_driven

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.driving.dispatcher import Listeners
    from search.settings.settings import StudySettings
    from search.study.trial_record import TrialRecord

COMMAND = "finalize"


@dataclass(frozen=True, kw_only=True)
class FinalizeOrder(Order):
    """The best `top` of the search are candidates; `output` is the model file to write, with `force` over another."""

    output: Path
    top: int
    force: bool = False


@dataclass(frozen=True)
class Finalizing:
    """A study to be finalized: checked, its data at hand, and nothing written yet."""

    study: Study
    order: FinalizeOrder
    settings: StudySettings
    data: PreparedData
    candidates: list[Candidate]
    seeds: list[int]
    last_seed: int
    companion: Companion


def check(study: Study, order: FinalizeOrder) -> Finalizing:
    """All that can be refused, before anything is written.

    Raises:
        InputError: the study is a companion itself or has no complete trial, the output cannot be written or is
            there already, or the data changed.
        StudyBusy: the study is being driven, or finalized.
    """
    option = study.url.option
    settings = settings_about(study, COMMAND, order, f" -o {shlex.quote(str(order.output))}")
    if study.best_trial() is None:
        raise InputError(
            f"study '{study.name}' has no complete trial yet, so there is nothing to finalize; "
            f"go on with it: `{study.go_on}`"
        )
    companion = Companion(study, COMMAND, order.go_on)
    for name in (study.name, companion.name):
        if is_driven(study.url, name):
            raise StudyBusy(
                f"study '{name}' is being driven; wait for its end, or ask for it by `perceptuna stop {name}{option}`"
            )
    companion.load()
    candidates = top_candidates(study, order.top)
    seeds = fresh_seeds(study, Purpose.CONFIRMATION, order.seeds)
    check_output(
        order.output, force=order.force, ours=lambda facts: _concluded_before(facts, study, candidates, seeds)
    )
    settings = long_enough(settings, [one.trial for one in candidates])
    (last,) = fresh_seeds(study, Purpose.TEST, 1)
    return Finalizing(
        study=study,
        order=order,
        settings=settings,
        data=unchanged_data(study, settings),
        candidates=candidates,
        seeds=seeds,
        last_seed=last,
        companion=companion,
    )


def _concluded_before(facts: ModelFacts, study: Study, candidates: list[Candidate], seeds: list[int]) -> bool:
    """Whether these are of the conclusion that this command comes to again, as after a kill."""
    kept = read_conclusion(study)
    if kept is None or facts.get("conclusion") != json.loads(kept.model_dump_json()):
        return False
    compared = {standing.trial for standing in kept.standings} | set(kept.dropped)
    return kept.seeds == seeds and compared == {one.number for one in candidates}


def looks_before(work: Finalizing) -> list[Look]:
    """Those at the test split that one more would be added to; none where this command has had its look."""
    found, companion = looks(work.study), work.companion.load()
    if companion is not None and (tested := _to_be_tested_now(work, companion)) is not None:
        which = companion.identity, tested
        if any((look.companion_identity, look.trained) == which for look in found):
            return []
    return found


def _to_be_tested_now(work: Finalizing, companion: Study) -> int | None:
    """The trial of the companion whose model is tested, where all trainings are there already."""
    there = ended(companion)
    if left_of(_confirming(work), there):
        return None
    result = standings_of(work.study, companion, work.candidates, work.seeds)
    trained = there.get(_winner(work, result).to_be_tested(work.last_seed))
    return None if trained is None else trained.number


def _confirming(work: Finalizing) -> list[PlannedTrial]:
    """Seed by seed: an interruption leaves all candidates equally far."""
    return [one.on_seed(seed) for seed in work.seeds for one in work.candidates]


def _winner(work: Finalizing, result: Standings) -> Candidate:
    return next(one for one in work.candidates if one.number == result.race.winner)


def finalize(work: Finalizing, listeners: Listeners) -> Conclusion | None:
    """Carry it out; None where it was interrupted, and the same command goes on with it.

    Raises:
        StudyStopped: no candidate could be trained on every seed, or the winner could not be trained once more.
    """
    study, name = work.study, work.companion.name
    listeners.said(
        f"confirming the best {len(work.candidates)} of study '{study.name}' on {len(work.seeds)} fresh seeds each, "
        f"in study '{name}'"
    )
    companion = _trained(work, _confirming(work), listeners)
    if companion is None:
        return None
    result = standings_of(study, companion, work.candidates, work.seeds)
    winner = _winner(work, result)
    last = winner.to_be_tested(work.last_seed)
    listeners.said(f"training trial {winner.number} once more, on another seed, to be tested")
    companion = _trained(work, [last], listeners)
    if companion is None:
        return None
    trained = ended(companion)[last]
    if trained.state.name != "COMPLETE":
        raise StudyStopped(
            f"trial {winner.number} could not be trained once more (trial {trained.number} of study '{name}' ended "
            f"without a value: {why_not(trained)}); the test split was not opened. The same command "
            "tries it again"
        )
    look = look_at_test_split(study, companion, trained, work.data, winner.number, listeners.said)
    conclusion = _conclusion(work, result, trained, look)
    write_conclusion(study, conclusion)
    facts = {
        **facts_of(companion, trained),
        "study": study.name,
        "trial": winner.number,
        "trained_as": {"study": name, "trial": trained.number},
        "conclusion": conclusion.model_dump(mode="json"),
    }
    write_model(work.order.output, facts, tested_model(companion, trained))
    return conclusion


def _trained(work: Finalizing, plans: list[PlannedTrial], listeners: Listeners) -> Study | None:
    """The companion when all of `plans` have ended; None where it was interrupted before."""
    finish = work.companion.carry_out(plans, work.settings, work.data, listeners, work.order.cluster)
    return finish.study if finish.ending == "budget" else None


def _conclusion(work: Finalizing, result: Standings, trained: TrialRecord, look: Look) -> Conclusion:
    study, winner = work.study, result.race.winner
    standing = next(standing for standing in result.standings if standing.trial == winner)
    assert look.value is not None  # it has been opened
    of_search, of_validation = selection_cost(standing.search, standing.mean, look.value, study.direction)
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
        final_trial=trained.number,
        final_validation=float(trained.value or 0.0),
        test=look,
        cost_of_search=of_search,
        cost_of_validation=of_validation,
        searched=len(study.finished()),
    )
