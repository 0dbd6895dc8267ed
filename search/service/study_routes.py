"""Routes that change the queue: hand a study in, list and show studies, pause, resume, stop, cancel, change, delete."""

from __future__ import annotations

import shutil
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from search.errors import InputError
from search.service.asking import Address, AnyUser, Changer, TheService, refuse_priority
from search.service.handing_in import (
    LARGEST_PRIORITY,
    OF_THE_QUEUE,
    HandedIn,
    Note,
    changed_budget,
    digest_of,
    queued_study,
)
from search.service.listing import names, row_of, row_of_shown, rows_of_list
from search.service.problems import Refused
from search.service.queue import QueuedStudy
from search.service.renaming import rename_queued
from search.service.service import Service
from search.service.states import OVER, VERBS, State
from search.service.users import User
from search.service.wishes import wish
from search.study.creation import already_there, half_made
from search.study.study import delete_with_companions

router = APIRouter(prefix="/api/v1/studies")

# Of a study that no driver has.
_RESTING = (*OVER, State.PAUSED, State.QUEUED)


class Changes(BaseModel):
    """What may change of a study that was handed in. A budget that a driver has is changed by starting it anew."""

    model_config = ConfigDict(extra="forbid", strict=True)

    priority: int | None = Field(None, ge=-LARGEST_PRIORITY, le=LARGEST_PRIORITY)
    note: Note | None = None
    trials: int | None = None
    workers: int | None = None
    timeout: str | float | None = None


@router.post("", status_code=201)
def hand_in(
    given: HandedIn,
    response: Response,
    service: TheService,
    user: Changer,
    address: Address,
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)] = None,
) -> dict[str, Any]:
    """Hand a study in. The same key with the same content is the same study, however often it comes."""
    refuse_priority(user, given.priority)
    if key is not None and (before := service.queue.find_key(user.name, key)):
        return _same(service, before, given, response)
    study = queued_study(
        given, user.name, service.data, lambda upload: service.uploads.path(user.name, upload), key
    )
    _make_room(service, study, user)
    if not service.queue.add(study):
        if key is not None and (before := service.queue.find_key(user.name, key)):
            return _same(service, before, given, response)
        raise Refused(409, f"study '{study.study}' was handed in already; choose another name")
    service.supervisor.wake()
    service.users.record(user, address, "hand in", study.study)
    response.headers["Location"] = f"/api/v1/studies/{study.study}"
    return row_of(service, study.study, service.queue.find(study.study)).to_json()


