"""Commands that ask a model about new rows: predict, evaluate."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.commands.by_need import Commands
from search.commands.options import DATA, AsJSON, Force, Storage, option, study_of
from search.commands.output import echo, print_out
from search.errors import InputError
from search.text.printable import open_console

if TYPE_CHECKING:
    from search.answering.predicting import Progress
    from search.data import DataRequest
    from search.models.saved_model import SavedModel
    from search.study.study import Study

app = Commands()

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL|STUDY", help="a .keras file of `export` or `finalize`, or a study, for its best model"
    ),
]
Rows = Annotated[
    str, typer.Argument(metavar="ROWS", help="as for `run --data`; images need no class folders")
]


@app.command()
def predict(
    model: Model,
    rows: Rows,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="the answers: .csv, .parquet, or - to print CSV"),
    ],
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="columns of the rows that are written before the answers, an identifier perhaps; a,b or once for each",
            show_default=False,
            rich_help_panel=DATA,
        ),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(
            metavar="LEVEL",
            help="also the ends of intervals that hold this share of targets, such as 0.9",
            show_default=False,
        ),
    ] = None,
    header: Annotated[
        bool | None, option("header", "--header/--no-header", show_default="as in the study, else header")
    ] = None,
    separator: Annotated[
        str | None, option("separator", metavar="CHARACTER", show_default="found in the file")
    ] = None,
    force: Force = False,
    storage: Storage = None,
) -> None:
    """Answer new rows by a model: the class and the probability of each, or the quantity, for each row in its order.

    Columns are found by their names and read as in training; others are ignored, the target too. What training never
    saw is counted and told. Files of any size go through in pieces. With --interval a quantity has its lower and upper
    end beside it, by how far answers were off on the validation rows.

    Example: perceptuna predict my-first digits -o answers.csv
    """
    from search.answering.answers_file import check_output
    from search.answering.predicting import predict as answer
    from search.machine.cores import available_cores
    from search.machine.temporary import temporary_folder
    from search.text.formats import plural

    to_print = str(output) == "-"
    if not to_print:
        check_output(output, rows, force=force)
    _, saved = _model(model, storage, intervals=interval is not None)
    request = _request(saved, rows, header, separator)
    with temporary_folder() if to_print else nullcontext(output.parent) as folder:
        file = folder / ("answers.csv" if to_print else output.name)
        with _progress() as progress:
            done = answer(
                saved,
                request,
                file,
                keep or (),
                threads=available_cores(),
                interval=interval,
                progress=progress,
            )
        if to_print:
            _print_file(file)
    for remark in done.remarks:
        echo(f"perceptuna: {remark}", err=True)
    if not to_print:
        echo(f"wrote {output}: {plural(done.rows, 'row')}")


@app.command()
def evaluate(
    model: Model,
    rows: Rows,
    header: Annotated[
        bool | None, option("header", "--header/--no-header", show_default="as in the study, else header")
    ] = None,
    separator: Annotated[
        str | None, option("separator", metavar="CHARACTER", show_default="found in the file")
    ] = None,
    storage: Storage = None,
    as_json: AsJSON = False,
) -> None:
    """How good a model's answers for new rows are, where the rows have the target.

    All metrics with 95 % intervals; for classes what is taken for what; for quantities how far off; and which columns
    have moved since training.

    Example: perceptuna evaluate my-first digits
    """
    from search.analysis.terminal.evaluation import evaluation_view
    from search.answering.evaluating import evaluate as compare
    from search.answering.own_rows import record_measured, record_opening, side_of
    from search.machine.cores import available_cores

    study, saved = _model(model, storage, intervals=True)
    request = _request(saved, rows, header, separator)
    side = None if study is None else side_of(study, rows)
    look = record_opening(study, saved) if study is not None and side == "test" else None
    with _progress() as progress:
        found = compare(
            saved, request, threads=available_cores(), searched=side == "searched", progress=progress
        )
    looked = [] if study is None or look is None else [record_measured(study, look, found)]
    for remark in (*looked, *found.remarks):
        echo(f"perceptuna: {remark}", err=True)
    print_out(json.dumps(found.to_json()) if as_json else evaluation_view(found, f"{model} on {rows}"))


def _model(model: str, storage: str | None, *, intervals: bool) -> tuple[Study | None, SavedModel]:
    """A model, and the study that keeps it, where that is what the user names.

    With the prediction intervals of a study's model, which have to be computed, where `intervals` are wanted.
    """
    from search.models.saved_model import ENDING, model_in_file, model_of_study
    from search.models.validation_answers import intervals_of_kept
    from storage.errors import DatabaseUnusable

    if model.endswith(ENDING):
        return None, model_in_file(Path(model))
    try:
        study = study_of(model, storage)
    except (InputError, DatabaseUnusable) as error:
        if Path(model).exists():
            raise InputError(
                f"{model} is no model: expected a file of `export` or `finalize`, which ends in {ENDING}, or the "
                "name of a study, and the rows behind it"
            ) from error
        raise
    saved = model_of_study(study)
    return study, replace(saved, intervals=intervals_of_kept(study, saved.path)) if intervals else saved


def _request(saved: SavedModel, rows: str, header: bool | None, separator: str | None) -> DataRequest:
    """Without the separator of the training file: it is found in each."""
    from search.data import DataRequest

    return DataRequest(rows, header=saved.header if header is None else header, separator=separator)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.progress import Progress as Bar

    with Bar(console=open_console(stderr=True), transient=True) as bar:
        task = bar.add_task("rows", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print_file(path: Path) -> None:
    """As it is, for another program; in a terminal as a terminal may be given it."""
    with path.open(encoding="utf-8", newline="") as file:
        if sys.stdout.isatty():
            for line in file:
                echo(line.rstrip("\n"))
        else:
            shutil.copyfileobj(file, sys.stdout)
