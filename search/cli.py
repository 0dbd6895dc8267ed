"""The command line: parse, make one call, print. Exit codes are decided here and nowhere else.

0 done; 1 the study ended with no usable trial; 2 the user's input is wrong; 3 storage trouble;
130 interrupted, resumable. A bug shows its traceback.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from search.settings import StudySettings
from storage.urls import DEFAULT_URL

if TYPE_CHECKING:
    from rich.console import Console

    from search.launch import Finish
    from search.progress import Progress
    from search.study import Study
    from storage import StorageURL

app = typer.Typer(
    name="perceptuna",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
space_app = typer.Typer(help="Look at search spaces.", no_args_is_help=True)
data_app = typer.Typer(help="Look at data.", no_args_is_help=True)
app.add_typer(space_app, name="space")
app.add_typer(data_app, name="data")


def _print_version(wanted: bool) -> None:
    if wanted:
        from search.study import program_version

        typer.echo(f"perceptuna {program_version()}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", help="print the version", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Search hyperparameters of Keras multi-layer perceptrons: launch a study, browse it, resume it."""


def main() -> NoReturn:
    """Run a command and exit; the one place where errors become messages and exit codes."""
    try:
        returned = app(standalone_mode=False)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:
        # The reader of our output is gone (`| head`); nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        _explain(error)
    # Typer turns Ctrl-C into this number, and the exits of --help and of completion into theirs.
    if returned == 130:
        _fail("interrupted", 130)
    sys.exit(returned if isinstance(returned, int) else 0)


def _explain(error: Exception) -> NoReturn:
    from search.errors import InputError, StudyStopped
    from search.usage import usage_message
    from spaces import SpaceError, TomlError
    from storage.errors import DatabaseUnusable, StudyBusy, translate

    if isinstance(error, typer.Abort):
        _fail("nothing was changed; --yes answers the question", 2)
    if isinstance(error, typer.TyperException):
        _fail(usage_message(error), 2)
    if isinstance(error, InputError | SpaceError | TomlError | DatabaseUnusable | StudyBusy):
        _fail(str(error), 2)
    if isinstance(error, StudyStopped):
        _fail(f"the study was stopped: {error}", 1)
    storage_error = translate(error)
    if storage_error is not None:
        _fail(str(storage_error), 3)
    raise error


def _fail(message: str, code: int) -> NoReturn:
    for line in message.splitlines():
        typer.echo(f"perceptuna: {line}", err=True)
    sys.exit(code)


def _option(field: str, *names: str, metavar: str | None = None, show_default: str | None = None) -> Any:
    """A command-line option for a setting, with the setting's own description and default."""
    described = StudySettings.model_fields[field]
    default = described.default if show_default is None else show_default
    return typer.Option(
        *(names or (f"--{field.replace('_', '-')}",)),
        help=described.description,
        metavar=metavar,
        show_default=str(default) if default is not None else False,
    )


StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="name of the study")]
Storage = Annotated[
    str | None,
    typer.Option(
        envvar="PERCEPTUNA_STORAGE",
        metavar="URL",
        help="database of studies: sqlite:///FILE.db or postgresql://…",
        show_default=DEFAULT_URL,
    ),
]
AsJSON = Annotated[bool, typer.Option("--json", help="print JSON, for programs")]


def _url(storage: str | None) -> StorageURL:
    from storage import StorageURL

    return StorageURL.parse(storage or DEFAULT_URL)


