"""finalize and ablate with --service: handed in, followed, and told as here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from search.client.service_client import ServiceClient
from search.commands.following import follow_there
from search.commands.output import echo, fail, print_out
from search.commands.remote import command, link
from search.text.command_words import option_words


def finalize_there(
    client: ServiceClient,
    study: str,
    options: Mapping[str, Any],
    output: Path,
    *,
    force: bool,
    detach: bool,
    as_json: bool,
) -> None:
    """`finalize --service`: hand it in, follow it, and write the model that was tested."""
    from search.analysis.notebook import concluded_there
    from search.analysis.terminal.confirmation import conclusion_view
    from search.client.downloads import check_model_place, write_model

    if not detach:
        check_model_place(output, force=force)
    again = _again(client, study, "finalize", {"-o": output, **_options(options)})
    _concluded(client, study, "finalize", options, again, detach=detach, as_json=as_json)
    beside = write_model(client, study, output, force=force, tested=True)
    found = client.conclusion(study)
    if as_json:
        facts = {"event": "finalized", "study": study, "model": str(output)}
        echo(json.dumps({**facts, "same_test_split": found["same_test_split"], **found["finalized"]}))
        return
    told = concluded_there(found)
    print_out(conclusion_view(told.conclusion, told.looks, told.remark))
    echo(f"wrote {output} and {beside}")


def ablate_there(
    client: ServiceClient, study: str, options: Mapping[str, Any], *, detach: bool, as_json: bool
) -> None:
    """`ablate --service`: hand it in, follow it, and print what it found."""
    from search.analysis.terminal.ablation import ablation_of, ablation_view

    job = _concluded(
        client,
        study,
        "ablate",
        options,
        _again(client, study, "ablate", _options(options)),
        detach=detach,
        as_json=as_json,
    )
    ablated = client.conclusion(study)["ablated"]
    facts = next(one for one in ablated if job.endswith(f"-{one['trial']}"))
    if as_json:
        echo(json.dumps({"event": "ablated", **facts}))
    else:
        print_out(ablation_view(*ablation_of(facts)))


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    # Not the address that is notified: it may hold a secret, and the job knows it.
    options = {f"--{name.replace('_', '-')}": value for name, value in given.items() if name != "notify_url"}
    return {**options, "--no-calibrate": given.get("calibrate") is False}


def _again(client: ServiceClient, study: str, verb: str, options: Mapping[str, Any]) -> str:
    """The command that asks for the same."""
    return command(verb, client, f"{study}{option_words(options)}")


def _concluded(
    client: ServiceClient,
    study: str,
    verb: str,
    options: Mapping[str, Any],
    again: str,
    *,
    detach: bool,
    as_json: bool,
) -> str:
    """The name of the job, which has done its work."""
    given = {name: value for name, value in options.items() if value is not None}
    row = client.conclude(study, verb, given)
    job = row["study"]
    if detach:
        echo(json.dumps(row) if as_json else f"'{job}' is {row['state']}; see its outcome with: {again}")
        raise typer.Exit
    if not as_json:
        echo(f"'{job}' is {row['state']}, about {row['budget']} trainings: {link(client, job)}")
    follow_there(client, job, as_json, again=again)
    row = client.study(job)
    if row["state"] != "finished":
        why = f": {row['reason']}" if row["reason"] else ""
        fail(f"'{job}' is {row['state']}{why}; go on with: {again}", 1 if row["state"] == "failed" else 130)
    return job
