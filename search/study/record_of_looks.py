"""Who looked at a test split, for which model, and what was seen: one record for all studies of the same split.

The split is known by what its rows follow from, and each look by the model that was tested, so that the same model is
never a second look. What is told of a look's number follows from the record; nothing keeps it.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from search.study.look import Coverage, Interval, Look, SeenReference, earlier_looks, keep_look, split_of
from search.study.study_record import EARLIER_LOOK, all_study_records
from storage.looks import KeptLook, complete_look, looks_at
from storage.one_study import is_any_with
from storage.own_tables import in_one_transaction
from storage.study_storage import StudyStorage

if TYPE_CHECKING:
    from search.study.study import Study


def new_look(
    study: Study,
    companion: Study,
    *,
    trial: int,
    trained: int,
    members: tuple[int, ...] = (),
    threshold: float | None = None,
    temperature: float | None = None,
) -> Look:
    """By this user on this machine, now."""
    return Look(
        date=datetime.now().astimezone().isoformat(timespec="seconds"),
        by=_who(),
        study=study.name,
        identity=study.identity,
        trial=trial,
        companion=companion.name,
        companion_identity=companion.identity,
        trained=trained,
        members=members,
        threshold=threshold,
        temperature=temperature,
        rows=study.data.rows.test,
    )


def record_look(study: Study, model: str, look: Look) -> Look:
    """Write down that the split is opened for `model` (its fingerprint), or return the look that did so before."""
    keep_look(study.storage, _split_of(study), model, look)
    return _of(study, model)


def record_seen(
    study: Study,
    model: str,
    *,
    value: float,
    interval: Interval | None,
    measured: dict[str, float],
    intervals_beside: dict[str, Interval],
    references: Sequence[SeenReference] = (),
    coverage: Coverage | None = None,
) -> Look:
    """Complete the look for `model`; where it was completed before, that stays."""
    seen: dict[str, Any] = {"value": value, "interval": interval, "measured": measured}
    if intervals_beside:
        seen["intervals_beside"] = intervals_beside
    if references:
        seen["references"] = [one.model_dump(mode="json") for one in references]
    if coverage:
        seen["coverage"] = coverage.model_dump(mode="json")
    complete_look(study.storage, _split_of(study), model, json.dumps(seen))
    return _of(study, model)


def looks(study: Study) -> list[Look]:
    """All at the test split of `study`, also of other studies and of some that were deleted, in order."""
    return [look for _, look in _record(study)]


def own(study: Study, found: Sequence[Look]) -> list[Look]:
    """Those of `found` that are of `study` itself."""
    return [look for look in found if look.identity == study.identity]


def by_others(study: Study, found: Sequence[Look]) -> dict[str, int]:
    """How many of `found` are of other studies, by the name that each has now."""
    others = [look for look in found if look.identity != study.identity]
    if not others:
        return {}
    there = {other.known_identity: name for name, other in all_study_records(study.storage).items()}
    return dict(Counter(there.get(look.identity) or f"{look.study} (deleted)" for look in others))


def number_of(look: Look, found: Sequence[Look]) -> int:
    """The place of a look that was kept elsewhere among `found`."""
    which = look.date, look.by, look.companion, look.trained
    same = (one.number for one in found if (one.date, one.by, one.companion, one.trained) == which)
    return next(same, look.number)


def _split_of(study: Study) -> str:
    return split_of(study.record)


def _of(study: Study, model: str) -> Look:
    return next(look for known, look in _record(study) if known == model)


def _record(study: Study) -> list[tuple[str, Look]]:
    """Each look at the split of `study` with the fingerprint of its model, numbered by time."""
    split = _split_of(study)
    kept = {one.model: _read(one) for one in looks_at(study.storage, split)}
    found = list({**_of_earlier_versions(study, split), **kept}.items())
    found.sort(key=lambda one: datetime.fromisoformat(one[1].date).timestamp())
    return [
        (model, look.model_copy(update={"number": number}))
        for number, (model, look) in enumerate(found, start=1)
    ]


def _read(kept: KeptLook) -> Look:
    return Look.model_validate({**json.loads(kept.opened), **json.loads(kept.seen or "{}")})


def _of_earlier_versions(study: Study, split: str) -> dict[str, Look]:
    """None in a storage that is no database."""
    # To read all studies for them takes long where there are many.
    if not isinstance(study.storage, StudyStorage) or not in_one_transaction(
        study.storage, lambda connection: is_any_with(connection, EARLIER_LOOK)
    ):
        return {}
    return {
        model: look
        for name, other in all_study_records(study.storage).items()
        for model, look in earlier_looks(name, other)
        if split_of(other) == split
    }


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no name for this number, as in many containers
        user = f"user {os.getuid()}"
    return f"{user} on {socket.gethostname()}, process {os.getpid()}"
