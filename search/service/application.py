"""The service as an ASGI application: its routes behind the guard, every error a problem."""

from __future__ import annotations

import hashlib
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from search.service import (
    comparing_routes,
    conclusion_routes,
    operator_routes,
    page_routes,
    result_routes,
    study_routes,
)
from search.service.asking import AnyUser
from search.service.guard import Guard
from search.service.problems import add_problems
from search.service.service import Service
from search.training.environment import program_version


def application(service: Service) -> ASGIApp:
    """Whoever has no token gets nothing of it but whether it is well."""
    # The documentation pages of FastAPI would fetch scripts from another site.
    app = FastAPI(
        title="perceptuna", version=program_version(), openapi_url=None, docs_url=None, redoc_url=None
    )
    app.state.service = service
    add_problems(app, page_routes.error_page)
    # Those of conclusions before any verb of a study.
    before = operator_routes, comparing_routes, conclusion_routes
    for routes in (*before, result_routes, study_routes, page_routes):
        app.include_router(routes.router)

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    def openapi(user: AnyUser) -> dict[str, Any]:
        del user
        return app.openapi()

    # Another of each database, and the same after the service was started anew.
    cookie = f"perceptuna-{hashlib.sha256(str(service.url).encode()).hexdigest()[:8]}"
    return Guard(
        app,
        users=service.users,
        cookie=cookie,
        largest_upload=service.uploads.largest,
        login=page_routes.login_page,
    )
