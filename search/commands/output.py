"""How commands print and how they fail. Whatever is printed passes here, so that names cannot command a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from search.text.printable import open_console, printable, printable_lines
from storage.urls import hide_passwords

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console


def echo(text: str, *, err: bool = False) -> None:
    """Print `text`, which may be of several lines."""
    typer.echo(printable_lines(text), err=err)


def echo_line(text: str, *, err: bool = False) -> None:
    """Print `text` as one line, whatever breaks there are in it."""
    typer.echo(printable(text), err=err)


def fail(message: str, code: int) -> NoReturn:
    message = hide_passwords(message)
    for line in message.rstrip("\n").split("\n") if message else ():
        echo_line(f"perceptuna: {line}", err=True)
    sys.exit(code)


def print_out(what: Any) -> None:
    if isinstance(what, str):
        echo(what)
    else:
        console().print(what)


def console() -> Console:
    # A pipe has no width; 80 columns would cut what a line says.
    return open_console() if sys.stdout.isatty() else open_console(width=160)


def print_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """`sys.excepthook`: the traceback of a bug, whose message may hold anything."""
    import traceback

    echo("".join(traceback.format_exception(kind, error, trace)).rstrip("\n"), err=True)
