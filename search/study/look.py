"""One look at a test split: what is kept of it, and where an earlier version kept it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from storage.study_storage import StudyStorage

# Attribute that tells a study from others of its name.
IDENTITY = "identity"
# Before there was a table for them, looks were attributes of the study: this, and a number.
_ATTRIBUTE = "test_split_opened_"
# What comes after the split is opened.
_SEEN = {"value", "interval", "measured"}


class Look(BaseModel):
    """One opening of the test split, written before it; `value`, `interval` and `measured` come after it.

    `number` is its place among those at the split, from 1; `trial` is the configuration's in the search, `trained` the
    trial of `companion` whose model is tested. `identity` and `companion_identity` tell the studies from others of
    their names; looks of earlier versions have no `study`.
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
    rows: int
    value: float | None = None
    interval: tuple[float, float] | None = None
    measured: dict[str, float] = {}


def split_of(attributes: Mapping[str, Any]) -> str:
    """What identifies the rows of a study's test split, from the study's attributes: 64 hexadecimal digits."""
    data = json.loads(attributes["data"])
    # Rows are drawn class by class, so what is to be predicted decides which.
    how = () if data["given_test"] else ("seed", "test_fraction", "target", "task")
    identity = {name: data[name] for name in ("fingerprint", "given_test", *how)}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def from_attributes(name: str, attributes: Mapping[str, Any]) -> Iterator[tuple[str, Look]]:
    """Looks that stand in a study, each under a name that no fingerprint of a model has."""
    identity = attributes.get(IDENTITY, "")
    for key, text in attributes.items():
        if key.startswith(_ATTRIBUTE):
            look = Look.model_validate({**json.loads(text), "study": name, "identity": identity})
            yield f"{identity} {look.number}", look


def keep_looks_of(storage: StudyStorage, name: str, attributes: Mapping[str, Any]) -> None:
    """Before a study is deleted: the looks that an earlier version wrote into it, into the record."""
    for model, look in from_attributes(name, attributes):
        keep_look(storage, split_of(attributes), model, look)


def keep_look(storage: StudyStorage, split: str, model: str, look: Look) -> None:
    """Write `look` into the record, unless there is one of the same split and model."""
    from storage.looks import KeptLook, add_look  # Optuna, which is slow to import

    opened = look.model_dump_json(exclude={"number", *_SEEN})
    seen = None if look.value is None else look.model_dump_json(include=_SEEN)
    add_look(storage, split, KeptLook(model, opened, seen))
