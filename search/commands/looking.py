"""Commands that only look at studies: list, show, report, tensorboard, dashboard."""

from __future__ import annotations

import json
import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.commands.by_need import Commands
from search.commands.options import AsJSON, Force, Storage, StudyName, study_of, url_of
from search.commands.output import console, echo, print_out
from search.commands.remote import Service, list_there, report_there, service_of, show_there
from search.errors import InputError
from search.study.links import DEFAULT_HOST, DEFAULT_PORT, how_to_browse

if TYPE_CHECKING:
    from search.study.study import Study

app = Commands()


@app.command("list")
def list_studies(storage: Storage = None, service: Service = None, as_json: AsJSON = False) -> None:
    """All studies with their state, progress and best value, and when they began and how long they ran.

    Example: perceptuna list
    """
    if (there := service_of(service, storage)) is not None:
        list_there(there, as_json)
        return
    from search.analysis.facts.overview import overviews

    url = url_of(storage)
    rows = overviews(url)
    if as_json:
        echo(json.dumps([row.to_json() for row in rows]))
        return
    if not rows:
        echo(f"no studies in {url}; start one with `perceptuna run STUDY --data SOURCE{url.option}`")
        return
    from search.analysis.terminal.overview import overview_table
    from search.service.owners import owners

    console().print(overview_table(rows, owners(url), datetime.now()))


@app.command()
def show(
    study: StudyName,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="rows of the leaderboard")] = 10,
    trial: Annotated[int | None, typer.Option(min=0, metavar="K", help="everything on one trial")] = None,
    model: Annotated[
        bool, typer.Option("--model", help="what the best model goes by, on the validation rows")
    ] = False,
    storage: Storage = None,
    service: Service = None,
    as_json: AsJSON = False,
) -> None:
    """Where a study stands, its leaderboard, best configuration and what mattered; or everything on one trial.

    With --model instead which columns matter to the best model, what it answers along them, and which rows it gets
    most wrong.

    Example: perceptuna show my-first --top 5
    """
    from search.analysis.terminal import study as terminal_study
    from search.analysis.terminal import trial as terminal_trial

    there = service_of(service, storage, model=model, top=top if top != 10 else None)
    if there is not None:
        show_there(there, study, trial, as_json)
        return
    if model and trial is not None:
        raise InputError("--model is about the best trial's model; leave --trial or --model out")
    loaded = study_of(study, storage)
    if model:
        _show_model(loaded, as_json)
    elif trial is not None:
        facts = terminal_trial.trial_json(loaded, trial)
        print_out(json.dumps(facts) if as_json else terminal_trial.trial_view(facts))
        _say_how_to_browse(loaded, trial, as_json)
    elif as_json:
        echo(json.dumps(terminal_study.study_json(loaded, top)))
    else:
        print_out(terminal_study.study_view(loaded, top))
        _say_how_to_browse(loaded, None, as_json)


def _show_model(study: Study, as_json: bool) -> None:
    from rich.console import Group

    from search.analysis.terminal.explanation import explanation_parts
    from search.answering.explaining.validation import CHOSEN_BY, explain_study
    from search.machine.cores import available_cores

    found = explain_study(study, available_cores())
    echo(f"perceptuna: {CHOSEN_BY}", err=True)
    print_out(json.dumps(found.to_json()) if as_json else Group(*explanation_parts(found)))


def _say_how_to_browse(study: Study, trial: int | None, as_json: bool) -> None:
    if not as_json:
        echo(f"\nbrowse:  {how_to_browse(study, trial)}")


@app.command()
def compare(
    studies: Annotated[list[str], typer.Argument(metavar="STUDY...", help="names of two or more studies")],
    storage: Storage = None,
    service: Service = None,
    as_json: AsJSON = False,
) -> None:
    """Put studies side by side: settings that differ, best and confirmed values, reference models, time.

    Says so where their values are not comparable, since their data, split or metric differ.

    Example: perceptuna compare my-first my-second
    """
    from search.analysis.facts.comparison import Comparison, comparison_of
    from search.analysis.terminal.comparison import comparison_view

    if (there := service_of(service, storage)) is not None:
        found = Comparison.from_json(there.compare(studies))
    else:
        found = comparison_of([study_of(name, storage) for name in studies])
    print_out(json.dumps(found.to_json()) if as_json else comparison_view(found))


@app.command()
def report(
    study: StudyName,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.html", help="the page to write")],
    top: Annotated[int, typer.Option(min=1, metavar="N", help="rows of the leaderboard")] = 20,
    force: Force = False,
    storage: Storage = None,
    service: Service = None,
) -> None:
    """A study as one HTML file to send: leaderboard, figures, cost, how to reproduce it. Opens offline.

    Example: perceptuna report my-first -o report.html
    """
    if (there := service_of(service, storage, top=top if top != 20 else None)) is not None:
        report_there(there, study, output, force)
        return
    from search.analysis.report import write_report

    write_report(study_of(study, storage), output, top, force=force)
    echo(f"wrote {output}")


@app.command()
def tensorboard(
    study: StudyName,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="a new or empty folder")],
    histograms: Annotated[
        int | None,
        typer.Option(min=0, metavar="K", help="train this trial again, for its weights and model"),
    ] = None,
    storage: Storage = None,
) -> None:
    """Write a study as event files for TensorBoard: scalars of every trial, and its HParams tab.

    With --histograms also weight histograms of one trial after each epoch, and its model: it is trained again.

    Example: perceptuna tensorboard my-first -o runs --histograms 3
    """
    from search.analysis.tensorboard.runs import write_study

    trials = write_study(study_of(study, storage), output, histograms, echo)
    echo(f"wrote {trials} trials; look at them with: tensorboard --logdir {shlex.quote(str(output))}")


@app.command()
def dashboard(
    port: Annotated[
        int, typer.Option(min=1, max=65535, metavar="N", help="port to listen on")
    ] = DEFAULT_PORT,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="address to listen on")] = DEFAULT_HOST,
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            envvar="PERCEPTUNA_TOKEN",
            help="what visitors must give; made up where there is none",
        ),
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="refuse every change")] = False,
    storage: Storage = None,
) -> None:
    """Browse studies in optuna-dashboard, on this machine alone unless told otherwise.

    Example: perceptuna dashboard --port 8081
    """
    from search.dashboard import serve
    from search.service.shell import rename_here

    serve(
        url_of(storage),
        host=host,
        port=port,
        token=token,
        read_only=read_only,
        say=echo,
        rename=rename_here,  # a service that has the study knows it by its name
    )
