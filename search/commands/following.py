"""Following a study that somebody else drives: here by its database, there by its service; Ctrl-C leaves it running."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from search.commands.by_need import Commands
from search.commands.options import AsJSON, Storage, StudyName, url_of
from search.commands.output import console, echo, echo_line, fail, print_out
from search.commands.remote import Service, command, end_there, how_to_look, service_of

if TYPE_CHECKING:
    from search.client.service_client import ServiceClient
    from search.driving.progress import Progress
    from search.study.study import Study
    from storage import StorageURL

app = Commands()

_LOOK_SECONDS = 1.0
# Told once more, by the command itself and with the file that is here.
_CONCLUDED = ("finalized", "ablated")


@app.command()
def follow(
    study: StudyName, storage: Storage = None, service: Service = None, as_json: AsJSON = False
) -> None:
    """Show a study while it runs elsewhere: in another terminal, or by a team's service; until it is over.

    Ctrl-C leaves it running. In a terminal it is the table of `run`, in a pipe its lines.

    Example: perceptuna follow my-first
    """
    if (there := service_of(service, storage)) is not None:
        row = there.study(study)
        follow_there(there, study, as_json, again=command("follow", there, study), events=bool(row["owner"]))
        end_there(there, study, as_json)
    _follow_here(url_of(storage), study, as_json)


def follow_there(
    client: ServiceClient, study: str, as_json: bool, *, again: str = "", events: bool = True
) -> None:
    """A study of a service until it is over: as a table in a terminal, else its lines as they come.

    Args:
        again: the command that waits for it anew, where that is not `show`.
        events: whether the service has its lines; not of a study that a shell has begun.
    """
    from search.analysis.facts.following import progress_from_json
    from search.client.following import watch

    def told() -> Iterator[tuple[str, Progress | None]]:
        for one in watch(client, study):
            yield one["state"], one["progress"] and progress_from_json(one["progress"])

    try:
        if not as_json and console().is_terminal:
            _draw(study, told())
        elif events:
            _lines_there(client, study, as_json)
        else:
            for _ in told():
                pass
    except KeyboardInterrupt:
        how = f"wait for it with: {again}" if again else how_to_look(client, study)
        fail(f"study '{study}' goes on there; {how}", 130)


def _lines_there(client: ServiceClient, study: str, as_json: bool) -> None:
    from search.client.following import ENDED
    from search.client.following import follow as events_of
    from search.client.words import EventLines

    lines = EventLines()
    for event in events_of(client, study):
        if event["event"] == ENDED:
            return
        if event["event"] not in _CONCLUDED:
            _tell(event, lines, as_json)


def _follow_here(url: StorageURL, name: str, as_json: bool) -> NoReturn:
    from search.analysis.facts.following import Followed, progress_of
    from search.client.words import EventLines
    from search.study.study import load_study

    study = load_study(name, url)
    study.refuse_foreign()
    try:
        if not as_json and console().is_terminal:
            _draw(name, (("", progress_of(one)) for one in _until_over(study)))
        else:
            followed, lines = Followed(study), EventLines()
            for one in _until_over(study):
                for event in followed.changes(one):
                    _tell(event, lines, as_json)
    except KeyboardInterrupt:
        fail(f"study '{name}' goes on; follow it again with: perceptuna follow {name}{url.option}", 130)
    _end_here(load_study(name, url, study.storage), as_json)


def _until_over(study: Study) -> Iterator[Study]:
    """The study as it is now, again and again, until nobody drives it and no service is about to."""
    from search.service.shell import ServicesStudies
    from search.study.study import load_study
    from storage import is_driven

    services = ServicesStudies(study.storage)
    while True:
        goes_on = is_driven(study.url, study.name) or services.is_to_run(study.name)
        yield load_study(study.name, study.url, study.storage)
        if not goes_on:
            return
        time.sleep(_LOOK_SECONDS)


def _end_here(study: Study, as_json: bool) -> NoReturn:
    """What it found; 1 where that is nothing."""
    from search.analysis.terminal.study import next_steps, study_json, study_view

    done = len(study.finished()) >= study.settings.trials
    if as_json:
        echo(json.dumps({"event": "budget" if done else "interrupted", **study_json(study, 5)}))
    else:
        print_out(study_view(study, 5))
        for line in next_steps(study, "budget" if done else "timeout"):
            echo(line)
    if study.best_trial() is None:
        fail(f"study '{study.name}' has no complete trial; go on with: {study.go_on}", 1)
    raise typer.Exit


def _tell(event: dict[str, Any], lines: Any, as_json: bool) -> None:
    line = json.dumps(event) if as_json else lines.line_of(event)
    if line is not None:
        echo_line(line)


def _draw(study: str, told: Iterator[tuple[str, Progress | None]]) -> None:
    """The table of `run`, of what `told` says: a state, and how far it is once that is known."""
    from search.analysis.terminal.live_table import LiveTable

    table = LiveTable(console(), echo_line, leaves="Ctrl-C leaves the study running")
    said, last, began = "", None, (0, time.monotonic())
    try:
        for state, progress in told:
            if progress is None:
                if state != said:
                    echo_line(f"study '{study}' is {state}")
                said = state
                continue
            if last is None:
                began = (progress.epochs, time.monotonic())
                table.workers_started(progress)
            # The pace is that since somebody looks.
            progress.epochs, progress.started = max(0, progress.epochs - began[0]), began[1]
            table.ticked(progress)
            last = progress
    finally:
        if last is not None:
            table.closed(last)
