"""What commands do with --service: ask a team's service in place of a database, and print what it says."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from search.commands.options import OUTPUT
from search.commands.output import console, echo, fail
from search.errors import InputError

if TYPE_CHECKING:
    from search.client.service_client import ServiceClient, StudyRow

SERVICE_SETTING = "PERCEPTUNA_SERVICE"
Service = Annotated[
    str | None,
    typer.Option(
        envvar=SERVICE_SETTING,
        metavar="URL",
        help="ask the service there, as who has the token $PERCEPTUNA_TOKEN; not a database",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]


Detach = Annotated[
    bool, typer.Option("--detach", help="with --service, return at once", rich_help_panel=OUTPUT)
]


def refuse_without_service(**asked: bool) -> None:
    """Raises InputError where something is asked that only a service does."""
    for name, wanted in asked.items():
        if wanted:
            raise InputError(f"--{name}: is for a team's service; name that by --service")


def service_of(service: str | None, storage: str | None, **not_there: Any) -> ServiceClient | None:
    """The service that a command is to ask; None where it is to use a database.

    --storage is before $PERCEPTUNA_SERVICE.

    Args:
        not_there: options by name that a service does not take, with what they were given.

    Raises:
        InputError: both are given, or one of `not_there` is.
    """
    if not service:
        return None
    if storage is not None and storage != os.environ.get("PERCEPTUNA_STORAGE"):
        if service == os.environ.get(SERVICE_SETTING):
            return None
        raise InputError("--service and --storage: a study is in one of them; leave the other out")
    given = [name for name, value in not_there.items() if value is not None and value is not False]
    if given:
        raise InputError(f"--{given[0].replace('_', '-')}: --service does not take it; leave it out")
    from search.client.service_client import ServiceClient

    return ServiceClient(service)


def end_there(client: ServiceClient, study: str, as_json: bool) -> NoReturn:
    """What was found, and the exit code of `perceptuna run`."""
    row = client.study(study)
    if not as_json:
        print_study(row)
    go_on = f"go on with: {command('resume', client, study)}"
    if row["owner"] is None:
        go_on = f"a shell began it, and goes on with it by `perceptuna resume {study}`"
    if row["state"] == "failed" and row["job"] is None and row["details"] is None:
        fail(
            f"study '{study}' could not begin: {row['reason']}; mend that, and hand it in again by the same name",
            1,
        )
    if row["state"] == "failed":
        fail(f"study '{study}' failed: {row['reason']}; {go_on}", 1)
    if row["state"] != "finished":
        fail(f"study '{study}' is {row['state']}; {go_on}", 130)
    if row["best"] is None and row["job"] is None:
        fail(f"study '{study}' ended with no complete trial; see {link(client, study)}", 1)
    raise typer.Exit


def list_there(client: ServiceClient, as_json: bool, *, waiting: bool = False) -> None:
    """`list --service`; of what waits and runs alone, `queue --service`."""
    from search.analysis.terminal.ranked_table import RankedTable
    from search.text.formats import number, share_done

    rows = client.studies()
    if waiting:
        rows = [row for row in rows if row["state"] in ("queued", "running", "pausing", "stopping", "paused")]
    if as_json:
        echo(json.dumps(rows))
        return
    if not rows:
        echo(f"nothing {'waits or runs' if waiting else 'was handed in'} at {client.address.shown}")
        return
    headers = ("study", "state", "owner", "trials", "metric", "best", "reason")
    cells = [
        (
            *(row["study"], row["state"], row["owner"] or "", share_done(row["finished"], row["budget"])),
            *(row["metric"] or "", number(row["best"]), row["reason"]),
        )
        for row in rows
    ]
    console().print(RankedTable(headers, cells, {3, 5}, ("metric", "owner", "reason", "best")))


def show_there(client: ServiceClient, study: str, trial: int | None, as_json: bool) -> None:
    """`show --service`."""
    from search.analysis.terminal.trial import trial_view
    from search.commands.output import print_out

    if trial is not None:
        facts = client.trial(study, trial)
        print_out(json.dumps(facts) if as_json else trial_view(facts))
        return
    row = client.study(study)
    if as_json:
        # Where both say something, the service knows more: it has the queue.
        echo(json.dumps({**(row["details"] or {}), **{key: row[key] for key in row if key != "details"}}))  # type: ignore[literal-required]
        return
    print_study(row)
    echo(f"\nbrowse:  {link(client, study)}")


def _print_front(aims: list[str], entries: list[dict[str, Any]]) -> None:
    """Of a study of several aims."""
    from search.analysis.terminal.tables import plain_table
    from search.settings.aims import aim_value, aims_in_words, column_of
    from search.text.formats import duration
    from search.text.printable import printable

    echo(aims_in_words(aims))
    headers = ("trial", *map(column_of, aims), "time", "hyperparameters")
    rows = (
        (
            str(one["trial"]),
            *(aim_value(aim, one["aims"].get(aim)) for aim in aims),
            duration(one["seconds"]),
            printable(one["what"]),
        )
        for one in entries
    )
    console().print(plain_table(headers, rows, right=range(len(aims) + 2)))


def print_study(row: StudyRow) -> None:
    """Where it stands, and its leaderboard."""
    from search.analysis.terminal.ranked_table import RankedTable
    from search.text.formats import duration, number

    owner = f" of {row['owner']}" if row["owner"] else ""
    echo(f"study {row['study']}{owner}  {row['state']}  {row['finished']:,}/{row['budget'] or '?'} trials")
    if row["reason"]:
        echo(f"  {row['reason']}")
    if row["reference"] is not None:
        echo(f"best reference model: {row['metric']} {number(row['reference'])}")
    details = row["details"] or {}
    if details.get("front"):
        _print_front(details["aims"], details["front"])
        return
    board = details.get("leaderboard", [])
    if not board:
        echo("no complete trial yet")
        return
    headers = ("rank", "trial", row["metric"] or "value", "time", "hyperparameters")
    rows = [
        (
            str(one["rank"]),
            str(one["trial"]),
            number(one["validation"]),
            duration(one["seconds"]),
            one["what"],
        )
        for one in board
    ]
    console().print(RankedTable(headers, rows, {0, 1, 2, 3}, ("time", "rank", "hyperparameters")))


def ask_there(
    client: ServiceClient,
    study: str,
    verb: str,
    changes: Mapping[str, Any] | None = None,
    add: int | None = None,
) -> None:
    """`pause`, `resume`, `stop` and `cancel` with --service; `changes` of the budget are made first.

    `add` is how many trials more there are to be, where `changes` do not say how many in all.
    """
    wanted = {name: value for name, value in (changes or {}).items() if value is not None}
    if add is not None:
        wanted["trials"] = (client.study(study)["budget"] or 0) + add
    if wanted:
        client.change(study, wanted)
    row = client.ask(study, verb)
    echo(f"study '{study}' is {row['state']}; {how_to_look(client, study)}")


def report_there(client: ServiceClient, study: str, output: Path, force: bool) -> None:
    """`report --service`."""
    from search.client.downloads import write_report

    write_report(client, study, output, force=force)
    echo(f"wrote {output}")


def export_there(client: ServiceClient, study: str, output: Path, force: bool) -> None:
    """`export --service`."""
    from search.client.downloads import write_model

    beside = write_model(client, study, output, force=force)
    echo(f"wrote {output} and {beside}")


def link(client: ServiceClient, study: str) -> str:
    return f"{client.address.shown}/studies/{study}"


def command(words: str, client: ServiceClient, study: str) -> str:
    return f"perceptuna {words} {study} --service {shlex.quote(client.address.shown)}"


def how_to_look(client: ServiceClient, study: str) -> str:
    return f"look with `{command('show', client, study)}`, end it with `{command('cancel', client, study)}`"
