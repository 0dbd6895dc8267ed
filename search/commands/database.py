"""Commands about the database itself: storage check, upgrade, backup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from search.commands.by_need import Commands
from search.commands.options import AsJSON, Force, Storage, url_of
from search.commands.output import echo, echo_line, fail
from storage import StorageURL

app = Commands(help="Look after the database of studies.", no_args_is_help=True)

_SIGNS = {"right": "ok   ", "note": "note ", "wrong": "WRONG"}


@app.command()
def check(storage: Storage = None, as_json: AsJSON = False) -> None:
    """What is right and what is wrong with the database and its artifacts; exit code 3 where something is wrong.

    Example: perceptuna storage check
    """
    from storage.check import Finding, examine

    findings: list[Finding] = []
    for finding in examine(url_of(storage)):
        findings.append(finding)
        if not as_json:
            echo_line(f"{_SIGNS[finding.state]} {finding.text}")
    if as_json:
        echo(json.dumps([{"state": finding.state, "text": finding.text} for finding in findings]))
    wrong = sum(finding.state == "wrong" for finding in findings)
    if wrong:
        fail(f"{wrong} of {len(findings)} findings need somebody to act", 3)


@app.command()
def upgrade(storage: Storage = None) -> None:
    """Bring the tables of another Optuna version up to date; an SQLite file is copied first.

    Example: perceptuna storage upgrade
    """
    from storage.backup import upgrade as upgrade_storage

    url = url_of(storage)
    before, after, copy = upgrade_storage(url)
    if before == after:
        echo(f"{url} is of Optuna's present revision, {after}; nothing to do")
        return
    kept = f"; as it was: {copy}" if copy is not None else ""
    echo(f"brought {url} from revision {before} to {after}{kept}")


@app.command()
def backup(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="the copy to write")],
    force: Force = False,
    storage: Storage = None,
) -> None:
    """Copy the database, its artifacts and rows from Python, also while a study runs; the copy is checked.

    What a service of the database keeps beside it, uploads and tested models, is copied too, also while it serves.

    Example: perceptuna storage backup -o copy.db
    """
    from search.service.backing_up import check_place, copy_files
    from search.text.formats import plural
    from storage.backup import back_up

    url = url_of(storage)
    check_place(output, force=force)
    made = back_up(url, output, force=force)
    rows = f" and {plural(made.rows, 'file')} of rows" if made.rows else ""
    if files := copy_files(url, made.path):
        rows += f" and {plural(files, 'file')} of its service"
    echo(
        f"wrote {made.path}: {made.studies} studies, {made.trials} trials, {made.artifacts} artifacts{rows} beside it; "
        f"use it by{StorageURL.of_file(made.path).option}"
    )
    if made.lost:
        fail(f"{len(made.lost)} artifacts are lost in {url} itself; see `perceptuna storage check`", 3)
