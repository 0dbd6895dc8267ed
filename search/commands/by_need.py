"""Commands whose options are made when somebody asks for them: `--help` lists commands, and needs no option of theirs.

What an option says, a setting knows, and to import all that can be set takes longer than to show the list.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand

Function = TypeVar("Function", bound=Callable[..., None])


class Commands(typer.Typer):
    """As Typer's, with commands `ByNeed`."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Function], Function]:
        register = super().command

        def registered(function: Function) -> Function:
            def listed() -> None: ...

            listed.__name__, listed.__doc__ = function.__name__, function.__doc__
            made: Any = partial(ByNeed, function)
            register(name, cls=made, **settings)(listed)
            return function

        return registered


class ByNeed(TyperCommand):
    """A command that knows its name and what it is for; its parameters are those of `function`, once they are asked."""

    def __init__(self, function: Callable[..., None], **listed: Any) -> None:
        super().__init__(**listed)
        self._function = function
        del self.params, self.callback

    def __getattr__(self, name: str) -> Any:
        """Called for what is not there yet."""
        if name not in ("params", "callback"):
            raise AttributeError(f"a command has no attribute '{name}'")
        alone = typer.Typer(add_completion=False)
        alone.command()(self._function)
        whole = typer.main.get_command(alone)
        self.params, self.callback = whole.params, whole.callback
        return getattr(self, name)
