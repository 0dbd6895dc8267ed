"""Reference models on the test rows, beside the network that is tested there: fitted again, and compared row by row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from search.conclusion.statistics.intervals import Difference, difference_over_rows
from search.conclusion.statistics.over_rows import interval_over_rows, intervals_beside
from search.machine.temporary import temporary_folder
from search.references.job import Job
from search.references.process import Fitting
from search.references.record import NAMES, Reference
from search.references.words import TITLES, with_value
from search.settings.metrics import asked_of, direction_of, find_metric, sign_of
from search.study.look import SeenReference
from search.training.decision import is_decided

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.settings.settings import StudySettings

Array = np.ndarray[Any, Any]
Rows = tuple[Array, Array]


def seen_references(
    data: PreparedData,
    rows: Rows,
    settings: StudySettings,
    metric: str,
    network: tuple[float, Array | None],
    say: Callable[[str], None],
    *,
    validation_too: bool = False,
    weights: Array | None = None,
) -> tuple[SeenReference, ...]:
    """All of them for a table; none for images, nor by a loss, which holds a penalty that is of networks alone.

    Args:
        rows: the test rows, memory-mapped.
        metric: without `val_`.
        network: its value on these rows and, where the metric is a mean over rows, the score of each.
        validation_too: whether it was trained on the validation rows as well, and so shall be what it is compared with.
        weights: how much each test row counts, memory-mapped; all alike without them.
    """
    if data.spec.kind == "image" or find_metric(metric) is None:
        return ()
    say(f"fitting what the network is compared with: {', '.join(TITLES.values())}")
    with temporary_folder() as folder:
        x, y = (_file(array) for array in rows)
        job = Job(
            folder=data.folder,
            x=x,
            y=y,
            names=NAMES,
            seed=settings.seed,
            memory_limit=settings.memory_limit,
            scores_of=metric,
            scores_into=folder,
            asked=(*asked_of(data.spec.task, len(data.spec.class_names)), metric),
            validation_too=validation_too,
            decided_by=metric if is_decided(metric, data.spec.task) else None,
            weights=None if weights is None else _file(weights),
        )
        fitting = Fitting(job)
        try:
            found = fitting.wait()
        finally:
            fitting.close()
        scores = {one.name: _scores(job.scores_file(one.name)) for one in found}
    of_rows = {name: of for name, of in scores.items() if of is not None}
    return tuple(
        compared(
            one,
            of_rows.get(one.name),
            metric,
            network,
            tests=len(of_rows),
            rows=len(rows[1]),
            weights=weights,
        )
        for one in found
    )


def _file(mapped: Array) -> Path:
    return Path(str(mapped.filename))  # type: ignore[attr-defined]


def _scores(file: Path | None) -> Array | None:
    return None if file is None or not file.is_file() else np.load(file)


def compared(
    reference: Reference,
    scores: Array | None,
    metric: str,
    network: tuple[float, Array | None],
    *,
    tests: int,
    rows: int,
    weights: Array | None = None,
) -> SeenReference:
    """`reference` beside the network on so many `rows`, which count as `weights` say, all alike without them.

    Each of `tests` models could have been the one that is told.
    """
    value = reference.value(metric)
    if value is None or not with_value([reference], metric):
        why = reference.reason or f"its {metric} is no finite number"
        return SeenReference(name=reference.name, reason=why)
    theirs, own = network
    sign = sign_of(direction_of(metric))
    difference = Difference(theirs - value, None, None, 0)
    if scores is not None and own is not None and np.isfinite([scores, own]).all():
        difference = difference_over_rows(own.tolist(), scores.tolist(), tests)
    difference = difference.times(sign)
    return SeenReference(
        name=reference.name,
        value=value,
        interval=interval_over_rows(metric, value, scores, weights),
        measured={name: of for name, of in reference.metrics.items() if np.isfinite(of)},
        intervals_beside=intervals_beside(metric, reference.metrics, None if weights is not None else rows),
        ahead=difference.mean,
        ahead_interval=difference.interval,
        p=difference.p,
        note=reference.note,
    )
