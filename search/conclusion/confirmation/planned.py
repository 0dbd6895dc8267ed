"""The trainings that `finalize` takes, and whether the test split was opened for what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.conclusion.companion import ended, left_of
from search.conclusion.confirmation.candidates import Candidate, Standings, standings_of
from search.conclusion.confirmation.record import Conclusion, read_conclusion
from search.study.look import Look
from search.study.planned_trial import Fold, PlannedTrial
from search.study.record_of_looks import looks

if TYPE_CHECKING:
    from search.conclusion.confirmation.finalize_order import Finalizing
    from search.study.study import Study


def confirming(work: Finalizing) -> list[PlannedTrial]:
    """The trainings to compare by, seed by seed: an interruption leaves all candidates equally far."""
    return [one.on_seed(seed) for seed in work.seeds for one in work.candidates]


def winner_of(work: Finalizing, result: Standings) -> Candidate:
    """The candidate that won."""
    return next(one for one in work.candidates if one.number == result.race.winner)


def last_trainings(work: Finalizing, winner: Candidate) -> list[PlannedTrial]:
    """Those whose models are kept: one that is tested, or several that are averaged."""
    if not work.folds:
        return [winner.to_be_tested(seed) for seed in work.last_seeds]
    return [winner.to_be_tested(seed, fold) for seed, fold in _on_folds(work.last_seeds, all_rows=False)]


def on_all_rows(work: Finalizing, winner: Candidate) -> list[PlannedTrial]:
    """Those that are averaged and written after the look, and tested by nothing: on folds of all rows."""
    return [winner.on_all_rows(seed, fold) for seed, fold in _on_folds(work.last_seeds, all_rows=True)]


def _on_folds(seeds: list[int], *, all_rows: bool) -> list[tuple[int, Fold]]:
    return [(seed, Fold(number=at, of=len(seeds), all_rows=all_rows)) for at, seed in enumerate(seeds)]


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
    kept = read_conclusion(work.study)
    if not _is_divided_alike(work, look, kept):
        return False
    if look.members or len(trained) < 2:
        return trained[:1] == (look.trained,) and look.members in ((), trained) and len(trained) != 0
    alone = kept is not None and not work.folds and kept.is_of(work.last_seeds) and kept.tested_together == 1
    return alone and look.trained == trained[0]


def _is_divided_alike(work: Finalizing, look: Look, kept: Conclusion | None) -> bool:
    """Whether logits are divided as in `look`. Where no temperature was better, the networks are those without one."""
    if not work.calibrate:
        return look.temperature in (None, 1.0)
    in_vain = kept is not None and kept.calibration is not None and not kept.calibration.kept
    return look.temperature is not None or in_vain
