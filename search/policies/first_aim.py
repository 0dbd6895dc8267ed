"""A study of several aims as samplers and pruners see it that compare trials while they run: by the first aim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from search.settings.aims import RESOURCES
from search.study.aim_values import resources_of

if TYPE_CHECKING:
    import optuna
    from optuna.study import StudyDirection
    from optuna.trial import FrozenTrial

    from search.study.trial_record import TrialRecord

# What is asked of one trial, and of whoever may be in its way.
Takes = tuple[float, ...]


class ByFirstAim:
    """`study`, whose `direction` is that of its first aim: Optuna names none where there are several.

    Args:
        rivals: which trials it has for who looks at them; all where it is not given.
    """

    def __init__(
        self, study: optuna.Study, rivals: Callable[[FrozenTrial], bool] = lambda trial: True
    ) -> None:
        self._of = study
        self._rivals = rivals

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)

    @property
    def direction(self) -> StudyDirection:
        return self._of.directions[0]

    def get_trials(self, **which: Any) -> list[FrozenTrial]:
        return [trial for trial in self._of.get_trials(**which) if self._rivals(trial)]


def can_be_pruned(aims: Sequence[str]) -> bool:
    """Whether it is known of a running trial what it will reach in all aims but the first."""
    return all(aim in RESOURCES for aim in aims[1:])


def takes(trial: TrialRecord, aims: Sequence[str]) -> Takes | None:
    """What the network of `trial` takes of each resource that is aimed at; None where it is not known."""
    known = resources_of(trial.stored)
    found = tuple(known[aim] for aim in aims[1:] if aim in known)
    return found if len(found) == len(aims) - 1 else None


def is_in_the_way(other: Takes | None, of: Takes | None) -> bool:
    """Whether a trial that takes `other` can keep one that takes `of` from the front: it takes no more of anything."""
    return other is not None and of is not None and all(a <= b for a, b in zip(other, of, strict=True))
