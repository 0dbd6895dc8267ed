"""Commands that draw a conclusion from a study: finalize, ablate."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from search.commands.by_need import Commands
from search.commands.listening import after_end, listeners
from search.commands.options import (
    OUTPUT,
    AsJSON,
    Cluster,
    Force,
    MovedData,
    NotifyURL,
    Storage,
    StudyName,
    ensemble_option,
    option,
    study_of,
)
from search.commands.output import echo, fail, print_out
from search.commands.remote import Detach, Service, refuse_without_service, service_of
from search.machine.interruption import go_on_with

app = Commands()


def _seeds(of: str) -> Any:
    """The option for the seeds that each `of` is trained on; one seed alone shows no spread."""
    return typer.Option(min=2, max=1000, metavar="N", help=f"fresh seeds that each {of} is trained on")


@app.command()
def finalize(
    study: StudyName,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.keras", help="the model to write")],
    top: Annotated[int, typer.Option(min=1, metavar="N", help="candidates: the best N of the search")] = 5,
    seeds: Annotated[int, _seeds("candidate")] = 5,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=100,
            metavar="K",
            help="train the winner on K folds of training and validation rows, and write and test their mean",
            show_default="5 for tables and vectors, none for images",
        ),
    ] = None,
    ensemble: Annotated[
        int | None,
        ensemble_option(
            "instead of folds: train the winner on N seeds, and write and test their mean where it is better",
            usual="one network for images",
        ),
    ] = None,
    all_rows: Annotated[
        bool,
        typer.Option(
            "--all-rows",
            help="after the test, train the winner on folds of all rows, test rows too, and write their mean instead",
        ),
    ] = False,
    calibrate: Annotated[
        bool | None,
        typer.Option(
            "--calibrate/--no-calibrate",
            help="divide logits by a number that rows fit which the networks did not see, where that is better",
            show_default="no-calibrate",
        ),
    ] = None,
    workers: Annotated[int | None, option("workers", metavar="N", show_default="as in the study")] = None,
    threads: Annotated[int | None, option("threads", metavar="N", show_default="as in the study")] = None,
    data: MovedData = None,
    cluster: Cluster = None,
    force: Force = False,
    storage: Storage = None,
    service: Service = None,
    detach: Detach = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="with --service, look at the test split once more, with other options than before",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    notify_url: NotifyURL = None,
    as_json: AsJSON = False,
) -> None:
    """Confirm a study's best on fresh seeds, test the winner once on the sealed rows, write its model.

    Says whether the winner is really better or tied (then a smaller one wins), and what selection cost: search
    value, confirmed mean, test value. Interrupted or killed, the same command goes on. With --service a team's service
    trains, and Ctrl-C leaves it at that; the same command waits for it again.

    Example: perceptuna finalize my-first --top 3 --seeds 3 -o model.keras
    """
    from search.analysis.terminal.confirmation import conclusion_view
    from search.conclusion.confirmation.finalize_order import check, order_of
    from search.conclusion.confirmation.finalizing import finalize as carry_out
    from search.conclusion.confirmation.planned import looks_before
    from search.conclusion.confirmation.words_of_looks import warnings
    from search.settings.chosen_metric import remark_on_accuracy
    from search.study.record_of_looks import by_others, looks, own

    if (there := service_of(service, storage, threads=threads, data=data, cluster=cluster)) is not None:
        from search.commands.concluding_there import finalize_there

        asked = {"top": top, "seeds": seeds, "folds": folds, "ensemble": ensemble, "workers": workers}
        finalize_there(
            there,
            study,
            {**asked, "all_rows": all_rows, "calibrate": calibrate, "again": again, "notify_url": notify_url},
            output,
            force=force,
            detach=detach,
            as_json=as_json,
        )
        return
    refuse_without_service(detach=detach, again=again)
    at_end = after_end(notify_url, None)
    loaded = study_of(study, storage, data)
    order = order_of(
        loaded,
        output=output,
        top=top,
        seeds=seeds,
        folds=folds,
        ensemble=ensemble,
        all_rows=all_rows,
        calibrate=calibrate,
        workers=workers,
        threads=threads,
        cluster=cluster,
        force=force,
    )
    go_on_with(order.go_on)
    work = check(loaded, order)
    before = looks_before(work)
    for warning in warnings(own(loaded, before), by_others(loaded, before)):
        echo(f"perceptuna: warning: {warning}", err=True)
    conclusion = None
    with at_end, suppress(KeyboardInterrupt):  # between trainings, where no driver turns it into an ending
        conclusion = carry_out(work, listeners(as_json, None, at_end))
    if conclusion is None:
        fail(f"interrupted; go on with: {order.go_on}", 130)
    opened = looks(loaded)
    if as_json:
        others = by_others(loaded, opened)
        facts = {"event": "finalized", "study": study, "model": str(output), "same_test_split": others}
        echo(json.dumps({**facts, **conclusion.model_dump(mode="json")}))
        return
    remark = remark_on_accuracy(loaded.metric, loaded.data)
    print_out(conclusion_view(conclusion, opened, remark))
    echo(f"wrote {output} and {output.with_suffix('.json')}")


@app.command()
def ablate(
    study: StudyName,
    trial: Annotated[
        int | None,
        typer.Option(min=0, metavar="K", help="around this trial, not the best", show_default=False),
    ] = None,
    seeds: Annotated[int, _seeds("variation")] = 3,
    workers: Annotated[int | None, option("workers", metavar="N", show_default="as in the study")] = None,
    threads: Annotated[int | None, option("threads", metavar="N", show_default="as in the study")] = None,
    data: MovedData = None,
    cluster: Cluster = None,
    storage: Storage = None,
    service: Service = None,
    detach: Detach = False,
    notify_url: NotifyURL = None,
    as_json: AsJSON = False,
) -> None:
    """Change one factor at a time around a study's best trial, and say what each is worth, with error bars.

    Switches each technique off, and gives each number and choice other values. Says first how many trainings that
    takes, and about how long. Interrupted or killed, the same command goes on; with all of them done, it prints the
    table again. With --service a team's service trains, and Ctrl-C leaves it at that.

    Example: perceptuna ablate my-first --seeds 3
    """
    from search.analysis.facts.importance import importances
    from search.analysis.terminal.ablation import ablation_facts, ablation_view
    from search.conclusion.ablation import ablating

    if (there := service_of(service, storage, threads=threads, data=data, cluster=cluster)) is not None:
        from search.commands.concluding_there import ablate_there

        asked = {"trial": trial, "seeds": seeds, "workers": workers, "notify_url": notify_url}
        ablate_there(there, study, asked, detach=detach, as_json=as_json)
        return
    refuse_without_service(detach=detach)
    at_end = after_end(notify_url, None)
    loaded = study_of(study, storage, data)
    order = ablating.order_of(
        loaded, trial=trial, seeds=seeds, workers=workers, threads=threads, cluster=cluster
    )
    go_on_with(order.go_on)
    work = ablating.check(loaded, order)
    found = None
    with at_end, suppress(KeyboardInterrupt):  # between trainings, where no driver turns it into an ending
        found = ablating.ablate(work, listeners(as_json, None, at_end))
    if found is None:
        fail(f"interrupted; go on with: {order.go_on}", 130)
    shares = importances(loaded)
    if as_json:
        echo(json.dumps({"event": "ablated", **ablation_facts(found, shares)}))
    else:
        print_out(ablation_view(found, shares))
