"""The command about prepared data: cache, which shows what is kept of it and removes it."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from search.commands.by_need import Commands
from search.commands.options import AsJSON
from search.commands.output import echo, print_out
from search.errors import InputError

app = Commands()


@app.command()
def cache(
    clear: Annotated[
        bool, typer.Option("--clear", help="remove what no running study and no other program has now")
    ] = False,
    unused_for: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="with --clear: only what was not used for so long, such as 30d"),
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Prepared data on this disk: of what, how large, when it was last used; or with --clear remove it.

    It is prepared again when a study needs it. Above $PERCEPTUNA_CACHE_LIMIT (50GB where that is not set), what was not
    used for longest goes by itself; what a running study uses stays.

    Example: perceptuna cache
    """
    from search.analysis.terminal.cache import cache_view
    from search.study.cached_data import cache_limit, cached_data, clear_cache
    from search.study.data_cache import cache_folder
    from search.text.formats import fine_size, plural

    if unused_for is not None and not clear:
        raise InputError("--unused-for says what --clear removes; add --clear")
    folder, limit = cache_folder(), cache_limit()
    removed = clear_cache(folder, _seconds(unused_for)) if clear else []
    left = cached_data(folder)
    if as_json:
        told = {"folder": str(folder), "limit": limit, "data": [one.to_json() for one in left]}
        echo(json.dumps(told | ({"removed": [one.to_json() for one in removed]} if clear else {})))
    elif clear:
        kept = sum(one.in_use for one in left)
        echo(
            f"removed {plural(len(removed), 'prepared source')}, {fine_size(sum(one.bytes for one in removed))}"
            + (f"; {plural(kept, 'source')} in use stayed" if kept else "")
        )
    else:
        print_out(cache_view(folder, left, limit, time.time()))


def _seconds(text: str | None) -> float:
    from search.text.quantities import parse_duration

    try:
        return 0.0 if text is None else parse_duration(text)
    except ValueError as error:
        raise InputError(f"--unused-for: {error}") from None
