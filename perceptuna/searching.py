"""Start a search, and find the studies that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Unpack, overload

from perceptuna.errors import one_tree
from perceptuna.settings import Settings, plain
from perceptuna.study import Callback, Running, Study, driven
from search.given.asked import Rows

__all__ = ["load_study", "search", "studies"]


@overload
def search(
    data: Rows = ...,
    y: Any = ...,
    *,
    name: str | None = ...,
    wait: Literal[True] = ...,
    on_trial_end: Callback | None = ...,
    earlier: str | None = ...,
    allow_different: bool = ...,
    cluster: str | None = ...,
    tensorboard: str | Path | None = ...,
    storage: str | Path | None = ...,
    config: str | Path | None = ...,
    show: bool = ...,
    **settings: Unpack[Settings],
) -> Study: ...
@overload
def search(
    data: Rows = ...,
    y: Any = ...,
    *,
    name: str | None = ...,
    wait: Literal[False],
    on_trial_end: Callback | None = ...,
    earlier: str | None = ...,
    allow_different: bool = ...,
    cluster: str | None = ...,
    tensorboard: str | Path | None = ...,
    storage: str | Path | None = ...,
    config: str | Path | None = ...,
    show: bool = ...,
    **settings: Unpack[Settings],
) -> Running: ...
def search(
    data: Rows = None,
    y: Any = None,
    *,
    name: str | None = None,
    wait: bool = True,
    on_trial_end: Callback | None = None,
    earlier: str | None = None,
    allow_different: bool = False,
    cluster: str | None = None,
    tensorboard: str | Path | None = None,
    storage: str | Path | None = None,
    config: str | Path | None = None,
    show: bool = True,
    **settings: Unpack[Settings],
) -> Study | Running:
    """Search hyperparameters for `data`, and return the study: what `perceptuna run` does.

    Ctrl-C, or a kill at any instant, leaves a study that goes on by `load_study(NAME).resume()` or, in a shell, by
    `perceptuna resume NAME`. Worker processes train; a script needs no `if __name__ == "__main__"`.

    Args:
        data: a DataFrame with `target=`; an array or a DataFrame of features with `y`; or a source as `perceptuna run
            --data` takes it: a file, a folder of images, digits. DataFrames and arrays are kept in a folder beside the
            database. None where `config` or the study `earlier` names it.
        y: the target of each row of `data`, where it is not a column of it.
        name: of the study; made up where not given.
        wait: False returns at once, while a thread drives the study.
        on_trial_end: called as `on_trial_end(study, trial)` after each trial; `trial` is an `optuna.trial.FrozenTrial`.
            What it raises ends the search.
        earlier: the study to take trials over from, as `--from` does; `allow_different` as there.
        cluster, tensorboard, config: as in `perceptuna run`.
        storage: URL or SQLite file; $PERCEPTUNA_STORAGE or `perceptuna.db` when not given.
        show: whether to show the study while it runs.
        settings: all others, by the names of `perceptuna run`: `trials`, `timeout`, `metric`, `space` (which may be
            a `Space`), `validation` and `test` (which may be rows of the kind of `data`), `model` (a function of a
            module, or its name, that builds a network of your own) …

    >>> study = pt.search(frame, target="kind", name="again", trials=1, epochs=1, workers=1, show=False)
    >>> len(study.leaderboard())
    1

    Raises:
        InputError: what is asked for cannot be; nothing was written.
        StudyStopped: no trial can succeed.
        KeyboardInterrupt: it was interrupted.
    """
    from search.analysis.notebook import storage_url
    from search.running.asked import SearchOrder, begin_with, made_up_name
    from search.settings.settings import storage_in

    with one_tree():
        file = None if config is None else Path(config)
        url = storage_url(storage or storage_in(file))
        order = SearchOrder(
            name=made_up_name(data, settings.get("target"), url) if name is None else name,
            url=url,
            settings=plain(settings),
            config=file,
            cluster=cluster,
            earlier=earlier,
            allow_different=allow_different,
        )
        return driven(
            lambda listeners: begin_with(data, y, order, listeners),
            on_trial_end=on_trial_end,
            tensorboard=tensorboard,
            show=show,
            wait=wait,
        )


def studies(storage: str | Path | None = None) -> list[Study]:
    """All studies of the database, in the order in which they were made.

    >>> "flowers" in [study.name for study in pt.studies()]
    True
    """
    from search.analysis.notebook import storage_url
    from search.study.study import study_names

    with one_tree():
        url = storage_url(storage)
        return [Study(name, url) for name in study_names(url)]


def load_study(name: str, storage: str | Path | None = None) -> Study:
    """A study that is there, running or finished, whichever way it was started.

    >>> pt.load_study("flowers").name
    'flowers'

    Raises:
        InputError: there is no such study.
        DatabaseUnusable: there is no such database.
    """
    from search.analysis.notebook import storage_url

    with one_tree():
        return Study(name, storage_url(storage))
