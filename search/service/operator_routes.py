"""Routes about the service itself: health, metrics, who asks, uploads, and what was done."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from search.service.asking import Address, Admin, AnyUser, Changer, TheService
from search.service.listing import moment
from search.service.problems import Refused
from search.service.states import DRIVEN, State
from search.training.environment import program_version

router = APIRouter(prefix="/api/v1")

# A look takes well under a second; one that waits for a locked database, half a minute.
_SILENT_SECONDS = 90.0


@router.get("/health")
def health(service: TheService) -> JSONResponse:
    """Whether studies are looked after; for a monitor, without a token."""
    silent = time.monotonic() - service.supervisor.looked
    status = "ok" if silent < _SILENT_SECONDS else "failing"
    content = {"status": status, "version": program_version()}
    return JSONResponse(content, 200 if status == "ok" else 503)


@router.get("/metrics")
def metrics(service: TheService, user: AnyUser) -> Response:
    """For Prometheus, in its text form (version 0.0.4)."""
    del user
    queued = service.queue.all()
    states = Counter(one.state for one in queued)
    used = sum(one.slots for one in queued if one.state in DRIVEN)
    waiting = [one.handed_in for one in queued if one.state is State.QUEUED]
    longest = max(0.0, time.time() - min(waiting)) if waiting else 0.0
    lines = [
        "# HELP perceptuna_studies Studies that were handed in, by state.",
        "# TYPE perceptuna_studies gauge",
        *(f'perceptuna_studies{{state="{state}"}} {states[state]}' for state in State),
        *_gauge("slots", "Trials at the same time, of all studies.", service.supervisor.slots),
        *_gauge("slots_used", "Slots that running studies have.", used),
        *_gauge("drivers_ready", "Drivers that wait for a study.", int(service.drivers.one_waits())),
        *_gauge(
            "oldest_queued_seconds", "Since the study that waits longest was handed in.", round(longest, 1)
        ),
        *_gauge(
            "supervisor_silent_seconds",
            "Since the supervisor has looked.",
            round(time.monotonic() - service.supervisor.looked, 1),
        ),
    ]
    return Response("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4; charset=utf-8")


def _gauge(name: str, told: str, value: float) -> list[str]:
    full = f"perceptuna_{name}"
    return [f"# HELP {full} {told}", f"# TYPE {full} gauge", f"{full} {value}"]


@router.get("/me")
def me(user: AnyUser) -> dict[str, str]:
    """Who asks."""
    return {"name": user.name, "role": user.role}


@router.delete("/me/sessions", status_code=204)
def log_out(service: TheService, user: AnyUser) -> None:
    """Log out of all browsers. The token stays good."""
    service.users.end_sessions(user)


@router.post("/uploads", status_code=201)
async def send(request: Request, service: TheService, user: Changer, address: Address) -> dict[str, Any]:
    """A CSV, Parquet or NPZ file as the body; a study names it by `upload:ID`."""
    upload = await service.uploads.receive(user.name, request.stream())
    await run_in_threadpool(service.users.record, user, address, "upload", upload.id)
    return {"id": upload.id, "bytes": upload.bytes, "data": f"upload:{upload.id}"}


@router.get("/uploads")
def uploads(service: TheService, user: AnyUser) -> dict[str, Any]:
    """Who asks' own files."""
    return {"uploads": [{"id": one.id, "bytes": one.bytes} for one in service.uploads.of(user.name)]}


@router.delete("/uploads/{upload}", status_code=204)
def delete_upload(upload: str, service: TheService, user: Changer, address: Address) -> None:
    """Delete one of them, unless a study is about to read it."""
    path = str(service.uploads.path(user.name, upload))
    needed = [
        one.study
        for one in service.queue.in_states(State.QUEUED, State.PAUSED, *DRIVEN)
        if path in one.settings
    ]
    if needed:
        raise Refused(409, f"study '{needed[0]}' needs it")
    service.uploads.remove(user.name, upload)
    service.users.record(user, address, "delete upload", upload)


@router.get("/audit")
def audit(service: TheService, user: Admin) -> dict[str, Any]:
    """Who changed what, the newest first; for admins."""
    del user
    deeds = service.users.log(1000)
    return {
        "deeds": [
            {
                "at": moment(one.at),
                "who": one.who,
                "address": one.address,
                "action": one.action,
                "what": one.what,
            }
            for one in deeds
        ]
    }
