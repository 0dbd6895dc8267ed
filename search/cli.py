"""The command line: one program out of all commands. Errors become exit codes here; a command itself exits by
how its study, or what it looked for, ended.

0 done; 1 the study ended with no usable trial; 2 the user's input is wrong; 3 storage or cluster trouble;
130 interrupted, resumable. A bug shows its traceback.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from search.commands import (
    answering,
    cache,
    concluding,
    database,
    following,
    looking,
    models,
    planning,
    service,
    sources,
    studies,
)
from search.commands.output import echo, fail, print_bug
from search.machine.interruption import interrupted
from search.machine.standard_streams import lost_output

app = typer.Typer(
    name="perceptuna",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# Without a name a group's commands stand beside the others.
for commands in (
    studies.app,
    planning.app,
    looking.app,
    following.app,
    models.app,
    answering.app,
    concluding.app,
    cache.app,
    service.app,
):
    app.add_typer(commands)
app.add_typer(sources.space_app, name="space")
app.add_typer(sources.data_app, name="data")
app.add_typer(database.app, name="storage")
app.add_typer(service.service_app, name="service")


def _print_version(wanted: bool) -> None:
    if wanted:
        from search.training.environment import program_version

        echo(f"perceptuna {program_version()}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", help="print the version", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Search hyperparameters of Keras multi-layer perceptrons: launch a study, browse it, resume it."""
    try:
        os.getcwd()
    except OSError:
        fail("the folder you are in was deleted; change to one that is there, by cd", 2)


def main() -> NoReturn:
    """Run a command and exit; the one place where errors become messages and exit codes."""
    sys.excepthook = print_bug
    _refuse_what_is_no_text()
    try:
        returned = app(standalone_mode=False)
    except KeyboardInterrupt:
        fail(interrupted(), 130)
    except Exception as error:
        _explain(error)
    # Typer turns Ctrl-C into this number, and the exits of --help and of completion into theirs.
    if returned == 130:
        fail(interrupted(), 130)
    if lost := lost_output():
        fail(f"standard output is not complete: {lost}; free some space and call the command again", 3)
    sys.exit(returned if isinstance(returned, int) else 0)


def _refuse_what_is_no_text() -> None:
    """Paths go into databases, JSON and pages, which hold text: a name whose bytes are no UTF-8 cannot go along.

    Python reads such bytes as lone surrogates.
    """
    given = [("the argument", word) for word in sys.argv[1:]]
    given += [(f"${name}", value) for name, value in os.environ.items() if name.startswith("PERCEPTUNA_")]
    with suppress(OSError):  # the folder is gone
        given.append(("the folder you are in,", os.getcwd()))
    for what, text in given:
        try:
            text.encode()
        except UnicodeEncodeError:
            fail(f"{what} '{text}' is no UTF-8 text; rename what it names, for instance by mv", 2)


def _explain(error: Exception) -> NoReturn:
    from search.errors import CacheUnusable, ClusterLost, InputError, MachineFault, ServiceFault, StudyStopped
    from search.machine.lacking import lacking
    from search.text.printable import with_indented_lines
    from search.text.usage import usage_message
    from spaces import SpaceError, TomlError
    from storage.errors import DatabaseUnusable, StudyBusy, translate

    if isinstance(error, typer.Abort):
        fail("nothing was changed; --yes answers the question", 2)
    if isinstance(error, typer.TyperException):
        fail(usage_message(error), 2)
    if isinstance(error, InputError):
        fail(with_indented_lines(str(error)), 2)
    if isinstance(error, SpaceError | TomlError | DatabaseUnusable | StudyBusy):
        fail(str(error), 2)
    if isinstance(error, StudyStopped):
        fail(f"the study was stopped: {error}", 1)
    if isinstance(error, CacheUnusable | ClusterLost | MachineFault | ServiceFault):
        fail(str(error), 3)
    if isinstance(error, OSError) and error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        # Only a path that was given can be so; whoever looked at it first found out.
        name = str(error.filename)
        shown = name if len(name) <= 100 else f"{name[:60]}…{name[-20:]}"
        fail(f"{shown}: {(error.strerror or '').lower()}; give another path", 2)
    storage_error = translate(error)
    if storage_error is not None:
        fail(str(storage_error), 3)
    if refused := lacking(error, known=True):
        fail(refused, 3)
    raise error
