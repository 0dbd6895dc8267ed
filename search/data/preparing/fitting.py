"""What the training rows tell: statistics of pixels, features, columns and target."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from search.data.preparing.fitted_columns import fit_columns, statistics
from search.data.preparing.identifiers import without_advice
from search.data.preparing.log_target import LogTarget, log_target
from search.data.preparing.spec import SPEC_VERSION, UNTAUGHT_VERSION, DataSpec, Rows, TargetSpec
from search.data.preparing.splits import Split
from search.data.preparing.splitting import split_in_words, weights_in_words
from search.data.rows import scratch
from search.data.rows.raw import Array, RawData, Table
from search.data.rows.scratch import Scratch

# Of images at a time.
_ROWS_PER_BLOCK = 4096


def fit_spec(raw: RawData, split: Split, fingerprint: str, version: int = SPEC_VERSION) -> DataSpec:
    """Everything the training rows tell, and nothing that the others do, as a spec of `version` holds it."""
    fitted: dict[str, Any] = {}
    notes = raw.notes
    if isinstance(raw.x, Table):
        columns, column_notes = fit_columns(raw.x, version, split.train)
        notes = without_advice(notes, raw.x, {column.name for column in columns}) + column_notes
        fitted |= {"columns": columns, "input_shape": (sum(column.features for column in columns),)}
    elif raw.kind == "vector":
        means, stds = [], []
        for values in features_of(raw.x):
            train = values[split.train]
            train = train.astype(np.float64) if train.dtype.kind in "iu" else train
            _, mean, std = statistics(train)
            means.append(mean)
            stds.append(0.0 if version > UNTAUGHT_VERSION and (train == train[0]).all() else std)
        fitted |= {
            "feature_mean": tuple(means),
            "feature_std": tuple(stds),
            "input_shape": raw.x.shape[1:],
        }
    else:
        mean, std = pixel_statistics(raw.x, split.train)
        fitted |= {"scale": 1 / std, "offset": -mean / std, "input_shape": raw.x.shape[1:]}
    if raw.task == "regression":
        _, fitted["target_mean"], fitted["target_std"] = statistics(raw.y[split.train])
        fitted["target_log"], told = log_target_of(raw, split)
        notes = (*notes, *told)
    elif raw.targets:
        fitted["targets"] = _targets(raw, split)
    else:
        counts = np.bincount(raw.y, minlength=len(raw.class_names))
        fitted["class_counts"] = tuple(int(count) for count in counts)
    return DataSpec(
        version=version,
        source=raw.request.source,
        fingerprint=fingerprint,
        kind=raw.kind,
        task=raw.task,
        resized=raw.resized,
        class_names=raw.class_names,
        target=raw.target,
        target_written=raw.target_written,
        rows=Rows(train=len(split.train), validation=len(split.validation), test=len(split.test)),
        given_validation=raw.given_validation > 0,
        given_test=raw.given_test > 0,
        seed=raw.request.seed,
        val_fraction=raw.request.val_fraction,
        test_fraction=raw.request.test_fraction,
        notes=(*notes, *filter(None, [weights_in_words(raw)])),
        weight="" if raw.weights is None else str(raw.request.weight),
        split=split_in_words(raw, split),
        **fitted,
    )


def features_of(x: Array) -> Iterator[Array]:
    """The values of each feature of `x`, (rows, features), one feature after the other; (rows,).

    Of more than memory takes they are laid beside each other on disk first, so that `x` is read once.
    """
    if x.nbytes <= scratch.KEPT_IN_MEMORY:
        yield from x.T
        return
    file = Scratch()
    features = [file.room(len(x), x.dtype.newbyteorder("=")) for _ in range(x.shape[1])]
    at_once = max(1, scratch.KEPT_IN_MEMORY // (x.shape[1] * x.itemsize))
    for start in range(0, len(x), at_once):
        block = np.ascontiguousarray(x[start : start + at_once].T)
        for feature, values in zip(features, block, strict=True):
            feature.write(start, values)
    for feature in features:
        yield feature.all()


def _targets(raw: RawData, split: Split) -> tuple[TargetSpec, ...]:
    """Each of several targets."""
    found = []
    for one, values in zip(raw.targets, raw.y.T, strict=True):
        if one.class_names:
            counts = tuple(int(count) for count in np.bincount(values, minlength=2))
            found.append(TargetSpec(name=one.name, class_names=one.class_names, class_counts=counts))
        else:
            _, mean, std = statistics(values[split.train])
            found.append(TargetSpec(name=one.name, mean=mean, std=std, written=one.written))
    return tuple(found)


def log_target_of(raw: RawData, split: Split) -> tuple[LogTarget | None, list[str]]:
    """How the target of a regression is learnt, as `log_target` has it."""
    what = f"the target '{raw.target}'" if raw.target else "the target"
    return log_target(raw.y, split.train, raw.request.target_transform, what)


def pixel_statistics(images: Array, rows: Array) -> tuple[float, float]:
    """Mean and population standard deviation of all pixels of these rows, 1 in place of a deviation of 0.

    By a histogram of the 256 values: exact, and without a copy of the images in floats.
    """
    counts, rows = np.zeros(256, dtype=np.int64), np.sort(rows)
    for start in range(0, len(rows), _ROWS_PER_BLOCK):
        counts += np.bincount(images[rows[start : start + _ROWS_PER_BLOCK]].ravel(), minlength=256)
    values = np.arange(256)
    mean = float((counts * values).sum() / counts.sum())
    variance = float((counts * (values - mean) ** 2).sum() / counts.sum())
    return mean, variance**0.5 or 1.0
