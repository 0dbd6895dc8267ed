"""The top few of a study, the fresh seeds they are trained on, and how they stand afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from search.conclusion.companion import ended
from search.conclusion.confirmation.record import Standing, read_conclusion
from search.conclusion.statistics.intervals import mean_of
from search.conclusion.statistics.race import Race, Rival, race
from search.conclusion.trainings import failure_of, mean_scores, parameters_of, values_of
from search.errors import StudyStopped
from search.study.planned_trial import Fold, PlannedTrial
from search.text.formats import plural

if TYPE_CHECKING:
    from search.study.study import Study
    from search.study.trial_record import TrialRecord


@dataclass(frozen=True, eq=False)
class Candidate:
    """A trial of the search, and how to train its configuration again."""

    trial: TrialRecord
    what: str
    again: PlannedTrial

    @property
    def number(self) -> int:
        return self.trial.number

    @classmethod
    def of(cls, study: Study, trial: TrialRecord) -> Candidate:
        epochs, patience = trial.limits(study.settings)
        again = PlannedTrial(
            label=f"trial {trial.number} again",
            hyperparameters=trial.hyperparameters(study.space),
            epochs=epochs,
            patience=patience,
            outside=trial.planned is not None and trial.planned.outside,
        )
        return cls(trial, trial.describe(study.space), again)

    def on_seed(self, seed: int) -> PlannedTrial:
        """The training to compare by."""
        return self.again.model_copy(update={"seed": seed, "keep_scores": True})

    def to_be_tested(self, seed: int, fold: Fold | None = None) -> PlannedTrial:
        """The training whose model is kept: tested alone, or averaged with those of other seeds or folds."""
        return self._kept(f"trial {self.number} once more, to be tested", seed, fold)

    def on_all_rows(self, seed: int, fold: Fold) -> PlannedTrial:
        """The training on a fold of all rows, averaged with those of the others."""
        return self._kept(f"trial {self.number} on all rows", seed, fold)

    def _kept(self, label: str, seed: int, fold: Fold | None) -> PlannedTrial:
        what = {"label": label, "seed": seed, "keep_model": True, "fold": fold}
        return self.again.model_copy(update=what)


def top_candidates(study: Study, top: int) -> list[Candidate]:
    """The best `top` configurations, each once, best first; fewer where the study has fewer.

    Of several aims those of the front that are best in the first.
    """
    found: dict[PlannedTrial, Candidate] = {}
    for trial in study.front() if study.has_several_aims else study.ranked():
        candidate = Candidate.of(study, trial)
        same = candidate.again.model_copy(update={"label": "", "outside": False})
        found.setdefault(same, candidate)
        if len(found) == top:
            break
    return list(found.values())


def called(study: Study, candidates: Sequence[Candidate]) -> str:
    """`the best 5 of study 'first'`; of several aims they are trials of the front."""
    if not study.has_several_aims:
        return f"the best {len(candidates)} of study '{study.name}'"
    of_front = f"{plural(len(candidates), 'trial')} of the front of study '{study.name}'"
    return of_front if len(candidates) == len(study.front()) else f"{of_front}, the best in {study.metric},"


@dataclass(frozen=True)
class Standings:
    """Candidates that were trained to an end on every seed, best mean first, and why the others were not."""

    race: Race[int]
    standings: list[Standing]
    dropped: dict[int, str]
    by_rows: bool


def standings_of(study: Study, companion: Study, candidates: list[Candidate], seeds: list[int]) -> Standings:
    """Compare candidates by their trainings in `companion`.

    A candidate that failed or diverged on one seed is dropped. What was concluded of the same trainings before stays:
    an earlier program may have let another one win, which was tested.

    Raises:
        StudyStopped: all were dropped.
    """
    there = ended(companion)
    runs: dict[Candidate, dict[int, TrialRecord]] = {}
    dropped: dict[int, str] = {}
    for candidate in candidates:
        of_seeds = {seed: there[candidate.on_seed(seed)] for seed in seeds}
        if failure := failure_of(of_seeds):
            dropped[candidate.number] = failure
        else:
            runs[candidate] = of_seeds
    if not runs:
        first = candidates[0].number
        raise StudyStopped(
            f"none of the {len(candidates)} candidates could be trained on every seed (trial {first}: "
            f"{dropped[first]}); see all with `perceptuna show {companion.name}{study.url.option}`. The same command "
            "tries what failed again"
        )
    rows = _scores(companion, runs)
    # Of these trainings: the search's model may be of other data.
    sizes = {one.number: parameters_of(of) or 0 for one, of in runs.items()}
    result = race({one.number: values_of(of) for one, of in runs.items()}, sizes, study.direction, rows)
    kept = read_conclusion(study)
    if kept and kept.seeds == seeds and {one.trial for one in kept.standings} == sizes.keys():
        result = replace(result, winner=kept.winner)
    by_number = {one.number: (one, of) for one, of in runs.items()}
    order = [result.leader, *(rival.name for rival in result.rivals)]
    rivals = {rival.name: rival for rival in result.rivals}
    standings = [_standing(*by_number[number], sizes[number], rivals.get(number)) for number in order]
    return Standings(result, standings, dropped, bool(rows))


def _scores(companion: Study, runs: Mapping[Candidate, Mapping[int, TrialRecord]]) -> dict[int, list[float]]:
    """Each validation row's score over the seeds; of all candidates or, where some lack them, of none."""
    found = {candidate.number: mean_scores(companion, of_seeds) for candidate, of_seeds in runs.items()}
    kept = {number: scores for number, scores in found.items() if scores is not None}
    return kept if len(kept) == len(found) else {}


def _standing(
    candidate: Candidate, runs: Mapping[int, TrialRecord], parameters: int, rival: Rival[int] | None
) -> Standing:
    values = values_of(runs)
    mean = mean_of(list(values.values()))
    behind: dict[str, Any] = {}
    if rival is not None:
        behind = {
            "behind": rival.over_seeds.mean,
            "behind_over_seeds": rival.over_seeds.interval,
            "behind_over_rows": rival.over_rows and rival.over_rows.interval,
            "p": rival.p,
            "tied": rival.tied,
        }
    return Standing(
        trial=candidate.number,
        what=candidate.what,
        parameters=parameters,
        search=float(candidate.trial.value or 0.0),
        values=values,
        mean=mean.mean,
        deviation=mean.deviation,
        interval=mean.interval,
        **behind,
    )
