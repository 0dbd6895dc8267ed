"""What a study runs before its sampler chooses: baselines and configurations that are known to be good, as its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.errors import InputError
from search.study.planned_trial import PlannedTrial
from spaces import Baseline, Space, known_configurations, load_baselines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from search.data import DataSpec
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
    return [_planned(baseline, outside=baseline.name in outside) for baseline in baselines]


def known_first(settings: StudySettings, space: Space, data: DataSpec, before: int) -> list[PlannedTrial]:
    """Known configurations that are good on such data, those that `space` has; no more than trials are left.

    No pruner ends them: they are few and good, but start slowly, so that faster starters would end the best ones.

    Args:
        before: trials that are planned already.
    """
    if not settings.known:
        return []
    known = known_configurations(data.task, data.kind, data.components)
    there = [one for one in known if not space.contains(one.hyperparameters)]
    return [_planned(one, to_its_end=True) for one in there[: settings.trials - before]]


def _planned(baseline: Baseline, *, outside: bool = False, to_its_end: bool = False) -> PlannedTrial:
    return PlannedTrial(
        label=baseline.name,
        hyperparameters=baseline.hyperparameters,
        epochs=baseline.epochs,
        patience=baseline.patience,
        outside=outside,
        to_its_end=to_its_end,
    )


def _refusal(settings: StudySettings, outside: Mapping[str, Sequence[str]]) -> str:
    shown = [f"  {name}: {'; '.join(reasons)}" for name, reasons in outside.items()]
    return (
        f"--baselines: {len(outside)} of {settings.baselines} are outside the space {settings.space}; widen the "
        "space, or run them all the same by --allow-outside (they are marked):\n" + "\n".join(shown)
    )
