"""Several targets: all quantities, or all labels of two classes each; the rows where every one has a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from search.data.columns.numbers import PLAIN
from search.data.columns.targets import Target
from search.data.rows.notes import listed
from search.data.rows.raw import Array, OneTarget
from search.errors import DataError


def joined_targets(found: Mapping[str, tuple[Target, Array]], source: str) -> tuple[Target, Array]:
    """One `Target` of all, whose `y` is (rows, targets), and where all have a value, bool (rows of the source,).

    Args:
        found: each one's own, by its name, and where it has a value, bool (rows of the source,).

    Raises:
        DataError: some are quantities and others classes, a label has not two classes, or hardly a row has them all.
    """
    task = _task_of({name: target for name, (target, _) in found.items()}, source)
    known = np.logical_and.reduce([at for _, at in found.values()])
    y = np.stack([target.y[known[at]] for target, at in found.values()], axis=1)
    for name, values in zip(found, y.T, strict=True):
        if len(values) == 0 or (values == values[0]).all():
            raise DataError(
                f"target '{name}' of {source} has {'one value' if len(values) else 'no value'} in the "
                f"{len(values):,} rows in which all {len(found)} targets have one; fill them in, or leave it out"
            )
    each = tuple(OneTarget(name, target.class_names, target.written) for name, (target, _) in found.items())
    notes = [note for target, _ in found.values() for note in target.notes]
    means = "metrics are means over them" + ", errors in deviations of each" * (task == "multioutput")
    notes.append(f"{len(found)} targets are learnt by one network: {means}")
    return Target(task, y, (), tuple(notes), each=each), known


def _task_of(targets: Mapping[str, Target], source: str) -> Literal["multilabel", "multioutput"]:
    tasks = {target.task for target in targets.values()}
    if tasks == {"regression"}:
        return "multioutput"
    if tasks == {"binary"}:
        return "multilabel"
    kinds = [f"'{name}' {_kind(target)}" for name, target in targets.items()]
    numbers = "; where all are quantities, say --task regression" if _may_be_numbers(targets) else ""
    raise DataError(
        f"the targets of {source} do not go together: {listed(kinds)}; several targets are all quantities, or all "
        f"labels of two classes each, so name such{numbers}"
    )


def _kind(target: Target) -> str:
    return "is a quantity" if target.task == "regression" else f"has {len(target.class_names):,} classes"


def _may_be_numbers(targets: Mapping[str, Target]) -> bool:
    """Whether classes are numbers, so that all can be quantities."""
    names = [name for target in targets.values() for name in target.class_names]
    return all(PLAIN.fullmatch(name) for name in names)
