"""Commands that end in a model: export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from search.commands.options import Storage, StudyName, url_of

app = typer.Typer()


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

    model, facts = export_model(load_study(study, url_of(storage)), output, trial)
    typer.echo(f"wrote {model} and {facts}")
