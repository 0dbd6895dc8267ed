"""Commands that look ahead: plan."""

from __future__ import annotations

import json
from typing import Any

import typer

from search.commands.options import AsJSON, Config, Storage, StudyName, url_of, with_settings
from search.commands.output import print_out

app = typer.Typer()


@app.command()
@with_settings
def plan(
    study: StudyName,
    given: dict[str, Any],
    storage: Storage = None,
    config: Config = None,
    as_json: AsJSON = False,
) -> None:
    """What a study will take: trials, epochs, pruning, time, memory and disk. Nothing is kept of it.

    A study that is not there yet is forecast from a calibration of about a minute, with the options of `run`;
    one that is there from its trials so far, and then --trials, --workers and --timeout ask "what if".

    Example: perceptuna plan my-next --data digits --space small --trials 20
    """
    from search.planning.plan import plan_study
    from search.planning.view import forecast_view
    from search.settings import load_settings

    settings, of_command = load_settings(config, given)
    url = url_of(storage or of_command.get("storage"))
    forecast, settings = plan_study(
        study, url, settings, given, say=lambda text: typer.echo(text, err=as_json)
    )
    print_out(json.dumps(forecast.to_json()) if as_json else forecast_view(study, forecast, settings))
