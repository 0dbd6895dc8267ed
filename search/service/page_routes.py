"""The pages: all studies, one study, and handing one in. What they change they ask of the API."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from search.analysis.report import templates
from search.data import BUILTIN_SOURCES
from search.service.asking import AnyUser, TheService
from search.service.concluded import conclusions_of
from search.service.course import HEIGHT, WIDTH
from search.service.listing import Row, names, row_of_shown, rows_of_list
from search.service.problems import Refused
from search.service.service import Service
from search.service.users import User
from search.settings.metrics import METRICS
from search.text.formats import clock
from spaces import AUTO, preset_names

router = APIRouter(include_in_schema=False)

_HERE = Path(__file__).parent
_PER_PAGE = 50
_TOP = 10
_FILES_SHOWN = 500
_ENDINGS = (".csv", ".tsv", ".parquet", ".npz")


@router.get("/")
def studies_page(request: Request, service: TheService, user: AnyUser, page: int = 1) -> HTMLResponse:
    """All studies, the newest first."""
    del request
    known = names(service)
    last = max(1, -(-len(known) // _PER_PAGE))
    page = min(max(1, page), last)
    shown = known[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    rows = rows_of_list(service, shown)
    return page_of(
        "studies.html.j2", user, rows=rows, left=_left, page=page, last=last, slots=_slots(service)
    )


@router.get("/studies/{name}")
def study_page(name: str, service: TheService, user: AnyUser) -> HTMLResponse:
    """One study: where it stands, its leaderboard, how its best value came about, what stands beside it."""
    queued, shown = service.queue.find(name), service.shown(name)
    if queued is None and shown is None:
        raise Refused(404, f"no study '{name}'")
    row = row_of_shown(shown, name, queued)
    mine = queued is not None and user.may_change(queued.owner)
    made = shown is not None and shown.is_made
    facts = shown.facts if shown and made else None
    concluding = conclusions_of(service, shown.study, user, row) if shown and made else None
    return page_of(
        "study.html.j2",
        user,
        row=row,
        left=_left,
        mine=mine,
        facts=facts,
        size=(WIDTH, HEIGHT),
        conclusions=concluding,
    )


@router.get("/new")
def new_page(service: TheService, user: AnyUser) -> HTMLResponse:
    """The form by which a study is handed in."""
    return page_of(
        "new.html.j2",
        user,
        files=list(_files(service)),
        uploads=service.uploads.of(user.name),
        builtin=BUILTIN_SOURCES,
        spaces=(AUTO, *preset_names()),
        metrics=[f"val_{name}" for name in METRICS],
    )


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Style and script of the pages; they tell nothing."""
    if name == "page.css":
        return Response(_style(), media_type="text/css")
    if name == "page.js":
        return Response((_HERE / "page.js").read_text(encoding="utf-8"), media_type="text/javascript")
    raise Refused(404, "no such file")


def login_page() -> HTMLResponse:
    """For who comes without a token."""
    return page_of("login.html.j2", None, 401)


def error_page(status: int, title: str, detail: str) -> HTMLResponse:
    """For who looks at what cannot be shown."""
    return page_of("error.html.j2", None, status, heading=title, detail=detail)


def page_of(template: str, user: User | None, status: int = 200, **facts: Any) -> HTMLResponse:
    """A page of that template, whose text is escaped."""
    return HTMLResponse(_environment().get_template(template).render(user=user, **facts), status)


@lru_cache
def _environment() -> Any:
    return templates.environment(_HERE)


@lru_cache
def _style() -> str:
    """The report's, and what the service's pages have beside it."""
    files = (Path(templates.__file__).with_name("page.css"), _HERE / "page.css")
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _files(service: Service) -> Iterator[str]:
    """Tables in the folder of data, by the names that a study gives them."""
    if service.data is None:
        return
    found = 0
    for path in sorted(service.data.rglob("*")):
        if path.suffix in _ENDINGS and path.is_file():
            yield path.relative_to(service.data).as_posix()
            found += 1
            if found == _FILES_SHOWN:
                return


def _left(row: Row) -> str:
    """The time that a study still takes; empty where nobody knows."""
    return f"about {clock(row.seconds_left['middle'])} left" if row.seconds_left else ""


def _slots(service: Service) -> tuple[int, int]:
    """How many are used, and how many there are."""
    return sum(one.slots for one in service.queue.all()), service.supervisor.slots
