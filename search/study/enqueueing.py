"""Planned trials are enqueued: each waits once to be asked, and is then run as it is written down.

The plan is kept with the study, written before the study counts as made; each trial of it carries its own entry. So
whatever is killed, `enqueue_planned` finds what is not a trial yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.study.planned_trial import PlannedTrial
from search.study.trial_facts import TrialFacts, enqueue_trial
from spaces import Hyperparameters, Space

if TYPE_CHECKING:
    import optuna

    from search.study.study import Study


def enqueue_planned(study: Study) -> None:
    """Enqueue what the plan of `study` has and its trials do not have yet. The caller holds the study's lock."""
    plan = study.record.plan
    if not plan:
        return
    # One that came along from other data or epochs is another training.
    of_here = (one for one in study.trials() if one.adopted is None or one.adopted.is_same_training)
    there = {one.planned for one in of_here}
    for planned in plan:
        if planned not in there:
            enqueue(study, planned)


def enqueue(study: Study, planned: PlannedTrial) -> None:
    """Let `planned` wait for a worker. The caller holds the study's lock."""
    facts: TrialFacts = {"planned": planned}
    number = study.next_original_number()
    if number != len(study.trials()):
        facts["original_number"] = number
    enqueue_trial(study.optuna, _params(study.space, planned.hyperparameters), facts)


def suggest(space: Space, trial: optuna.Trial, planned: PlannedTrial | None) -> Hyperparameters:
    """Hyperparameters of a trial that was just asked, which becomes known to the sampler as far as `space` knows it."""
    if planned is None:
        return space.suggest(trial)
    for name in _params(space, planned.hyperparameters):
        space.parameters[name].suggest(name, trial)
    return planned.hyperparameters


def _params(space: Space, hyperparameters: Hyperparameters) -> dict[str, object]:
    """Those of `hyperparameters` that `space` could have suggested, in its order."""
    values = hyperparameters.named
    known = ((name, space.parameters[name]) for name in space.order)
    return {
        name: values[name]
        for name, parameter in known
        if parameter.kind != "fixed" and parameter.active(values) and parameter.contains(values[name])
    }
