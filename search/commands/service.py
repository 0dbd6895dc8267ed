"""Commands of the service for a team: serve, queue, pause, cancel, service token add, list, revoke."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from search.commands.by_need import Commands
from search.commands.options import MACHINE, AsJSON, Storage, StudyName, url_of
from search.commands.output import console, echo
from search.commands.remote import Service, ask_there, list_there, service_of
from search.errors import InputError

app = Commands()
service_app = Commands(no_args_is_help=True, help="Who may use the service.")
token_app = Commands(no_args_is_help=True, help="Tokens of the service's users.")
service_app.add_typer(token_app, name="token")

DEFAULT_PORT = 8090
Name = Annotated[str, typer.Argument(metavar="NAME", help="name of the user")]


@app.command()
def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="address to listen on")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=1, max=65535, metavar="N", help="port to listen on")
    ] = DEFAULT_PORT,
    slots: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1024,
            metavar="N",
            help="trials at the same time, of all studies together",
            show_default="one per core",
            rich_help_panel=MACHINE,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="users may name files in it", show_default=False),
    ] = None,
    upload_limit: Annotated[
        str, typer.Option(metavar="SIZE", help="largest file that users may send")
    ] = "1GB",
    warm: Annotated[
        bool,
        typer.Option(
            "--warm/--cold",
            help="keep a driver with one worker ready, of some 500 MB, so that the next study begins at once",
            rich_help_panel=MACHINE,
        ),
    ] = True,
    notify_private: Annotated[
        bool,
        typer.Option(
            "--notify-private", help="studies may notify addresses of this machine and of private networks"
        ),
    ] = False,
    log_format: Annotated[
        str, typer.Option(metavar="FORMAT", help="text, or json: an object a line, requests too")
    ] = "text",
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", hidden=True)] = None,
    storage: Storage = None,
) -> None:
    """Take studies in over HTTP, have them run in turn, and show them: for a team, or for yourself.

    It goes on by itself after it was ended or killed. Until somebody has a token it listens on this machine alone, and
    prints a link for you.

    Example: perceptuna serve --data tables --slots 4
    """
    if cluster is not None:
        raise InputError(
            "--cluster: a service trains on its own machine, since a study takes a cluster's workers whole and would "
            "not share them; run one there by `perceptuna run --cluster`, which the service shows"
        )
    from search.machine.cores import available_cores
    from search.service.logs import check_log_format, say_as_json
    from search.service.serve import serve as serve_studies

    logs = check_log_format(log_format)
    serve_studies(
        url_of(storage),
        host=host,
        port=port,
        slots=slots or available_cores(),
        data=data,
        largest_upload=_size(upload_limit),
        say=say_as_json(echo) if logs == "json" else echo,
        warm=warm,
        notify_private=notify_private,
        log_format=logs,
    )


@app.command()
def queue(
    study: Annotated[
        str | None,
        typer.Argument(metavar="[STUDY]", help="name of a study that is to go on", show_default=False),
    ] = None,
    storage: Storage = None,
    service: Service = None,
    as_json: AsJSON = False,
) -> None:
    """Show what waits for the service and what it runs; or have it go on with STUDY, whoever began that.

    Example: perceptuna queue my-first
    """
    if (there := service_of(service, storage)) is not None:
        if study is None:
            list_there(there, as_json, waiting=True)
        else:
            ask_there(there, study, "resume")
        return
    from search.service.shell import queue_rows, queue_study

    url = url_of(storage)
    if study is not None:
        queue_study(url, study)
        echo(f"study '{study}' is queued; `perceptuna serve{url.option}` runs it when it is its turn")
        return
    rows = queue_rows(url)
    if as_json:
        echo(json.dumps(rows))
    elif not rows:
        echo(f"nothing was handed in to {url}")
    else:
        from search.analysis.terminal.tables import plain_table

        headers = ("study", "state", "owner", "priority", "slots", "trials", "reason")
        console().print(plain_table(headers, [[str(row[name]) for name in headers] for row in rows]))


@app.command()
def pause(study: StudyName, storage: Storage = None, service: Service = None) -> None:
    """Have the service leave a study alone until it is queued again; its trials end at their next epoch.

    Example: perceptuna pause my-first
    """
    if (there := service_of(service, storage)) is not None:
        ask_there(there, study, "pause")
        return
    from search.service.shell import ask_study

    ask_study(url := url_of(storage), study, "pause")
    echo(f"study '{study}' pauses; `perceptuna queue {study}{url.option}` has it go on")


@app.command()
def cancel(study: StudyName, storage: Storage = None, service: Service = None) -> None:
    """Take a study out of the service's queue; what it has found stays.

    Example: perceptuna cancel my-first
    """
    if (there := service_of(service, storage)) is not None:
        ask_there(there, study, "cancel")
        return
    from search.service.shell import ask_study

    ask_study(url := url_of(storage), study, "cancel")
    echo(f"study '{study}' is cancelled; `perceptuna queue {study}{url.option}` has it go on after all")


def _size(text: str) -> int:
    from search.text.quantities import parse_size

    try:
        return parse_size(text)
    except ValueError as error:
        raise InputError(f"--upload-limit: {error}") from None


@token_app.command("add")
def add_token(
    name: Name,
    role: Annotated[str, typer.Option(metavar="ROLE", help="viewer, user or admin")] = "user",
    storage: Storage = None,
) -> None:
    """Give somebody a token, which is printed once. A viewer looks, a user hands studies in, an admin changes all.

    Example: perceptuna service token add anna
    """
    from search.service.users import Users
    from storage import open_storage

    echo(Users(open_storage(url_of(storage), create=True)).add(name, role))


@token_app.command("list")
def list_tokens(storage: Storage = None, as_json: AsJSON = False) -> None:
    """Who has a token, and which role.

    Example: perceptuna service token list
    """
    from search.service.listing import moment
    from search.service.users import kept_tokens
    from storage import open_storage

    tokens = kept_tokens(open_storage(url_of(storage)))
    if as_json:
        echo(json.dumps([{"name": one.name, "role": one.role, "made": moment(one.made)} for one in tokens]))
        return
    for one in tokens:
        echo(f"{one.name}  {one.role}  since {moment(one.made)}")
    if not tokens:
        echo("nobody has a token; give one by `perceptuna service token add NAME`")


@token_app.command("revoke")
def revoke_token(name: Name, storage: Storage = None) -> None:
    """Take somebody's token away, at once.

    Example: perceptuna service token revoke anna
    """
    from search.service.users import Users
    from storage import open_storage

    Users(open_storage(url_of(storage))).revoke(name)
    echo(f"the token of '{name}' is worth nothing any more")
