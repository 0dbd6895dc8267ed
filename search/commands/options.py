"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from search.settings import StudySettings
from storage.urls import DEFAULT_URL

if TYPE_CHECKING:
    from storage import StorageURL


def option(field: str, *names: str, metavar: str | None = None, show_default: str | None = None) -> Any:
    """A command-line option for a setting, with the setting's own description and default."""
    described = StudySettings.model_fields[field]
    default = described.default if show_default is None else show_default
    return typer.Option(
        *(names or (f"--{field.replace('_', '-')}",)),
        help=described.description,
        metavar=metavar,
        show_default=str(default) if default is not None else False,
    )


StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="name of the study")]
Storage = Annotated[
    str | None,
    typer.Option(
        envvar="PERCEPTUNA_STORAGE",
        metavar="URL",
        help="database of studies: sqlite:///FILE.db or postgresql://…",
        show_default=DEFAULT_URL,
    ),
]
AsJSON = Annotated[bool, typer.Option("--json", help="print JSON, for programs")]


def url_of(storage: str | None) -> StorageURL:
    from storage import StorageURL

    return StorageURL.parse(storage or DEFAULT_URL)
