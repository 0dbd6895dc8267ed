"""Commands that look ahead: plan, which forecasts a study."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from search.commands.by_need import Commands
from search.commands.options import AsJSON, Config, Storage, url_of, with_settings
from search.commands.output import echo_line, print_out

app = Commands()


@app.command()
@with_settings
def plan(
    given: dict[str, Any],
    study: Annotated[
        str | None, typer.Argument(metavar="STUDY", help="a study that is there; none for a new one")
    ] = None,
    storage: Storage = None,
    config: Config = None,
    as_json: AsJSON = False,
) -> None:
    """What a study will take: trials, epochs, pruning, time, memory and disk. Nothing is kept of it.

    Without a name, and with the options of `run`, a study that is not there yet is forecast from a calibration of
    about a minute. One that is there is forecast from its trials so far; then --trials, --workers and --timeout
    ask "what if".

    Example: perceptuna plan --data digits --space small --trials 20
    """
    from search.forecast.plan import plan_study
    from search.forecast.view import forecast_view
    from search.settings.settings import storage_in

    url = url_of(storage or storage_in(config))
    forecast, settings = plan_study(study, url, config, given, say=lambda text: echo_line(text, err=as_json))
    print_out(json.dumps(forecast.to_json()) if as_json else forecast_view(study, forecast, settings))
