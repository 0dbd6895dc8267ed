"""What `finalize` was asked for: checked before anything is written, and the trainings that it takes."""

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
from search.conclusion.confirmation.record import read_conclusion
from search.conclusion.trainings import Purpose, fresh_seeds
from search.errors import InputError
from search.models.export import ModelFacts, check_output
from search.study.look import Look
from search.study.planned_trial import PlannedTrial
from search.study.record_of_looks import looks
from search.study.study import Study
from search.study.unchanged import unchanged_data
from spaces import DataKind
from storage import StudyBusy, is_driven

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.settings.settings import StudySettings

COMMAND = "finalize"
# Networks of tables are small, and their means are better by more than a search finds.
_USUAL_ENSEMBLE: dict[DataKind, int] = {"image": 1, "vector": 5, "table": 5}


def usual_ensemble(kind: DataKind) -> int:
    """How many networks of the winner are averaged where the user does not say."""
    return _USUAL_ENSEMBLE[kind]


@dataclass(frozen=True, kw_only=True)
class FinalizeOrder(Order):
    """The best `top` of the search are candidates; `output` is the model file to write, with `force` over another.

    `ensemble` is how many networks of the winner are averaged in it, where that is better; 1 for one alone.
    """

    output: Path
    top: int
    ensemble: int = 1
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
    last_seeds: list[int]
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
    last_seeds = fresh_seeds(study, Purpose.TEST, order.ensemble)

    def ours(facts: ModelFacts) -> bool:
        return _concluded_before(facts, study, candidates, seeds, last_seeds)

    check_output(order.output, force=order.force, ours=ours)
    settings = long_enough(settings, [one.trial for one in candidates])
    return Finalizing(
        study=study,
        order=order,
        settings=settings,
        data=unchanged_data(study, settings),
        candidates=candidates,
        seeds=seeds,
        last_seeds=last_seeds,
        companion=companion,
    )


def _concluded_before(
    facts: ModelFacts, study: Study, candidates: list[Candidate], seeds: list[int], last_seeds: list[int]
) -> bool:
    """Whether these are of the conclusion that this command comes to again, as after a kill."""
    kept = read_conclusion(study)
    if kept is None or facts.get("conclusion") != json.loads(kept.model_dump_json()):
        return False
    compared = {standing.trial for standing in kept.standings} | set(kept.dropped)
    averaged = last_seeds if len(last_seeds) > 1 else []
    same = kept.seeds == seeds and kept.averaged_seeds == averaged
    return same and compared == {one.number for one in candidates}


def looks_before(work: Finalizing) -> list[Look]:
    """Those at the test split that one more would be added to; none where this command has had its look."""
    found, companion = looks(work.study), work.companion.load()
    if companion is not None:
        trained = _to_be_tested_now(work, companion)
        if any(
            look.companion_identity == companion.identity and _is_of(work, look, trained) for look in found
        ):
            return []
    return found


def _to_be_tested_now(work: Finalizing, companion: Study) -> tuple[int, ...]:
    """The trials of the companion whose models are tested, where all trainings are there already; else none."""
    there = ended(companion)
    if left_of(confirming(work), there):
        return ()
    result = standings_of(work.study, companion, work.candidates, work.seeds)
    plans = last_trainings(work, winner_of(work, result))
    if left_of(plans, there):
        return ()
    return tuple(there[plan].number for plan in plans if there[plan].state.name == "COMPLETE")


def _is_of(work: Finalizing, look: Look, trained: tuple[int, ...]) -> bool:
    """Whether `look` is at what this command tests: the mean of `trained` or, where that is no better, the first."""
    if look.members or len(trained) < 2:
        return trained[:1] == (look.trained,) and look.members in ((), trained) and len(trained) != 0
    kept = read_conclusion(work.study)
    alone = kept is not None and kept.averaged_seeds == work.last_seeds and kept.tested_together == 1
    return alone and look.trained == trained[0]


def confirming(work: Finalizing) -> list[PlannedTrial]:
    """The trainings to compare by, seed by seed: an interruption leaves all candidates equally far."""
    return [one.on_seed(seed) for seed in work.seeds for one in work.candidates]


def winner_of(work: Finalizing, result: Standings) -> Candidate:
    """The candidate that won."""
    return next(one for one in work.candidates if one.number == result.race.winner)


def last_trainings(work: Finalizing, winner: Candidate) -> list[PlannedTrial]:
    """Those whose models are kept: one that is tested, or several that are averaged."""
    return [winner.to_be_tested(seed) for seed in work.last_seeds]
