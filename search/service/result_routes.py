"""Routes that only look at one study: trials, what happens, its report, its model, and what that answers."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from search.errors import InputError
from search.machine.temporary import temporary_folder
from search.service.answerers import ModelName
from search.service.asking import AnyUser, TheService
from search.service.events import Events
from search.service.model_file import model_answer
from search.service.problems import Refused
from search.service.service import Service
from search.service.states import OVER
from search.service.users import User
from search.study.study import NoSuchTrial
from search.study.trial_list import list_trials
from storage import is_driven

router = APIRouter(prefix="/api/v1/studies/{name}")

_POLL_SECONDS = 0.5
_HEARTBEAT_SECONDS = 15.0
# A report brings its own style; as it is opened by itself, it must not run scripts.
_OF_REPORTS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
}


@router.get("/trials")
def trials(
    name: str,
    service: TheService,
    user: AnyUser,
    state: str | None = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> dict[str, Any]:
    """Trials by number; `total` is of those in `state`."""
    del user
    # A database counts to that.
    total, shown = list_trials(service.study(name), state, limit, min(offset, 2**62))
    return {
        "total": total,
        "trials": [
            {
                "trial": one.number,
                "state": one.state,
                "value": one.value,
                "epochs": one.epochs,
                "seconds": one.seconds,
                "hyperparameters": one.params,
                "reason": one.reason,
            }
            for one in shown
        ],
    }


@router.get("/progress")
def progress(name: str, service: TheService, user: AnyUser) -> dict[str, Any]:
    """What the live table of `perceptuna run` shows, with its state; `progress` is null before the study is made."""
    from search.analysis.facts.following import progress_json, progress_of

    del user
    queued, study = service.queue.find(name), service.known_study(name)
    if queued is None and study is None:
        raise Refused(404, f"no study '{name}'")
    shown = None
    if study is not None and not study.record.is_foreign and not study.record.is_incomplete:
        slots, budget = (queued.slots, queued.trials) if queued else (None, None)
        # Everybody who follows it asks every second.
        shown = service.rows.get(
            f"progress of {name}", queued, lambda: progress_json(progress_of(study, slots, budget))
        )
    over = queued.state in OVER if queued else not is_driven(service.url, name)
    state = queued.state.value if queued else "finished" if over else "running"
    return {"state": state, "over": over, "reason": queued.reason if queued else "", "progress": shown}


@router.get("/trials/{number}")
def trial(name: str, number: int, service: TheService, user: AnyUser) -> dict[str, Any]:
    """One trial with its history, as `perceptuna show --trial K --json` says it."""
    from search.analysis.terminal.trial import trial_json

    del user
    try:
        return trial_json(service.study(name), number)
    except NoSuchTrial:
        raise Refused(404, f"study '{name}' has no trial {number}") from None


@router.get("/events")
async def events(
    name: str,
    service: TheService,
    user: AnyUser,
    since: Annotated[str, Header(alias="Last-Event-ID")] = "0",
) -> StreamingResponse:
    """Server-Sent Events: the lines of `perceptuna run --json`, from the beginning or behind an id."""
    await run_in_threadpool(service.queued, name)
    position = int(since) if since.isascii() and since.isdecimal() and len(since) < 16 else 0
    return StreamingResponse(_stream(service, user, name, position), media_type="text/event-stream")


async def _stream(service: Service, user: User, name: str, position: int) -> AsyncIterator[str]:
    """Until the study is over and all is told, or the token of who listens was revoked.

    A comment now and then shows that the connection is there.
    """
    file, said = service.drivers.events(name), time.monotonic()
    while await run_in_threadpool(service.users.of_session, user.session):
        queued = await run_in_threadpool(service.queue.find, name)
        lines = await run_in_threadpool(_whole_lines, file, position)
        for position, line in lines:
            yield f"id: {position}\nevent: {json.loads(line)['event']}\ndata: {line}\n\n"
            said = time.monotonic()
        if queued is None or (queued.state in OVER and not lines):
            yield f"event: end\ndata: {json.dumps({'state': queued and queued.state})}\n\n"
            return
        if time.monotonic() - said > _HEARTBEAT_SECONDS:
            yield ": there\n\n"
            said = time.monotonic()
        await asyncio.sleep(_POLL_SECONDS)


def _whole_lines(file: Events, position: int) -> list[tuple[int, str]]:
    return list(file.lines_from(position))


@router.get("/report")
def report(name: str, service: TheService, user: AnyUser) -> Response:
    """The page of `perceptuna report`."""
    del user
    service.study(name)
    with temporary_folder() as folder:
        path = folder / "report.html"
        service.commands.call(["report", name, "-o", str(path)])
        return Response(path.read_bytes(), media_type="text/html; charset=utf-8", headers=_OF_REPORTS)


@router.get("/model")
def model(
    name: str, service: TheService, user: AnyUser, accept: Annotated[str, Header()] = "*/*"
) -> Response:
    """The best model as a .keras file, as `perceptuna export` writes it; with its facts, as application/zip.

    Of folds it is the mean of their networks: an answer trains nothing.
    """
    del user
    service.study(name)
    with temporary_folder() as folder:
        path = folder / f"{name}.keras"
        service.commands.call(["export", name, "--no-refit", "-o", str(path)])
        return model_answer(path, name, accept)


@router.post("/predictions")
async def predictions(name: str, request: Request, service: TheService, user: AnyUser) -> Response:
    """What the best model answers for rows: JSON objects by column in `rows`, or a CSV file; answered in its kind."""
    del user
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    rows = body if kind == "text/csv" else _rows_as_csv(body)
    as_csv = kind == "text/csv" and "application/json" not in request.headers.get("accept", "")
    # Rows as JSON have names of columns, whatever the table had that the study learnt from.
    header = None if kind == "text/csv" else True
    return await run_in_threadpool(_predicted, service, name, rows, header, as_csv)


def _predicted(service: Service, name: str, rows: bytes, header: bool | None, as_csv: bool) -> Response:
    study = service.study(name)
    model = ModelName(name, study.identity, study.complete_trial(None).number)
    with temporary_folder() as folder:
        source, answers = folder / "rows.csv", folder / ("answers.csv" if as_csv else "answers.parquet")
        source.write_bytes(rows)
        try:
            remarks = service.answerers.answer(model, source, answers, header)
        except InputError as error:
            raise InputError(str(error).replace(str(source), "the request")) from None
        if as_csv:
            return Response(answers.read_bytes(), media_type="text/csv; charset=utf-8")
        told = [remark.replace(str(source), "the request") for remark in remarks]
        content = json.dumps({"answers": _answers(answers), "remarks": told}, allow_nan=False, default=str)
        return Response(content, media_type="application/json")


def _answers(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return found


def _rows_as_csv(body: bytes) -> bytes:
    """Rows as JSON (`{"rows": [{"column": value, …}, …]}`) in the form that files have.

    Raises:
        InputError: it is something else.
    """
    expected = 'rows: expected {"rows": [{"column": value, …}, …]} as JSON, or a CSV file as text/csv'
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise InputError(expected) from None
    rows = given.get("rows") if isinstance(given, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(expected)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    try:
        return text.getvalue().encode()
    except UnicodeEncodeError:
        raise InputError("rows: expected text, but got half a sign of UTF-16") from None


def _cell(value: Any) -> str:
    """A value as a file has it."""
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise InputError(
            f"rows: expected text, a number, true, false or null for each column, but got {value!r:.60}"
        )
    return str(value)
