"""What `run --folds` goes together with, and what is said of folds: before any row is read, and of small tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.errors import InputError
from search.settings.own_policies import is_own

if TYPE_CHECKING:
    from search.data import DataSpec
    from search.settings.settings import StudySettings

USUAL_FOLDS = 5
SMALL_ROWS = 2_000
"""A table of fewer rows is told of folds."""

_CONTRADICTIONS = {
    "time": "rows in the order of time have one past, and a fold would train on what came after the rows that judge it",
    "split_column": "that column says which rows judge, and folds let each row judge once",
    "validation": "the rows of that file judge, and folds let each row judge once",
}


def check_folds(settings: StudySettings, cluster: str | None = None) -> None:
    """Find what contradicts folds before any data is read.

    Raises:
        InputError: how rows are split, the pruner or a cluster does.
    """
    if settings.folds is None:
        return
    for name, why in _CONTRADICTIONS.items():
        if getattr(settings, name) is not None:
            raise InputError(f"--folds and --{name.replace('_', '-')}: {why}; leave one of them out")
    if settings.pruner not in ("asha", "none") and not is_own(settings.pruner):
        raise InputError(
            f"--folds and --pruner {settings.pruner}: trials are compared after folds, not after epochs, by asha or by "
            "none; leave --pruner out"
        )
    if cluster is not None:
        raise InputError(
            "--folds and --cluster: the machines of a cluster are sent the rows of one split alone; leave --cluster "
            "out, since folds are for small tables"
        )


def folds_in_words(settings: StudySettings, spec: DataSpec) -> str | None:
    """What a trial of a study of folds is judged by; None for a study of one split."""
    if settings.folds is None:
        return None
    rows = spec.rows.train + spec.rows.validation
    whole = f", no group of '{settings.group}' in two" if settings.group is not None else ""
    return (
        f"each trial is judged by its mean over {settings.folds} folds of the {rows:,} training and validation "
        f"rows{whole}"
    )


def what_folds_would_buy(settings: StudySettings, spec: DataSpec) -> str | None:
    """For a small table that is judged on one split by chance; None for others."""
    rows = spec.rows.train + spec.rows.validation + spec.rows.test
    told = (settings.time, settings.split_column, settings.validation)
    if settings.folds is not None or spec.kind == "image" or rows >= SMALL_ROWS or any(told):
        return None
    if spec.given_validation:
        return None
    return (
        f"note: trials are compared on {spec.rows.validation:,} rows alone; --folds {USUAL_FOLDS} compares them on "
        f"{spec.rows.train + spec.rows.validation:,}, so that the best is chosen less by luck, for a longer search"
    )
