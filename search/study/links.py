"""Addresses of a study's pages in the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search.study.study import Study

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080


def dashboard_address(host: str = DEFAULT_HOST, port: int = DEFAULT_PORT) -> str:
    """Where all studies are listed."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/dashboard/"


def study_page(study_id: int, address: str | None = None) -> str:
    """One study; `study_id` is the database's number for it."""
    return f"{address or dashboard_address()}studies/{study_id}"


def how_to_browse(study: Study, trial: int | None = None) -> str:
    """The command to paste, and the page for who has logged in: of the study, or of its trial with that number."""
    page = study_page(study.optuna._study_id)
    where = page if trial is None else f"{page}/trials?numbers={trial}"
    return f"perceptuna dashboard{study.url.option}, open the link it prints, then {where}"
