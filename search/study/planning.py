"""Trials that are run as they are written down: which these are, and that each of them waits to be asked once.

The plan is kept with the study, written before the study counts as made; each trial of it carries its own entry. So
whatever is killed, `enqueue_planned` finds what is not a trial yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.errors import InputError
from search.study.planned import PlannedTrial
from search.study.trial_record import TrialFacts, enqueue_trial
from spaces import Baseline, Hyperparameters, Space, load_baselines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import optuna

    from search.settings.settings import StudySettings
    from search.study.study import Study


def plan_of_baselines(settings: StudySettings, space: Space) -> list[PlannedTrial]:
    """The baselines of `settings`, to be run in a study of `space`.

    Raises:
        SpaceError: there are none of that name, or the file is wrong.
        InputError: some are outside the space and were not allowed, or they are more than the trials.
    """
    if settings.baselines is None:
        return []
    baselines = load_baselines(settings.baselines)
    if len(baselines) > settings.trials:
        raise InputError(
            f"--trials: {settings.baselines} alone has {len(baselines)} baselines, but got {settings.trials}; "
            f"give at least {len(baselines)}"
        )
    outside = {one.name: reasons for one in baselines if (reasons := space.contains(one.hyperparameters))}
    if outside and not settings.allow_outside:
        raise InputError(_refusal(settings, outside))
    return [_planned(baseline, baseline.name in outside) for baseline in baselines]


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


def _planned(baseline: Baseline, outside: bool) -> PlannedTrial:
    return PlannedTrial(
        label=baseline.name,
        hyperparameters=baseline.hyperparameters,
        epochs=baseline.epochs,
        patience=baseline.patience,
        outside=outside,
    )


def _params(space: Space, hyperparameters: Hyperparameters) -> dict[str, object]:
    """Those of `hyperparameters` that `space` could have suggested, in its order."""
    values = hyperparameters.model_dump()
    known = ((name, space.parameters[name]) for name in space.order)
    return {
        name: values[name]
        for name, parameter in known
        if parameter.kind != "fixed" and parameter.active(values) and parameter.contains(values[name])
    }


def _refusal(settings: StudySettings, outside: Mapping[str, Sequence[str]]) -> str:
    shown = [f"  {name}: {'; '.join(reasons)}" for name, reasons in outside.items()]
    return (
        f"--baselines: {len(outside)} of {settings.baselines} are outside the space {settings.space}; widen the "
        "space, or run them all the same by --allow-outside (they are marked):\n" + "\n".join(shown)
    )
