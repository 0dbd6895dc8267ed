"""How commands print and how they fail."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from storage.urls import hide_passwords

if TYPE_CHECKING:
    from rich.console import Console


def fail(message: str, code: int) -> NoReturn:
    for line in hide_passwords(message).splitlines():
        typer.echo(f"perceptuna: {line}", err=True)
    sys.exit(code)


def print_out(what: Any) -> None:
    if isinstance(what, str):
        typer.echo(what)
    else:
        console().print(what)


def console() -> Console:
    from rich.console import Console

    # A pipe has no width; 80 columns would cut what a line says.
    return Console() if sys.stdout.isatty() else Console(width=160)
