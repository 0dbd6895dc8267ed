"""Commands about what goes into a study: space show, space check, data show."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from search.commands.options import AsJSON, option
from search.commands.output import echo, print_out
from search.settings.settings import StudySettings, load_settings
from spaces import load_space

space_app = typer.Typer(help="Look at search spaces.", no_args_is_help=True)
data_app = typer.Typer(help="Look at data.", no_args_is_help=True)


@space_app.command("show")
def space_show(
    space: Annotated[str, typer.Argument(metavar="NAME|FILE", help="a preset or a TOML file")],
    as_json: AsJSON = False,
) -> None:
    """What a space tries for each hyperparameter.

    Example: perceptuna space show mlp
    """
    from search.analysis.terminal.tables import space_table

    loaded = load_space(space)
    print_out(loaded.to_json() if as_json else space_table(space, loaded))


@space_app.command("check")
def space_check(
    space: Annotated[str, typer.Argument(metavar="NAME|FILE", help="a preset or a TOML file")],
) -> None:
    """Whether a space file is right, and if not, where and why.

    Example: perceptuna space check small
    """
    loaded = load_space(space)
    echo(f"{space}: right, {loaded.summary()}")


@data_app.command("show")
def data_show(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="as for `run --data`")],
    target: Annotated[str | None, option("target", metavar="COLUMN")] = None,
    task: Annotated[str | None, option("task", metavar="TASK")] = None,
    header: Annotated[bool | None, option("header", "--header/--no-header", show_default="header")] = None,
    separator: Annotated[str | None, option("separator", metavar="CHARACTER")] = None,
    drop: Annotated[list[str] | None, option("drop", metavar="COLUMN")] = None,
    category: Annotated[list[str] | None, option("category", metavar="COLUMN")] = None,
    number: Annotated[list[str] | None, option("number", metavar="COLUMN")] = None,
    date: Annotated[list[str] | None, option("date", metavar="COLUMN")] = None,
    image_size: Annotated[str | None, option("image_size", metavar="HEIGHTxWIDTH")] = None,
    val_fraction: Annotated[float | None, option("val_fraction", metavar="SHARE")] = None,
    test_fraction: Annotated[float | None, option("test_fraction", metavar="SHARE")] = None,
    group: Annotated[str | None, option("group", metavar="COLUMN")] = None,
    time: Annotated[str | None, option("time", metavar="COLUMN")] = None,
    split_column: Annotated[str | None, option("split_column", metavar="COLUMN")] = None,
    validation: Annotated[str | None, option("validation", metavar="FILE")] = None,
    test: Annotated[str | None, option("test", metavar="FILE")] = None,
    split_seed: Annotated[int | None, option("split_seed", metavar="N", show_default="0")] = None,
    as_json: AsJSON = False,
) -> None:
    """Shape, types, classes, balance and missing values of a data source.

    Example: perceptuna data show digits
    """
    given = {name: value for name, value in locals().items() if name in StudySettings.model_fields}
    from search.analysis.terminal.tables import data_view
    from search.data import describe, namesake_note, read_source
    from search.machine.tensorflow_start import tensorflow_log_silenced

    settings = load_settings(None, {**given, "data": source})
    with tensorflow_log_silenced():  # Keras loads its own sets
        summary = describe(read_source(settings.data_request()))
    if (namesake := namesake_note(source)) is not None:
        summary = dataclasses.replace(summary, notes=(namesake, *summary.notes))
    print_out(json.dumps(summary.to_json()) if as_json else data_view(source, summary))
