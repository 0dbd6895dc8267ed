"""What a process that fits reference models is asked, and how it carries it out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np
from pydantic import BaseModel, ConfigDict

from search.data import DataSpec, PreparedData, load_prepared, searched_weights, weights_file
from search.machine.memory import free_memory
from search.machine.time_limit import OutOfTime, computing_at_most
from search.references.codes import flags_of, with_flags
from search.references.judging import Array, decision, measure, score
from search.references.models import Fitted, fit, load
from search.references.record import Reference, ReferenceName
from search.settings.quantiles import quantile_of
from search.text.formats import fine_size

SECONDS = 600.0
"""CPU time that each model is given."""

# Two copies in float64, since the trees keep a tenth of the rows back to stop by, and what they are sorted into.
_BYTES_OF_A_VALUE = 20

# Of what is free, the most that a fit may take: training has its rows in what is left.
_SHARE_OF_MEMORY = 0.5


@dataclass(frozen=True)
class _Rows:
    """Rows to fit on or to judge by: maps of x, read when a model needs them, y, and how much each row counts."""

    x: tuple[Array, ...]
    y: Array
    weights: Array | None

    def seen(self, spec: DataSpec, name: ReferenceName) -> Array:
        """x as models see it: codes as flags of the most frequent categories. A constant looks at none."""
        if name == "constant":
            return np.empty((len(self.y), 0), np.float32)
        return with_flags(self.x[0] if len(self.x) == 1 else np.concatenate(self.x), spec)

    def values(self, spec: DataSpec) -> int:
        """How many numbers models see."""
        return len(self.y) * (self.x[0].shape[1] - len(spec.coded) + flags_of(spec))


class Job(BaseModel):
    """Models to be fitted, one after another, on the training rows in `folder`, and to be judged on other rows.

    They are fitted on the validation rows as well where `validation_too`, as the networks that they stand beside.
    `x` and `y` are the files of prepared rows to judge by, `weights` that of how much each counts, if not all alike.
    Where `scores_of` is a metric, each model's row scores are kept in the file that `scores_file` names. A model that
    would need more than `memory_limit` bytes, as estimated, is not fitted; `seconds` are of CPU time for each model.
    `asked` are metrics beside those of every study. The second of two classes is answered as is usual for each metric
    or, where models are `decided_by` a metric, above what fits validation rows, of a model not fitted on them.

    Where there are `folds`, folders of prepared data, each model is fitted and judged on every one of them in place of
    the above, as networks are: its metrics are their means.
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    x: Path
    y: Path
    names: tuple[ReferenceName, ...]
    seed: int
    seconds: float = SECONDS
    memory_limit: int | None = None
    scores_of: str | None = None
    scores_into: Path | None = None
    asked: tuple[str, ...] = ()
    validation_too: bool = False
    weights: Path | None = None
    folds: tuple[Path, ...] = ()
    decided_by: str | None = None

    @classmethod
    def on_validation(
        cls,
        data: PreparedData,
        names: tuple[ReferenceName, ...],
        seed: int,
        memory_limit: int | None,
        asked: tuple[str, ...] = (),
        folds: Sequence[PreparedData] = (),
    ) -> Job:
        """To be judged as networks are while they train: on the validation rows, or those of each of `folds`."""
        x, y = (data.folder / f"validation_{letter}.npy" for letter in "xy")
        return cls(
            folder=data.folder,
            x=x,
            y=y,
            names=names,
            seed=seed,
            memory_limit=memory_limit,
            asked=asked,
            weights=weights_file(data.folder, "validation") if data.spec.weight else None,
            folds=tuple(fold.folder for fold in folds),
        )

    def on_fold(self, folder: Path) -> Job:
        """The part of it that is about one fold."""
        x, y = (folder / f"validation_{letter}.npy" for letter in "xy")
        weights = None if self.weights is None else weights_file(folder, "validation")
        rows = {"folder": folder, "x": x, "y": y, "weights": weights}
        return self.model_copy(update={**rows, "folds": (), "seconds": self.seconds / len(self.folds)})

    def scores_file(self, name: ReferenceName) -> Path | None:
        """Of a model's row scores, float64 (rows,); not there where the metric is no mean over rows."""
        return None if self.scores_into is None else self.scores_into / f"{name}.npy"


