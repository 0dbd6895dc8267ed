"""Routes that put studies side by side: as JSON and as a page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from search.analysis.facts.comparison import (
    Comparison,
    comparison_of,
    rows_of,
    sentences_of,
    settings_sentence,
)
from search.service.asking import AnyUser, TheService
from search.service.page_routes import page_of
from search.service.problems import Refused
from search.service.service import Service

router = APIRouter()

Names = Annotated[list[str], Query(alias="study", max_length=50)]


@router.get("/api/v1/compare")
def compare(study: Names, service: TheService, user: AnyUser) -> dict[str, Any]:
    """What `perceptuna compare --json` says of the studies that `study` names, each by itself."""
    del user
    return _comparison(service, study).to_json()


@router.get("/compare", include_in_schema=False)
def compare_page(study: Names, service: TheService, user: AnyUser) -> HTMLResponse:
    """The same as a page."""
    found = _comparison(service, study)
    return page_of(
        "compare.html.j2",
        user,
        names=[one.study for one in found.studies],
        rows=[(name, cells) for name, *cells in rows_of(found)],
        settings=found.settings,
        space=found.space,
        alike=settings_sentence(found),
        sentences=sentences_of(found),
    )


def _comparison(service: Service, names: list[str]) -> Comparison:
    if odd := next((name for name in names if "\0" in name), None):
        raise Refused(404, f"no study {odd!r}")
    return comparison_of([service.study(name) for name in names])
