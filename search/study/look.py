"""One look at a test split: what is kept of it, and where an earlier version kept it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from search.references.record import ReferenceName

if TYPE_CHECKING:
    from search.study.study_record import StudyRecord
    from storage.study_storage import StudyStorage

# What comes after the split is opened.
_SEEN = {"value", "interval", "measured", "intervals_beside", "references", "coverage"}

Interval = tuple[float, float]


class SeenReference(BaseModel):
    """A reference model on the test rows of a look, or the `reason` why it is not there.

    `ahead` is how much better the tested network is, in the metric's unit; its interval of 95 % and `p` are over the
    rows, None where the metric is no mean over rows, and allow for several such models. `measured` are all metrics,
    `intervals_beside` those of 95 % of what is told beside the study's, by its name there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ReferenceName
    value: float | None = None
    interval: Interval | None = None
    measured: dict[str, float] = {}
    intervals_beside: dict[str, Interval] = {}
    ahead: float | None = None
    ahead_interval: Interval | None = None
    p: float | None = None
    reason: str | None = None
    note: str | None = None

    @model_serializer(mode="wrap")
    def _without_nothing(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Where nothing is told beside the metric it is written as it was before anything could be."""
        return _without(self, written(self), "intervals_beside")


class Coverage(BaseModel):
    """The `share` of rows whose target is within its prediction interval of `level`, with 95 % by the number of rows.

    `width` is the mean width of the intervals, in the target's units.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: float
    share: float
    interval: Interval
    width: float


class Look(BaseModel):
    """One opening of the test split, written before it; `value` and what follows it come after it.

    `number` is its place among those at the split, from 1; `trial` is the configuration's in the search, `trained` the
    trial of `companion` whose model is tested, `members` those whose mean is, where they are several. `identity` and
    `companion_identity` tell the studies from others of their names. `measured` are all metrics, `intervals_beside`
    those of 95 % of what is told beside the study's, by its name there. The second of two classes was answered above
    `threshold`; None, which is 0.5, where the metric goes by none. Logits were divided by `temperature`, which is 1
    where no other was better; None where none was looked for. `coverage` is of a regression. Looks of earlier
    versions have no `study`, no `references`, no `intervals_beside` and no `coverage`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = 0
    date: str
    by: str
    study: str = ""
    identity: str = ""
    trial: int
    companion: str
    companion_identity: str = ""
    trained: int
    members: tuple[int, ...] = ()
    threshold: float | None = None
    temperature: float | None = None
    rows: int
    value: float | None = None
    interval: Interval | None = None
    measured: dict[str, float] = {}
    intervals_beside: dict[str, Interval] = {}
    references: tuple[SeenReference, ...] = ()
    coverage: Coverage | None = None

    @model_serializer(mode="wrap")
    def _without_nothing(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A look without references, or of one network, is written as it was before there was anything else."""
        later = ("members", "threshold", "temperature", "references", "intervals_beside", "coverage")
        return _without(self, written(self), *later)


def _without(record: BaseModel, fields: dict[str, Any], *names: str) -> dict[str, Any]:
    """`fields` of a record without those of `names` that are empty."""
    return {name: field for name, field in fields.items() if name not in names or getattr(record, name)}


def split_of(study: StudyRecord) -> str:
    """What identifies the rows of a study's test split: 64 hexadecimal digits."""
    data = study.data_as_written
    # Rows are drawn class by class, so what is to be predicted decides which.
    how = () if data["given_test"] else ("seed", "test_fraction", "target", "task")
    identity = {name: data[name] for name in ("fingerprint", "given_test", *how)}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def earlier_looks(name: str, study: StudyRecord) -> Iterator[tuple[str, Look]]:
    """Looks that an earlier version wrote into a study, each under a name that no fingerprint of a model has."""
    identity = study.known_identity or ""
    for kept in study.earlier_looks:
        look = Look.model_validate({**kept, "study": name, "identity": identity})
        yield f"{identity} {look.number}", look


def keep_looks_of(storage: StudyStorage, name: str, study: StudyRecord) -> None:
    """Before a study is deleted: the looks that an earlier version wrote into it, into the record."""
    for model, look in earlier_looks(name, study):
        keep_look(storage, split_of(study), model, look)


def keep_look(storage: StudyStorage, split: str, model: str, look: Look) -> None:
    """Write `look` into the record, unless there is one of the same split and model."""
    from storage.looks import KeptLook, add_look  # Optuna, which is slow to import

    opened = look.model_dump_json(exclude={"number", *_SEEN})
    seen = None if look.value is None else look.model_dump_json(include=_SEEN)
    add_look(storage, split, KeptLook(model, opened, seen))