def carry_out(job: Job, tell: Callable[[Reference], None]) -> None:
    """Fit and judge; `tell` is called as each model is ready, or has failed.

    Raises:
        DataError: there is no prepared data.
    """
    load()
    if job.folds:
        for name in job.names:
            tell(_over_folds([_alone(job.on_fold(folder), name) for folder in job.folds]))
        return
    spec, train, rows = _sides(job)
    for name in job.names:
        tell(_reference(job, name, spec, train, rows))


def _alone(job: Job, name: ReferenceName) -> Reference:
    return _reference(job, name, *_sides(job))


def _over_folds(of_each: Sequence[Reference]) -> Reference:
    """The mean of one model over folds; where one of them has none, that one, which says why."""
    for one in of_each:
        if one.reason is not None:
            return one
    first = of_each[0]
    metrics = {
        name: fmean(one.metrics[name] for one in of_each)
        for name in first.metrics
        if all(name in one.metrics for one in of_each)
    }
    return first.model_copy(
        update={"metrics": metrics, "seconds": sum(one.seconds or 0.0 for one in of_each)}
    )


def _sides(job: Job) -> tuple[DataSpec, _Rows, _Rows]:
    """What the data is, rows to fit on, rows to judge by."""
    data = load_prepared(job.folder)
    sides = [data.training(), *([data.validation()] if job.validation_too else [])]
    weights = searched_weights(data) if job.validation_too else data.training_weights()
    train = _Rows(tuple(x for x, _ in sides), np.concatenate([y for _, y in sides]), weights)
    weights = None if job.weights is None else np.load(job.weights, mmap_mode="r")
    rows = _Rows((np.load(job.x, mmap_mode="r"),), np.load(job.y, mmap_mode="r"), weights)
    # Models learn the target as it is, whatever the networks do.
    train, rows = (replace(one, y=data.spec.standardised_targets(one.y)) for one in (train, rows))
    return data.spec.with_plain_target(), train, rows


def _reference(job: Job, name: ReferenceName, spec: DataSpec, train: _Rows, rows: _Rows) -> Reference:
    if reason := _too_large(job, name, train.values(spec)):
        return Reference(name=name, reason=reason)
    started = time.process_time()
    try:
        with computing_at_most(job.seconds):
            x = train.seen(spec, name)
            model = fit(name, x, train.y, spec, job.seed, train.weights, quantile_of(job.asked))
            model = replace(model, threshold=_threshold(job, name, model))
            judged = rows.seen(spec, name), rows.y
            metrics = measure(model, *judged, spec, job.asked, rows.weights)
            if job.scores_of is not None:
                _keep_scores(job, name, score(model, *judged, job.scores_of, spec, rows.weights))
    except OutOfTime:
        return Reference(name=name, reason=f"not finished within {job.seconds:,.0f} s of CPU time")
    except MemoryError:
        return Reference(name=name, reason="needs more memory than there is")
    except ValueError as error:  # what scikit-learn refuses
        return Reference(name=name, reason=str(error).splitlines()[0])
    return Reference(name=name, metrics=metrics, seconds=time.process_time() - started, note=model.note)


def _threshold(job: Job, name: ReferenceName, model: Fitted) -> float | None:
    if job.decided_by is None:
        return None
    data = load_prepared(job.folder)
    spec, (x, y) = data.spec, data.training()
    if job.validation_too:
        model = fit(name, with_flags(x, spec), y, spec, job.seed, data.training_weights())
    x, y = data.validation()
    found = decision(model, with_flags(x, spec), y, job.decided_by, spec, data.validation_weights())
    return None if found is None else found.used


def _too_large(job: Job, name: ReferenceName, values: int) -> str | None:
    """Why the machine, or the limit of each worker, has no room for the fit; None where it has."""
    needed = 0 if name == "constant" else _BYTES_OF_A_VALUE * values
    free = int(_SHARE_OF_MEMORY * free_memory())
    free = free if job.memory_limit is None else min(free, job.memory_limit)
    return (
        f"needs about {fine_size(needed)} of memory, and may have {fine_size(free)}"
        if needed > free
        else None
    )


def _keep_scores(job: Job, name: ReferenceName, scores: Array | None) -> None:
    file = job.scores_file(name)
    if file is not None and scores is not None:
        np.save(file, scores)
