"""What a trial tried: its hyperparameters, in words too, its limits and its seed; whoever chose them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from search.study.attempts import original_number
from search.study.origin import origin_of
from search.study.planned import planned_of

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

    from search.settings.settings import StudySettings
    from spaces import Hyperparameters, Space


def hyperparameters_of(space: Space, trial: FrozenTrial | optuna.Trial) -> Hyperparameters:
    """What `trial` was trained with, fixed and default values included."""
    from optuna.trial import FixedTrial

    planned = planned_of(trial)
    return space.suggest(FixedTrial(trial.params)) if planned is None else planned.hyperparameters


def what_it_is(space: Space, trial: FrozenTrial | optuna.Trial) -> str:
    """`trial` in a few words; one that was planned begins with its name, one of an earlier study with its origin."""
    planned, origin = planned_of(trial), origin_of(trial)
    names = [] if origin is None else [origin.words()]
    if planned is not None:
        names.append(planned.label + (" (outside the space)" if planned.outside else ""))
    return ": ".join([*names, hyperparameters_of(space, trial).describe()])


def limits_of(trial: FrozenTrial | optuna.Trial, settings: StudySettings) -> tuple[int, int]:
    """Most epochs of `trial`, and its patience: its own where it has them, within those of the study that ran it."""
    origin = origin_of(trial)
    if origin is not None:
        return origin.epochs, origin.patience
    planned = planned_of(trial)
    epochs = (planned and planned.epochs) or settings.epochs
    most = min(epochs, settings.epochs)
    return most, (planned and planned.patience) or settings.patience_within(most)


def seed_of(trial: FrozenTrial | optuna.Trial, study_seed: int) -> int:
    """The seed of `trial`: that of its plan, or its own."""
    planned = planned_of(trial)
    if planned is not None and planned.seed is not None:
        return planned.seed
    return training_seed(study_seed, original_number(trial))


def training_seed(study_seed: int, number: int) -> int:
    """The seed of a trial, from the study's seed and the trial's original number alone."""
    return int(np.random.SeedSequence([study_seed, number]).generate_state(1)[0])
