"""Commands that drive or change a study: run, resume, stop, rename, delete."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from search.commands.by_need import Commands
from search.commands.listening import after_end, listeners
from search.commands.options import (
    BUDGET,
    SEARCH,
    AsJSON,
    Cluster,
    Config,
    MovedData,
    NotifyURL,
    OnEnd,
    Storage,
    StudyName,
    TensorBoard,
    option,
    study_of,
    url_of,
    with_settings,
)
from search.commands.output import echo, fail, print_out
from search.commands.remote import (
    Detach,
    Service,
    ask_there,
    refuse_without_service,
    service_of,
)
from search.machine.interruption import go_on_with
from search.text.printable import printable

if TYPE_CHECKING:
    from search.running.drive import Finish

app = Commands()


@app.command()
@with_settings
def run(
    study: StudyName,
    given: dict[str, Any],
    earlier: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="STUDY",
            help="take over its trials that fit the space; its settings hold where none are given",
            show_default=False,
            rich_help_panel=SEARCH,
        ),
    ] = None,
    allow_different: Annotated[
        bool,
        typer.Option(
            "--allow-different",
            help="take them over although data, metric, epochs or folds differ",
            rich_help_panel=SEARCH,
        ),
    ] = False,
    cluster: Cluster = None,
    tensorboard: TensorBoard = None,
    notify_url: NotifyURL = None,
    on_end: OnEnd = None,
    storage: Storage = None,
    service: Service = None,
    detach: Detach = False,
    config: Config = None,
    as_json: AsJSON = False,
) -> None:
    """Start a study, or with --from the next version of one.

    SOURCE is digits, mnist, fashion_mnist, cifar10, cifar100,
    FILE.npz, FILE.csv, FILE.parquet, or a FOLDER of class folders.

    With --service a team's service runs it: files that are here are sent, and other names are those of the service's
    folder of data. Ctrl-C then leaves the study running there.

    Example: perceptuna run my-first --data digits --space small --trials 20
    """
    there = service_of(
        service,
        storage,
        cluster=cluster,
        tensorboard=tensorboard,
        allow_different=allow_different,
        on_end=on_end,
        **{"from": earlier},
    )
    if there is not None:
        from search.commands.running_there import run_there

        run_there(there, study, given, config, notify_url=notify_url, detach=detach, as_json=as_json)
    refuse_without_service(detach=detach)
    from search.running.asked import SearchOrder, begin
    from search.settings.settings import storage_in

    order = SearchOrder(
        name=study,
        url=url_of(storage or storage_in(config)),
        settings=given,
        config=config,
        cluster=cluster,
        earlier=earlier,
        allow_different=allow_different,
    )
    with after_end(notify_url, on_end) as at_end:
        finish = begin(order, listeners(as_json, tensorboard, at_end))
        _end(finish, as_json)


@app.command()
def resume(
    study: StudyName,
    trials: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="new total of finished trials", rich_help_panel=BUDGET),
    ] = None,
    add: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="raise the total by this many", rich_help_panel=BUDGET),
    ] = None,
    timeout: Annotated[str | None, option("timeout", metavar="TIME")] = None,
    workers: Annotated[int | None, option("workers", metavar="N", show_default="as before")] = None,
    threads: Annotated[int | None, option("threads", metavar="N", show_default="as before")] = None,
    trial_timeout: Annotated[
        str | None, option("trial_timeout", metavar="TIME", show_default="as before")
    ] = None,
    memory_limit: Annotated[
        str | None, option("memory_limit", metavar="SIZE", show_default="as before")
    ] = None,
    data: MovedData = None,
    cluster: Cluster = None,
    tensorboard: TensorBoard = None,
    notify_url: NotifyURL = None,
    on_end: OnEnd = None,
    storage: Storage = None,
    service: Service = None,
    as_json: AsJSON = False,
) -> None:
    """Go on with a study that was finished, interrupted or killed; its settings are in the study.

    Example: perceptuna resume my-first --add 10
    """
    from search.running.resume import refuse_two_budgets, resume_with
    from search.study.study import resume_command

    refuse_two_budgets(trials, add)
    there = service_of(
        service,
        storage,
        threads=threads,
        trial_timeout=trial_timeout,
        memory_limit=memory_limit,
        data=data,
        cluster=cluster,
        tensorboard=tensorboard,
        notify_url=notify_url,
        on_end=on_end,
        json=as_json,
    )
    if there is not None:
        budget = {"trials": trials, "timeout": timeout, "workers": workers}
        ask_there(there, study, "resume", budget, add)
        return
    changes = {
        "trials": trials,
        "timeout": timeout,
        "workers": workers,
        "threads": threads,
        "trial_timeout": trial_timeout,
        "memory_limit": memory_limit,
    }
    url = url_of(storage)
    go_on_with(resume_command(study, url))
    loaded = study_of(study, storage)
    with after_end(notify_url, on_end) as at_end:
        finish = resume_with(loaded, changes, add, listeners(as_json, tensorboard, at_end), cluster, data)
        _end(finish, as_json)


@app.command()
def stop(study: StudyName, storage: Storage = None, service: Service = None) -> None:
    """Ask a running study to stop; its trials end at their next epoch and go on from there on resume, of folds anew.

    Example: perceptuna stop my-first
    """
    if (there := service_of(service, storage)) is not None:
        ask_there(there, study, "stop")
        return
    from search.study.stopping import ask_to_stop

    loaded = study_of(study, storage)
    ask_to_stop(loaded)
    echo(f"asked study '{study}' to stop; go on later with `{loaded.go_on}`")


@app.command()
def rename(
    study: StudyName,
    name: Annotated[str, typer.Argument(metavar="NEW", help="what it is to be called")],
    storage: Storage = None,
    service: Service = None,
) -> None:
    """Give a study another name, and with it the studies that `finalize` and `ablate` made about it.

    Example: perceptuna rename my-first first-look
    """
    if (there := service_of(service, storage)) is not None:
        there.rename(study, name)
        echo(f"study '{study}' is called '{name}' now")
        return
    from search.service.shell import rename_here

    for old, new in rename_here(study_of(study, storage), name).items():
        echo(f"study '{old}' is called '{new}' now")


@app.command()
def delete(
    study: StudyName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    storage: Storage = None,
    service: Service = None,
) -> None:
    """Delete a study with its trials and artifacts, and the studies that `finalize` and `ablate` made about it.

    Rows that Python handed over go too, unless another study has them.

    Example: perceptuna delete my-first --yes
    """
    if (there := service_of(service, storage)) is not None:
        count = there.study(study)["finished"]
        if not yes:
            what = f"delete study '{study}' with {count} trials and its models at {there.address.shown}?"
            typer.confirm(printable(what), abort=True)
        there.delete(study)
        echo(f"deleted study '{study}'")
        return
    from search.study.study import companions_of, delete_with_companions

    loaded = study_of(study, storage)
    doomed = [*companions_of(loaded), loaded]
    if not yes:
        count = sum(len(one.optuna.get_trials(deepcopy=False)) for one in doomed)
        names = " and ".join(f"'{one.name}'" for one in reversed(doomed))
        typer.confirm(printable(f"delete study {names} with {count} trials and their artifacts?"), abort=True)
    for name in delete_with_companions(loaded):
        echo(f"deleted study '{name}'")


def _end(finish: Finish, as_json: bool) -> NoReturn:
    """Print the result and how to go on; exit as the contract says."""
    from search.analysis.terminal import study as terminal_study

    study, name = finish.study, finish.study.name
    if as_json:
        echo(json.dumps({"event": finish.ending, **terminal_study.study_json(study, 5)}))
    else:
        print_out(terminal_study.study_view(study, 5))
        for line in terminal_study.next_steps(study, finish.ending):
            echo(line)
    if finish.ending == "interrupted":
        fail(f"interrupted; go on with: {study.go_on}", 130)
    if study.best_trial() is None:
        fail(
            f"study '{name}' ended with no complete trial; see why with `perceptuna show {name}{study.url.option}`",
            1,
        )
    sys.exit(0)
