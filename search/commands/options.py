"""Options that several commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from storage.urls import DEFAULT_URL, StorageURL

if TYPE_CHECKING:
    from search.study.study import Study

# Under which heading of `--help` an option stands, in the order of the headings.
DATA, SPACE, SEARCH, BUDGET, MACHINE, OUTPUT = "Data", "Space", "Search", "Budget", "Machine", "Output"
_SETTINGS_OF = {
    DATA: (
        *(
            "data",
            "target",
            "task",
            "target_transform",
            "header",
            "separator",
            "drop",
            "category",
            "number",
            "date",
            "weight",
            "text",
            "image_size",
        ),
        *(
            "val_fraction",
            "test_fraction",
            "group",
            "time",
            "split_column",
            "validation",
            "test",
            "split_seed",
        ),
    ),
    SPACE: ("space", "model", "known", "baselines", "allow_outside"),
    SEARCH: (
        "metric",
        "aims",
        "max_parameters",
        "max_latency",
        "max_bytes",
        "folds",
        "sampler",
        "pruner",
        "callbacks",
        "seed",
    ),
    BUDGET: ("trials", "timeout", "epochs", "patience", "trial_timeout"),
    MACHINE: ("workers", "threads", "memory_limit", "precision"),
}
_HEADING_OF = {field: heading for heading, fields in _SETTINGS_OF.items() for field in fields}


def option(field: str, *names: str, metavar: str | None = None, show_default: str | None = None) -> Any:
    """A command-line option for a setting, with the setting's own description and default.

    A `metavar` is short, so that a terminal of 80 columns shows it in one line. Written in a command's signature
    alone: settings are imported when somebody asks for its options.
    """
    from search.settings.data_options import option_of
    from search.settings.settings import StudySettings

    described = StudySettings.model_fields[field]
    default = show_default or (None if described.is_required() else described.default)
    return typer.Option(
        *(names or (option_of(field),)),
        help=described.description,
        metavar=metavar,
        rich_help_panel=_HEADING_OF[field],
        show_default=str(default) if default not in (None, ()) else False,
    )


def ensemble_option(what: str, usual: str = "one network") -> Any:
    """The option for how many networks are averaged in a model file."""
    return typer.Option(min=1, max=100, metavar="N", help=what, show_default=usual)


StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="name of the study")]
Force = Annotated[bool, typer.Option("--force", help="replace what is there")]
Storage = Annotated[
    str | None,
    typer.Option(
        envvar="PERCEPTUNA_STORAGE",
        metavar="URL",
        help="database of studies: sqlite:///FILE.db or postgresql://…",
        show_default=DEFAULT_URL,
        rich_help_panel=OUTPUT,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="settings, a TOML file; the command line wins", rich_help_panel=SEARCH),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="train on the workers of this Dask cluster, tcp://HOST:PORT or tls://HOST:PORT, not on this machine",
        show_default=False,
        rich_help_panel=MACHINE,
    ),
]
TensorBoard = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="write event files for TensorBoard there while trials run",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
NotifyURL = Annotated[
    str | None,
    typer.Option(
        "--notify-url",
        metavar="URL",
        help="post a JSON object there when the study has ended",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
OnEnd = Annotated[
    str | None,
    typer.Option(
        "--on-end",
        metavar="COMMAND",
        help="run this by the shell when the study has ended, which $PERCEPTUNA_ENDING tells it",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
MovedData = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="PATH",
        help="where the study's data is now, if it was moved; its content is checked, the place kept",
        show_default=False,
        rich_help_panel=DATA,
    ),
]
AsJSON = Annotated[bool, typer.Option("--json", help="print JSON, for programs", rich_help_panel=OUTPUT)]


def url_of(storage: str | None) -> StorageURL:
    return StorageURL.parse(storage or DEFAULT_URL)


def study_of(name: str, storage: str | None, data: str | None = None) -> Study:
    """The study of that name, whose data is at `data` from now on, where that is given."""
    from search.study.study import load_study

    study = load_study(name, url_of(storage))
    if data is None:
        return study
    from search.study.relocation import relocated

    return relocated(study, data)


def _source(
    data: Annotated[str | None, option("data", metavar="SOURCE")] = None,
) -> None:
    """Where rows come from."""


def _rows(
    target: Annotated[list[str] | None, option("target", metavar="COLUMN")] = None,
    task: Annotated[str | None, option("task", metavar="TASK")] = None,
    target_transform: Annotated[str | None, option("target_transform", metavar="NAME")] = None,
    header: Annotated[bool | None, option("header", "--header/--no-header", show_default="header")] = None,
    separator: Annotated[str | None, option("separator", metavar="CHARACTER")] = None,
    drop: Annotated[list[str] | None, option("drop", metavar="COLUMN")] = None,
    category: Annotated[list[str] | None, option("category", metavar="COLUMN")] = None,
    number: Annotated[list[str] | None, option("number", metavar="COLUMN")] = None,
    date: Annotated[list[str] | None, option("date", metavar="COLUMN")] = None,
    text: Annotated[list[str] | None, option("text", metavar="COLUMN")] = None,
    weight: Annotated[str | None, option("weight", metavar="NAME")] = None,
    image_size: Annotated[str | None, option("image_size", metavar="HEIGHTxWIDTH")] = None,
    val_fraction: Annotated[float | None, option("val_fraction", metavar="SHARE")] = None,
    test_fraction: Annotated[float | None, option("test_fraction", metavar="SHARE")] = None,
    group: Annotated[str | None, option("group", metavar="COLUMN")] = None,
    time: Annotated[str | None, option("time", metavar="COLUMN")] = None,
    split_column: Annotated[str | None, option("split_column", metavar="COLUMN")] = None,
    validation: Annotated[str | None, option("validation", metavar="FILE")] = None,
    test: Annotated[str | None, option("test", metavar="FILE")] = None,
) -> None:
    """How rows are read and split."""


def _search(
    split_seed: Annotated[
        int | None, option("split_seed", metavar="N", show_default="that of --seed")
    ] = None,
    space: Annotated[str | None, option("space", metavar="NAME|FILE")] = None,
    model: Annotated[str | None, option("model", metavar="MODULE:NAME")] = None,
    known: Annotated[bool | None, option("known", "--known/--no-known", show_default="known")] = None,
    baselines: Annotated[str | None, option("baselines", metavar="NAME|FILE")] = None,
    allow_outside: Annotated[
        bool | None, option("allow_outside", "--allow-outside", show_default="refuse")
    ] = None,
    metric: Annotated[str | None, option("metric", metavar="NAME", show_default="by the data")] = None,
    aims: Annotated[list[str] | None, option("aims", metavar="NAME")] = None,
    max_parameters: Annotated[int | None, option("max_parameters", metavar="N")] = None,
    max_latency: Annotated[float | None, option("max_latency", metavar="MS")] = None,
    max_bytes: Annotated[str | None, option("max_bytes", metavar="SIZE")] = None,
    folds: Annotated[int | None, option("folds", metavar="K", show_default="one split")] = None,
    cost: Annotated[
        str | None,
        typer.Option(
            metavar="COSTS",
            help="compare by the mean cost of a row: fn=10,fp=1, of a missed row of the second class and a false alarm",
            show_default=False,
            rich_help_panel=SEARCH,
        ),
    ] = None,
    direction: Annotated[
        str | None,
        typer.Option(
            metavar="WAY",
            help="maximize or minimize: which way a metric of your own is better, where it does not say so",
            show_default=False,
            rich_help_panel=SEARCH,
        ),
    ] = None,
    sampler: Annotated[str | None, option("sampler", metavar="NAME")] = None,
    pruner: Annotated[str | None, option("pruner", metavar="NAME")] = None,
    callbacks: Annotated[list[str] | None, option("callbacks", metavar="MODULE:NAME")] = None,
    seed: Annotated[int | None, option("seed", metavar="N")] = None,
    trials: Annotated[int | None, option("trials", metavar="N")] = None,
    timeout: Annotated[str | None, option("timeout", metavar="TIME")] = None,
    epochs: Annotated[
        int | None, option("epochs", metavar="N", show_default="30, or 60 for tables and vectors")
    ] = None,
    patience: Annotated[
        int | None,
        option("patience", metavar="N", show_default="a third of the epochs, at least 10"),
    ] = None,
    trial_timeout: Annotated[str | None, option("trial_timeout", metavar="TIME")] = None,
    workers: Annotated[int | None, option("workers", metavar="N", show_default="one per core")] = None,
    threads: Annotated[int | None, option("threads", metavar="N")] = None,
    memory_limit: Annotated[str | None, option("memory_limit", metavar="SIZE")] = None,
    precision: Annotated[str | None, option("precision", metavar="NAME")] = None,
) -> None:
    """All other settings."""


def with_settings(command: Callable[..., None]) -> WithOptions:
    """`command(…, given, …)` with the options of all settings in place of `given`.

    It receives what the user gave as a dictionary by setting; None where the user gave nothing.
    """
    return WithOptions(command, (_source, _rows, _search))


def with_row_settings(command: Callable[..., None]) -> WithOptions:
    """As `with_settings`, with those alone that say how rows are read and split, but for the seed of the split."""
    return WithOptions(command, (_rows,))


class WithOptions:
    """`command` with more options: each of `settings` is a function that has one for each setting as its parameters.

    Typer reads them from signature and annotations, which are made when it does.
    """

    def __init__(self, command: Callable[..., None], settings: tuple[Callable[..., None], ...]) -> None:
        self._command, self._settings = command, settings
        self.__name__, self.__doc__ = command.__name__, command.__doc__

    @cached_property
    def _options(self) -> dict[str, inspect.Parameter]:
        return {
            name: parameter
            for of in self._settings
            for name, parameter in inspect.signature(of, eval_str=True).parameters.items()
        }

    @cached_property
    def __signature__(self) -> inspect.Signature:
        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(self._command, eval_str=True).parameters.values():
            parameters += self._options.values() if parameter.name == "given" else [parameter]
        return inspect.Signature(parameters)

    @cached_property
    def __annotations__(self) -> dict[str, Any]:  # type: ignore[override]
        return {name: parameter.annotation for name, parameter in self.__signature__.parameters.items()}

    def __call__(self, **values: Any) -> None:
        given = {name: values.pop(name) for name in self._options}
        self._command(given=given, **values)
