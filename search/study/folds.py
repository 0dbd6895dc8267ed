"""What is kept of a trial of a study of folds: means over them; and the seed of each of its trainings."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from search.study.at_best import at_best
from search.study.history import History
from search.study.trial_record import training_seed


def seed_of_fold(seed: int, number: int) -> int:
    """That of the training on fold `number`, from 0, of a trial of that `seed`."""
    return training_seed(seed, number)


def mean_at_best(histories: Sequence[History], metric: str, best_epochs: Sequence[int]) -> dict[str, float]:
    """As `at_best`, and all that was measured on validation rows: means over folds, each at its own best epoch."""
    of_each = [
        {name: values[epoch - 1] for name, values in history.items() if name.startswith("val_")}
        | at_best(history, metric, epoch)
        for history, epoch in zip(histories, best_epochs, strict=True)
    ]
    return {name: fmean(of[name] for of in of_each) for name in of_each[0]}
