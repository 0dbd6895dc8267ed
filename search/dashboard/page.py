"""Puts page.js into optuna-dashboard's pages, and leaves a chart out of them that tells what is not so."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from bottle import Bottle, HTTPResponse, Route, request

_ADDRESS = "/perceptuna/page.js"
_BEFORE = "</title>"
# Of several trials in one place, as all those of one activation are, the contour shades by the last one. The rank chart
# below it draws each of them.
_WITHOUT_CONTOUR = "<style>.MuiCard-root:has(#graph-contour) { display: none }</style>"


class PageScript:
    """Serves page.js, and has each page load it before the dashboard's own script; takes the contour out of sight."""

    name, api = "perceptuna-page-script", 2

    def __init__(self, app: Bottle) -> None:
        app.get(_ADDRESS, callback=_script)

    def apply(self, view: Callable[..., Any], route: Route) -> Callable[..., Any]:
        if not route.rule.startswith("/dashboard"):
            return view

        def with_script() -> Any:
            # A copy that the browser has may be the page without the script.
            for condition in ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH", "HTTP_RANGE"):
                request.environ.pop(condition, None)
            page = view()
            if request.method == "HEAD" or page.status_code != 200:
                return page
            with page.body as file:
                before, title, after = file.read().decode().partition(_BEFORE)
            ours = f'{_WITHOUT_CONTOUR}<script src="{_ADDRESS}"></script>'
            page.body = f"{before}{title}{ours}{after}".encode()
            for name in ("Content-Length", "Last-Modified", "ETag"):
                page.headers.pop(name, None)
            page.set_header("Cache-Control", "no-cache")
            return page

        return with_script


def _script() -> HTTPResponse:
    text = files("search.dashboard").joinpath("page.js").read_text(encoding="utf-8")
    headers = {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-cache"}
    return HTTPResponse(text, 200, headers)
