"""What a process that fits reference models is asked, and how it carries it out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
from pydantic import BaseModel, ConfigDict

from search.data import DataSpec, PreparedData, load_prepared, searched_weights, weights_file
from search.machine.memory import free_memory
from search.machine.time_limit import OutOfTime, computing_at_most
from search.references.codes import with_flags
from search.references.judging import Array, decision, measure, score
from search.references.models import Fitted, fit, load
from search.references.record import Reference, ReferenceName
from search.settings.quantiles import quantile_of
from search.text.formats import fine_size

SECONDS = 600.0
"""CPU time that each model is given."""

# Two copies in float64, since the trees keep a tenth of the rows back to stop by, and what they are sorted into.
_BYTES_OF_A_VALUE = 20

# x, y, and how much each row counts.
_Rows = tuple[Array, Array, Array | None]


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
    train: _Rows = (*data.training(), data.training_weights())
    if job.validation_too:
        x, y = (np.concatenate(sides) for sides in zip(train[:2], data.validation(), strict=True))
        train = x, y, searched_weights(data)
    weights = None if job.weights is None else np.load(job.weights, mmap_mode="r")
    rows = np.load(job.x, mmap_mode="r"), np.load(job.y, mmap_mode="r"), weights
    # Models learn the target as it is, whatever the networks do, and see the most frequent categories.
    train, rows = (
        (with_flags(x, data.spec), data.spec.standardised_targets(y), counts)
        for x, y, counts in (train, rows)
    )
    return data.spec.with_plain_target(), train, rows


def _reference(job: Job, name: ReferenceName, spec: DataSpec, train: _Rows, rows: _Rows) -> Reference:
    if reason := _too_large(job, name, train[0]):
        return Reference(name=name, reason=reason)
    started = time.process_time()
    try:
        with computing_at_most(job.seconds):
            (x, y, weights), (to_judge, targets, counts) = train, rows
            model = fit(name, x, y, spec, job.seed, weights, quantile_of(job.asked))
            model = replace(model, threshold=_threshold(job, name, model))
            metrics = measure(model, to_judge, targets, spec, job.asked, counts)
            if job.scores_of is not None:
                _keep_scores(job, name, score(model, to_judge, targets, job.scores_of, spec, counts))
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


def _too_large(job: Job, name: ReferenceName, x: Array) -> str | None:
    """Why the machine, or the limit of each worker, has no room for the fit; None where it has."""
    needed = 0 if name == "constant" else _BYTES_OF_A_VALUE * x.size
    free = free_memory() if job.memory_limit is None else min(free_memory(), job.memory_limit)
    return (
        f"needs about {fine_size(needed)} of memory, and may have {fine_size(free)}"
        if needed > free
        else None
    )


def _keep_scores(job: Job, name: ReferenceName, scores: Array | None) -> None:
    file = job.scores_file(name)
    if file is not None and scores is not None:
        np.save(file, scores)
