"""The baselines of a study: known configurations that it runs before the sampler's own, as the study's plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.errors import InputError
from search.study.planned_trial import PlannedTrial
from spaces import Baseline, Space, load_baselines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from search.settings.settings import StudySettings


def planned_baselines(settings: StudySettings, space: Space) -> list[PlannedTrial]:
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


def _planned(baseline: Baseline, outside: bool) -> PlannedTrial:
    return PlannedTrial(
        label=baseline.name,
        hyperparameters=baseline.hyperparameters,
        epochs=baseline.epochs,
        patience=baseline.patience,
        outside=outside,
    )


def _refusal(settings: StudySettings, outside: Mapping[str, Sequence[str]]) -> str:
    shown = [f"  {name}: {'; '.join(reasons)}" for name, reasons in outside.items()]
    return (
        f"--baselines: {len(outside)} of {settings.baselines} are outside the space {settings.space}; widen the "
        "space, or run them all the same by --allow-outside (they are marked):\n" + "\n".join(shown)
    )
