"""A search as somebody asks for it, at the command line or from Python: settings by name, and where they come from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.errors import InputError
from search.given.asked import Rows, asked_settings, named, spoken
from search.given.files import kept
from search.running.start import refuse_taken, start
from search.settings.settings import load_settings
from search.settings.study_name import check_study_name, name_like
from search.study.study import load_study, study_names
from search.versions.adoption import inherited
from storage import StorageURL

if TYPE_CHECKING:
    from search.driving.dispatcher import Listeners
    from search.running.drive import Finish


@dataclass(frozen=True, kw_only=True)
class SearchOrder:
    """What is asked for: `settings` by name, None where nothing is said, before those of the file `config`.

    `earlier` names the study whose trials are taken over, `allow_different` those too whose values are of another kind.
    `references` says whether models that need no network are fitted beside the trials.
    """

    name: str
    url: StorageURL
    settings: Mapping[str, Any] = field(default_factory=dict)
    config: Path | None = None
    cluster: str | None = None
    earlier: str | None = None
    allow_different: bool = False
    references: bool = True


def begin(order: SearchOrder, listeners: Listeners) -> Finish:
    """Start the study and drive it to its budget.

    Raises:
        InputError: what is asked for cannot be.
        As `search.running.start.start`.
    """
    name, url, given = order.name, order.url, order.settings
    if order.allow_different and order.earlier is None:
        raise InputError("--allow-different: says how --from takes trials over; name a study by --from")
    check_study_name(name)
    old, of_old = None, None
    if order.earlier is not None:
        old = load_study(order.earlier, url)
        of_old = inherited(old)
    if order.earlier is None and order.config is None and given.get("data") is None:
        refuse_taken(name, url)  # who forgets that it is there meant to resume it
    settings = load_settings(order.config, dict(given), of_old)
    return start(
        name, url, settings, listeners, order.cluster, old, order.allow_different, references=order.references
    )


def begin_with(rows: Rows, y: Any, order: SearchOrder, listeners: Listeners) -> Finish:
    """As `begin`, with rows, and perhaps a space, that are objects; they are kept where the study comes to be."""
    with ExitStack() as held:
        settings, files = held.enter_context(asked_settings(rows, y, order.settings, order.url))
        held.enter_context(named(files))
        refuse_taken(order.name, order.url)  # before rows are kept: those of a study that is there would stay
        held.enter_context(kept(files, needed=lambda: order.name in study_names(order.url)))
        return begin(replace(order, settings=settings), listeners.speaking(lambda text: spoken(text, files)))


def made_up_name(rows: Rows, target: object, url: StorageURL) -> str:
    """`price-1`: a name that no study at `url` has, after the target or the source."""
    taken = set(study_names(url)) if url.sqlite_path is None or url.sqlite_path.exists() else set()
    return name_after(rows, target, taken)


def name_after(rows: Rows, target: object, taken: set[str]) -> str:
    """`price-1`, after the target or the source: a name that is not `taken`."""
    target = "-".join(map(str, target)) if isinstance(target, list | tuple) else target
    like = (
        target if isinstance(target, str) else Path(rows).stem if isinstance(rows, str | Path) else "search"
    )
    names = (f"{name_like(like)[:90]}-{count}" for count in itertools.count(1))
    return next(name for name in names if name not in taken)
