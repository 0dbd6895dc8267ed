"""What a reader should know beside the figures: how trials ended, and how much the best value says."""

from __future__ import annotations

from collections import Counter

from search.references.words import standing
from search.settings.chosen_metric import remark_on_accuracy
from search.study.constant_answer import remark_on_constant
from search.study.study import Study
from search.study.trial_record import TrialRecord
from search.text.formats import plural

_REPEATED = 0.5


def remarks(study: Study) -> list[str]:
    """What a reader of the best value should know.

    That one class has most rows, what a constant answer reaches, that few were tried.
    """
    best = study.best_trial()
    told = [remark_on_accuracy(study.metric, study.data)]
    told += [] if best is None or best.value is None else _on_best(study, best.value)
    tried = [trial for trial in study.finished() if trial.params]
    different = len({(repr(sorted(trial.params.items())), trial.planned) for trial in tried})
    if study.companion_of is None and len(tried) > 1 and different <= _REPEATED * len(tried):
        told.append(
            f"Only {plural(different, 'different configuration')} {'was' if different == 1 else 'were'} tried in "
            f"{plural(len(tried), 'trial')}: the space holds few, or the sampler repeats itself. "
            "Widen the space for more."
        )
    return [line for line in told if line]


def _on_best(study: Study, best: float) -> list[str | None]:
    references = study.record.references
    return [remark_on_constant(study, best), standing(best, references, study.metric, study.direction)]


def state_counts(study: Study) -> Counter[str]:
    """Trials by state; apart from them those that were run again, too large to be trained, or another study's."""
    return Counter(map(_state, study.trials()))


def _state(trial: TrialRecord) -> str:
    if trial.requeued is not None:
        return "run again"
    if trial.infeasible is not None:
        return "infeasible"
    return "taken over" if trial.is_adopted else trial.state.name.lower()
