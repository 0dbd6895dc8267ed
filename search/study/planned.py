"""Trials that are run as they are written down: known configurations, not choices of the sampler.

The plan is an attribute of the study, written before the study counts as made; each trial of it carries its own
entry. So whatever is killed, `enqueue_planned` finds what is not a trial yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from search.errors import InputError
from search.study.attempts import ORIGINAL, REQUEUED, next_original_number
from search.study.origin import origin_of
from spaces import Baseline, Hyperparameters, Space, load_baselines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import optuna
    from optuna.trial import FrozenTrial

    from search.settings.settings import StudySettings

# Attribute of a study: its plan. Attribute of a trial: its entry in the plan, as JSON.
PLAN = "plan"
PLANNED = "planned"


class PlannedTrial(BaseModel):
    """One configuration to run. `epochs` and `patience` are the study's, and `seed` is drawn, where they are None."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    label: str
    hyperparameters: Hyperparameters
    epochs: Annotated[int | None, Field(ge=1)] = None
    patience: Annotated[int | None, Field(ge=1)] = None
    seed: Annotated[int | None, Field(ge=0, lt=2**32)] = None
    outside: bool = False
    """Whether the space has no such configuration."""
    keep_model: bool = False
    """Whether its model is kept, also when it is not the study's best."""
    keep_scores: bool = False
    """Whether the score of each validation row is kept, for comparisons row by row."""


_PLAN = TypeAdapter(list[PlannedTrial])


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


def plan_json(plan: Sequence[PlannedTrial]) -> str:
    """A plan as the study's attribute holds it."""
    return _PLAN.dump_json(list(plan), exclude_defaults=True).decode()


def read_plan(study: optuna.Study) -> list[PlannedTrial]:
    """Empty for a study without one."""
    return _PLAN.validate_json(study.user_attrs.get(PLAN, "[]"))


def enqueue_planned(study: optuna.Study, space: Space) -> None:
    """Enqueue what the plan of `study` has and its trials do not have yet. The caller holds the study's lock."""
    plan = read_plan(study)
    if not plan:
        return
    trials = study.get_trials(deepcopy=False)
    # One that came along from other data or epochs is another training.
    of_here = (trial for trial in trials if (origin := origin_of(trial)) is None or origin.is_same_training)
    there = {trial.user_attrs[PLANNED] for trial in of_here if PLANNED in trial.user_attrs}
    for planned in plan:
        if entry_of(planned) not in there:
            enqueue(study, space, planned)


def enqueue(study: optuna.Study, space: Space, planned: PlannedTrial) -> None:
    """Let `planned` wait for a worker. The caller holds the study's lock."""
    number = next_original_number(study)
    numbered = {} if number == len(study.get_trials(deepcopy=False)) else {ORIGINAL: number}
    params = _params(space, planned.hyperparameters)
    study.enqueue_trial(params, user_attrs={PLANNED: entry_of(planned), **numbered})


def entry_of(planned: PlannedTrial) -> str:
    """As a trial carries it; the same for equal plans alone."""
    return planned.model_dump_json(exclude_defaults=True)


def planned_of(trial: FrozenTrial | optuna.Trial) -> PlannedTrial | None:
    """The plan's entry that `trial` runs; None for a choice of the sampler."""
    written = trial.user_attrs.get(PLANNED)
    return None if written is None else PlannedTrial.model_validate_json(written)


def is_planned(trial: FrozenTrial) -> bool:
    """Whether `trial` runs an entry of the study's plan; one that is run again under another number does not."""
    return PLANNED in trial.user_attrs and REQUEUED not in trial.user_attrs


def keeps_model(trial: FrozenTrial) -> bool:
    """Whether the model of `trial` stays, whatever its value."""
    planned = planned_of(trial)
    return planned is not None and planned.keep_model


def suggest(space: Space, trial: optuna.Trial) -> Hyperparameters:
    """Hyperparameters of a trial that was just asked, which becomes known to the sampler as far as `space` knows it."""
    planned = planned_of(trial)
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
