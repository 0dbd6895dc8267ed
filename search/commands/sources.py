"""Commands about what goes into a study: space show, space check, data show."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from search.commands.by_need import Commands
from search.commands.options import AsJSON, option, with_row_settings
from search.commands.output import echo, print_out

space_app = Commands(help="Look at search spaces.", no_args_is_help=True)
data_app = Commands(help="Look at data.", no_args_is_help=True)


@space_app.command("show")
def space_show(
    space: Annotated[str, typer.Argument(metavar="NAME|FILE", help="a preset or a TOML file")],
    as_json: AsJSON = False,
) -> None:
    """What a space tries for each hyperparameter.

    Example: perceptuna space show mlp
    """
    from search.analysis.terminal.tables import space_table
    from spaces import load_space

    loaded = load_space(space)
    print_out(loaded.to_json() if as_json else space_table(space, loaded))


@space_app.command("check")
def space_check(
    space: Annotated[str, typer.Argument(metavar="NAME|FILE", help="a preset or a TOML file")],
) -> None:
    """Whether a space file is right, and if not, where and why.

    Example: perceptuna space check small
    """
    from spaces import load_space

    loaded = load_space(space)
    echo(f"{space}: right, {loaded.summary()}")


@data_app.command("show")
@with_row_settings
def data_show(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="as for `run --data`")],
    given: dict[str, object],
    split_seed: Annotated[int | None, option("split_seed", metavar="N", show_default="0")] = None,
    as_json: AsJSON = False,
) -> None:
    """Shape, types, classes, balance and missing values of a data source.

    Example: perceptuna data show digits
    """
    from search.analysis.terminal.tables import data_view
    from search.given.describing import described

    summary = described(source, None, {**given, "split_seed": split_seed})
    print_out(json.dumps(summary.to_json()) if as_json else data_view(source, summary))
