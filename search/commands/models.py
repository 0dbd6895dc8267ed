"""Commands that train a trial again, or end in a model: export, replay."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from search.commands.by_need import Commands
from search.commands.options import AsJSON, Force, MovedData, Storage, StudyName, ensemble_option, study_of
from search.commands.output import echo
from search.commands.remote import Service, export_there, service_of

app = Commands()


@app.command()
def export(
    study: StudyName,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.keras", help="the model to write")],
    trial: Annotated[int | None, typer.Option(min=0, metavar="K", help="this trial, not the best")] = None,
    within: Annotated[
        float | None,
        typer.Option(
            metavar="MARGIN",
            help="the smallest network at most so far behind the best: points of an accuracy, percent of a loss",
            show_default=False,
        ),
    ] = None,
    ensemble: Annotated[
        int | None,
        ensemble_option("the mean of up to N networks, where that is better on the validation rows"),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="divide logits by a number of the validation rows, where that is better"
        ),
    ] = False,
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="P|METRIC",
            help="name the second of two classes above this probability, or as is best by f1, say",
            show_default="by the study's metric",
        ),
    ] = None,
    refit: Annotated[
        bool | None,
        typer.Option(
            "--refit/--no-refit",
            help="of folds: train on all of their rows, or write the mean of their networks",
            show_default="--refit",
        ),
    ] = None,
    force: Force = False,
    data: MovedData = None,
    storage: Storage = None,
    service: Service = None,
) -> None:
    """Write a study's model as a .keras file that takes raw rows or images, and its facts as JSON beside it.

    With --ensemble several networks are averaged inside it: of the best 3 N trials, trained again, those that are best
    together on the validation rows. Where no mean is better than the best trial, that one is written.

    With --within 0.5 the smallest network is written that is at most half a point behind the best: by the second aim of
    a study of several, else by its parameters. Points are of shares such as accuracy; of losses it is half a percent.

    With --calibrate the probabilities of one network come true more nearly as often as they say: its logits are divided
    by one number. It is fitted on the validation rows, and left out where it is not better on rows that did not fit it.

    Of two classes, `predict` names the second above a threshold: in a study by f1, balanced_accuracy or mcc the one
    that its validation rows fitted, if it is better on rows that did not; else 0.5. --threshold says another.

    Of a study of --folds the configuration is trained on all rows of the folds, on as many seeds as there are folds,
    and the mean of these networks is written; with --no-refit the mean of the networks of the folds.

    An earlier export of the study is replaced; anything else that is there, only by --force.

    Example: perceptuna export my-first -o best.keras
    """
    there = service_of(
        service,
        storage,
        trial=trial,
        within=within,
        ensemble=ensemble,
        calibrate=calibrate,
        threshold=threshold,
        refit=refit,
        data=data,
    )
    if there is not None:
        export_there(there, study, output, force)
        return
    from search.conclusion.calibration.exporting import export as write

    model, facts = write(
        study_of(study, storage, data),
        output,
        trial=trial,
        within=within,
        ensemble=ensemble,
        calibrate=calibrate,
        threshold=threshold,
        refit=refit,
        force=force,
        say=echo,
    )
    echo(f"wrote {model} and {facts}")


@app.command()
def replay(
    study: StudyName,
    trial: Annotated[int, typer.Option(min=0, metavar="K", help="the trial to train again")],
    data: MovedData = None,
    storage: Storage = None,
    as_json: AsJSON = False,
) -> None:
    """Train a trial again with its own hyperparameters and seed, and compare it epoch by epoch.

    Exit code 0: the metric is the same to the last bit. 1: it is not; with what differs.

    Example: perceptuna replay my-first --trial 3
    """
    from search.models.replay import replay as replay_trial

    result = replay_trial(study_of(study, storage, data), trial)
    if as_json:
        echo(json.dumps(result.to_json()))
    else:
        for line in result.sentences():
            echo(line)
    sys.exit(0 if result.equal else 1)