@app.command()
def run(
    study: StudyName,
    data: Annotated[str | None, _option("data", metavar="SOURCE")] = None,
    target: Annotated[str | None, _option("target", metavar="COLUMN")] = None,
    task: Annotated[str | None, _option("task", metavar="classification|regression")] = None,
    header: Annotated[bool | None, _option("header", "--header/--no-header", show_default="header")] = None,
    separator: Annotated[str | None, _option("separator", metavar="CHARACTER")] = None,
    image_size: Annotated[str | None, _option("image_size", metavar="HEIGHTxWIDTH")] = None,
    val_fraction: Annotated[float | None, _option("val_fraction", metavar="SHARE")] = None,
    test_fraction: Annotated[float | None, _option("test_fraction", metavar="SHARE")] = None,
    space: Annotated[str | None, _option("space", metavar="NAME|FILE")] = None,
    trials: Annotated[int | None, _option("trials", metavar="N")] = None,
    timeout: Annotated[str | None, _option("timeout", metavar="TIME")] = None,
    epochs: Annotated[int | None, _option("epochs", metavar="N")] = None,
    patience: Annotated[int | None, _option("patience", metavar="N")] = None,
    metric: Annotated[
        str | None, _option("metric", metavar="NAME", show_default="val_accuracy or val_mae")
    ] = None,
    sampler: Annotated[str | None, _option("sampler", metavar="tpe|random|gp|qmc|cmaes")] = None,
    pruner: Annotated[str | None, _option("pruner", metavar="hyperband|asha|median|none")] = None,
    seed: Annotated[int | None, _option("seed", metavar="N")] = None,
    workers: Annotated[int | None, _option("workers", metavar="N", show_default="one per core")] = None,
    threads: Annotated[int | None, _option("threads", metavar="N")] = None,
    precision: Annotated[str | None, _option("precision", metavar="auto|float32|bfloat16")] = None,
    storage: Storage = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="settings; the command line wins")
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Start a study.

    SOURCE is digits, mnist, fashion_mnist, cifar10, cifar100,
    FILE.npz, FILE.csv, FILE.parquet, or a FOLDER of class folders.

    Example: perceptuna run my-first --data digits --space small --trials 20
    """
    given = {name: value for name, value in locals().items() if name in StudySettings.model_fields}
    from search.launch import start
    from search.settings import load_settings

    settings, of_command = load_settings(config, given)
    url = _url(storage or of_command.get("storage"))
    finish = start(study, url, settings, _progress_maker(as_json), _say(as_json))
    _conclude(finish, as_json)


@app.command()
def resume(
    study: StudyName,
    trials: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="new total of finished trials")
    ] = None,
    add: Annotated[int | None, typer.Option(min=1, metavar="N", help="raise the total by this many")] = None,
    timeout: Annotated[str | None, _option("timeout", metavar="TIME")] = None,
    workers: Annotated[int | None, _option("workers", metavar="N", show_default="as before")] = None,
    threads: Annotated[int | None, _option("threads", metavar="N", show_default="as before")] = None,
    storage: Storage = None,
    as_json: AsJSON = False,
) -> None:
    """Go on with a study that was finished, interrupted or killed; its settings are in the study.

    Example: perceptuna resume my-first --add 10
    """
    from search.errors import InputError
    from search.launch import resume as resume_study

    if trials is not None and add is not None:
        raise InputError("--trials sets a total and --add raises it; give one of them")
    changes = {"trials": trials, "timeout": timeout, "workers": workers, "threads": threads}
    finish = resume_study(study, _url(storage), changes, add, _progress_maker(as_json), _say(as_json))
    _conclude(finish, as_json)


@app.command()
def stop(study: StudyName, storage: Storage = None) -> None:
    """Ask a running study to stop; its trials end at their next epoch and are run again on resume.

    Example: perceptuna stop my-first
    """
    from search.errors import InputError
    from search.study import STOP_REQUESTED, load_study
    from storage import is_driven

    url = _url(storage)
    loaded = load_study(study, url)
    if not is_driven(url, study):
        raise InputError(f"study '{study}' is not running")
    loaded.optuna.set_user_attr(STOP_REQUESTED, True)
    typer.echo(f"asked study '{study}' to stop; go on later with `perceptuna resume {study}{url.option}`")


@app.command("list")
def list_studies(storage: Storage = None, as_json: AsJSON = False) -> None:
    """All studies with their state.

    Example: perceptuna list
    """
    from search.analysis.overview import overviews

    url = _url(storage)
    rows = overviews(url)
    if as_json:
        typer.echo(json.dumps([row.to_json() for row in rows]))
        return
    if not rows:
        typer.echo(f"no studies in {url}; start one with `perceptuna run STUDY{url.option}`")
        return
    from search.analysis.terminal import overview_table

    _console().print(overview_table(rows))


@app.command()
def show(
    study: StudyName,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="rows of the leaderboard")] = 10,
    trial: Annotated[int | None, typer.Option(min=0, metavar="K", help="everything on one trial")] = None,
    storage: Storage = None,
    as_json: AsJSON = False,
) -> None:
    """The leaderboard of a study, or everything on one trial.

    Example: perceptuna show my-first --top 5
    """
    from search.analysis import terminal
    from search.study import load_study

    loaded = load_study(study, _url(storage))
    if trial is not None:
        facts = terminal.trial_facts(loaded, trial)
        _print(json.dumps(facts) if as_json else terminal.trial_table(facts))
    elif as_json:
        typer.echo(json.dumps(terminal.study_facts(loaded, top)))
    else:
        _print(terminal.study_view(loaded, top))


@app.command()
def delete(
    study: StudyName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    storage: Storage = None,
) -> None:
    """Delete a study with its trials and artifacts.

    Example: perceptuna delete my-first --yes
    """
    from search.study import delete_study, load_study

    loaded = load_study(study, _url(storage))
    if not yes:
        count = len(loaded.optuna.get_trials(deepcopy=False))
        typer.confirm(f"delete study '{study}' with {count} trials and their artifacts?", abort=True)
    delete_study(loaded)
    typer.echo(f"deleted study '{study}'")


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="N", help="port to listen on")] = 8080,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="address to listen on")] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", envvar="PERCEPTUNA_TOKEN", help="ask for it; made up on other addresses"
        ),
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="refuse every change")] = False,
    storage: Storage = None,
) -> None:
    """Browse studies in optuna-dashboard, on this machine alone unless told otherwise.

    Example: perceptuna dashboard --port 8081
    """
    from search.dashboard import serve

    serve(_url(storage), host=host, port=port, token=token, read_only=read_only, say=typer.echo)


@app.command()
def export(
    study: StudyName,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.keras", help="the model to write")],
    trial: Annotated[int | None, typer.Option(min=0, metavar="K", help="this trial, not the best")] = None,
    storage: Storage = None,
) -> None:
    """Write a study's model as a .keras file that takes raw rows or images, and its facts as JSON beside it.

    Example: perceptuna export my-first -o best.keras
    """
    from search.analysis.export import export_model
    from search.study import load_study

    model, facts = export_model(load_study(study, _url(storage)), output, trial)
    typer.echo(f"wrote {model} and {facts}")


@space_app.command("show")
def space_show(
    space: Annotated[str, typer.Argument(metavar="NAME|FILE", help="a preset or a TOML file")],
    as_json: AsJSON = False,
) -> None:
    """What a space tries for each hyperparameter.

    Example: perceptuna space show mlp
    """
    from search.analysis.terminal import space_table
    from spaces import load_space

    loaded = load_space(space)
    _print(loaded.to_json() if as_json else space_table(space, loaded))


@space_app.command("check")
def space_check(
    space: Annotated[str, typer.Argument(metavar="NAME|FILE", help="a preset or a TOML file")],
) -> None:
    """Whether a space file is right, and if not, where and why.

    Example: perceptuna space check small
    """
    from spaces import load_space

    loaded = load_space(space)
    typer.echo(f"{space}: right, {loaded.summary()}")


@data_app.command("show")
def data_show(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="as for `run --data`")],
    target: Annotated[str | None, _option("target", metavar="COLUMN")] = None,
    task: Annotated[str | None, _option("task", metavar="classification|regression")] = None,
    header: Annotated[bool | None, _option("header", "--header/--no-header", show_default="header")] = None,
    separator: Annotated[str | None, _option("separator", metavar="CHARACTER")] = None,
    image_size: Annotated[str | None, _option("image_size", metavar="HEIGHTxWIDTH")] = None,
    as_json: AsJSON = False,
) -> None:
    """Shape, types, classes, balance and missing values of a data source.

    Example: perceptuna data show digits
    """
    given = {name: value for name, value in locals().items() if name in StudySettings.model_fields}
    from search.analysis.terminal import data_view
    from search.data import describe, read_source
    from search.settings import load_settings
    from search.tensorflow_log import tensorflow_log_silenced

    settings, _ = load_settings(None, {**given, "data": source})
    with tensorflow_log_silenced():  # Keras loads its own sets
        summary = describe(read_source(settings.data_request()))
    _print(json.dumps(summary.to_json()) if as_json else data_view(source, summary))


def _progress_maker(as_json: bool) -> Any:
    def make(study: Study, settings: StudySettings) -> Progress:
        from search.progress import JSONLines, LiveTable, PlainLines, Tally

        best = study.best_trial()
        finished = len(study.finished())
        tally = Tally(
            study=study.name,
            resume=f"perceptuna resume {study.name}{study.url.option}",
            metric=study.metric,
            direction=study.direction,
            budget=settings.trials,
            finished=finished,
            started_at=finished,
            best=None if best is None else best.value,
            best_number=None if best is None else best.number,
        )
        if as_json:
            return JSONLines(tally, typer.echo)
        console = _console()
        return (
            LiveTable(tally, console, settings.epochs)
            if console.is_terminal
            else PlainLines(tally, typer.echo)
        )

    return make


def _say(as_json: bool) -> Any:
    """Remarks go to standard error where standard output is for programs."""
    return lambda text: typer.echo(text, err=as_json)


def _conclude(finish: Finish, as_json: bool) -> NoReturn:
    """Print the result and how to go on; exit as the contract says."""
    from search.analysis import terminal

    study, name = finish.study, finish.study.name
    if as_json:
        typer.echo(json.dumps({"event": finish.ending, **terminal.study_facts(study, 5)}))
    else:
        _print(terminal.study_view(study, 5))
        for line in terminal.next_steps(study, finish.ending):
            typer.echo(line)
    if finish.ending == "interrupted":
        _fail(f"interrupted; go on with: perceptuna resume {name}{study.url.option}", 130)
    if study.best_trial() is None:
        _fail(
            f"study '{name}' ended with no complete trial; see why with `perceptuna show {name}{study.url.option}`",
            1,
        )
    sys.exit(0)


def _print(what: Any) -> None:
    if isinstance(what, str):
        typer.echo(what)
    else:
        _console().print(what)


def _console() -> Console:
    from rich.console import Console

    # A pipe has no width; 80 columns would cut what a line says.
    return Console() if sys.stdout.isatty() else Console(width=160)
