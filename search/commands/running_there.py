"""run with --service: a study is handed in and followed, or left alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from search.commands.following import follow_there
from search.commands.output import echo
from search.commands.remote import end_there, how_to_look, link

if TYPE_CHECKING:
    from search.client.service_client import ServiceClient


def run_there(
    client: ServiceClient,
    study: str,
    given: Mapping[str, Any],
    config: Path | None,
    *,
    notify_url: str | None,
    detach: bool,
    as_json: bool,
) -> NoReturn:
    """`run --service`: hand the study in, and follow it unless it is to be left alone."""
    from search.client.handing_in import hand_in

    row = hand_in(client, study, given, config, notify_url=notify_url)
    if detach:
        if as_json:
            echo(json.dumps({**row, "link": link(client, study)}))
        else:
            echo(f"study '{study}' is {row['state']}: {link(client, study)}\n{how_to_look(client, study)}")
        raise typer.Exit
    if not as_json:
        echo(f"study '{study}' is {row['state']}: {link(client, study)}")
    follow_there(client, study, as_json)
    end_there(client, study, as_json)