@router.get("")
def list_studies(
    service: TheService,
    user: AnyUser,
    state: str | None = None,
    owner: str | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> dict[str, Any]:
    """Studies, the newest first: `total` is of those that the filters let through."""
    del user
    wanted = [
        pair for pair in names(service) if owner is None or (pair[1] is not None and pair[1].owner == owner)
    ]
    if state is not None:
        # The queue says the state of what is in it.
        among = [pair for pair in wanted if pair[1] is None or pair[1].state == state]
        rows = [row for row in rows_of_list(service, among) if row.state == state]
        shown, total = rows[offset : offset + limit], len(rows)
    else:
        shown, total = rows_of_list(service, wanted[offset : offset + limit]), len(wanted)
    return {"total": total, "studies": [row.to_json() for row in shown]}


@router.get("/{name}")
def show(name: str, service: TheService, user: AnyUser) -> dict[str, Any]:
    """One study: its row, and once it is made, what `perceptuna show --json` says."""
    del user
    queued, shown = service.queue.find(name), service.shown(name)
    if queued is None and shown is None:
        raise Refused(404, f"no study '{name}'")
    row = row_of_shown(shown, name, queued).to_json()
    return {**row, "details": shown.details if shown is not None and shown.is_made else None}


@router.patch("/{name}")
def change(
    name: str, changes: Changes, service: TheService, user: Changer, address: Address
) -> dict[str, Any]:
    """Change priority, note, or budget."""
    queued = _theirs(service, name, user)
    given = changes.model_dump(exclude_unset=True)
    values = {
        key: value for key, value in given.items() if key in ("priority", "note") and value is not None
    } | changed_budget(given)
    if queued.job is not None and (named := {"trials", "timeout"} & given.keys()):
        raise InputError(
            f"--{sorted(named)[0]}: '{name}' ends when all is trained that it takes; leave it out"
        )
    if "trials" in given and given["trials"] is None:
        raise InputError("--trials: expected a whole number, but got None")
    refuse_priority(user, values.get("priority", 0), queued.priority)
    if values:
        service.queue.change(name, values)
        service.users.record(user, address, "change", f"{name}: {', '.join(values)}")
    if any(values[one] != getattr(queued, one) for one in OF_THE_QUEUE if one in values):
        service.queue.move(name, [State.RUNNING], State.PAUSING, State.QUEUED)
    return row_of(service, name, service.queue.find(name)).to_json()


class NewName(BaseModel):
    """What a study is to be called."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str


@router.post("/{name}/rename")
def rename(
    name: str, wanted: NewName, service: TheService, user: Changer, address: Address
) -> dict[str, Any]:
    """Give a study that rests another name, and with it what is about it."""
    _theirs(service, name, user)
    folder = service.drivers.folder(name).parent
    rename_queued(service.url, service.storage, service.queue, folder, name, wanted.name)
    service.users.record(user, address, "rename", f"{name}: {wanted.name}")
    return row_of(service, wanted.name, service.queue.find(wanted.name)).to_json()


@router.post("/{name}/{verb}")
def ask(name: str, verb: str, service: TheService, user: Changer, address: Address) -> dict[str, Any]:
    """Pause, resume, stop or cancel a study."""
    if verb not in VERBS:
        raise Refused(404, f"no such request; there are {', '.join(VERBS)}")
    _theirs(service, name, user)
    if wish(service.queue, name, verb, service.known_study(name)):
        service.supervisor.wake()
        service.users.record(user, address, verb, name)
    return row_of(service, name, service.queue.find(name)).to_json()


@router.delete("/{name}", status_code=204)
def delete(name: str, service: TheService, user: Changer, address: Address) -> None:
    """Delete a study that is over, with its trials and models, as `perceptuna delete` does."""
    queued = _theirs(service, name, user)
    jobs = service.queue.about(name)
    if at_work := [one for one in jobs if one.state not in OVER]:
        raise Refused(409, f"'{at_work[0].study}' is {at_work[0].state}; cancel that first")
    # First nobody starts it any more; killed or refused later, it can be deleted again.
    if not service.queue.move(name, _RESTING, State.CANCELLED):
        raise Refused(409, f"study '{name}' is {queued.state}; stop it first")
    service.users.record(user, address, "delete", name)
    study = service.known_study(name)
    if study is not None:
        delete_with_companions(study)
    for gone in [*(job.study for job in jobs), name]:
        service.queue.remove(gone, OVER)
        shutil.rmtree(service.drivers.folder(gone), ignore_errors=True)


def _theirs(service: Service, name: str, user: User) -> QueuedStudy:
    queued = service.queued(name)
    if not user.may_change(queued.owner):
        raise Refused(403, f"study '{name}' belongs to '{queued.owner}'")
    return queued


def _same(service: Service, before: QueuedStudy, given: HandedIn, response: Response) -> dict[str, Any]:
    if before.request != digest_of(given):
        raise Refused(422, f"Idempotency-Key: it was used for study '{before.study}', with another content")
    response.status_code = 200
    return row_of(service, before.study, before).to_json()


def _make_room(service: Service, study: QueuedStudy, user: User) -> None:
    """A study of that name that came to nothing gives way to its owner's next one; any other refuses it."""
    there, before = service.known_study(study.study), service.queue.find(study.study)
    if there is not None and not half_made(there):
        raise Refused(409, str(already_there(study.study, service.url)))
    if before is not None and (before.state not in OVER or not user.may_change(before.owner)):
        raise Refused(409, f"study '{study.study}' was handed in already; choose another name")
    if before is not None:
        service.queue.remove(study.study, OVER)
