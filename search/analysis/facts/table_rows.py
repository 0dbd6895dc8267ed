"""The rows of the tables that terminal and report both have, in words: leaderboard, candidates, factors.

Each row is in the order of the terminal's columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from search.analysis.facts.leaderboard import Entry
from search.conclusion.ablation.factors import words
from search.conclusion.ablation.record import Ablation
from search.conclusion.ablation.words import change, from_to
from search.conclusion.confirmation.record import Conclusion
from search.conclusion.confirmation.words import behind, place
from search.conclusion.statistics.words import level
from search.settings.aims import aim_value, column_of
from search.settings.metrics import on_train_rows
from search.study.study import Study
from search.text.formats import count, duration, number

Row = tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard, in every view: its name, and the words for an entry.

    Figures are set to the right, other words to the left. `on_page` is the name in the report, where it is another.
    `below` is how it is put below the figures, on a terminal that has no room for it beside them; None: it has.
    """

    name: str
    words: Callable[[Entry], str]
    is_figure: bool = True
    on_page: str = ""
    below: str | None = None


def columns_of(study: Study, entries: Sequence[Entry]) -> list[Column]:
    """For the `board` of `study`."""
    if study.has_several_aims:
        return front_columns(study.aims, entries)
    return leaderboard_columns(study.metric, entries)


def front_columns(aims: Sequence[str], entries: Sequence[Entry]) -> list[Column]:
    """For `entries` of the front of a study of `aims`: what they reached in each, in place of a rank."""
    own = [_aim(aim) for aim in aims]
    known = {column.name for column in own}
    others = leaderboard_columns(aims[0], entries)
    return [others[1], *own, *(column for column in others[3:] if column.name not in known)]


def _aim(aim: str) -> Column:
    return Column(column_of(aim), lambda entry: aim_value(aim, entry.aims.get(aim)))


def leaderboard_columns(metric: str, entries: Iterable[Entry]) -> list[Column]:
    """For `entries` of a study of `metric`, in the order of the terminal."""
    measure = metric.removeprefix("val_")
    return [
        Column("rank", lambda entry: str(entry.rank)),
        Column("trial", lambda entry: str(entry.trial)),
        Column(metric, lambda entry: number(entry.validation), on_page=f"validation {measure}"),
        Column(on_train_rows(metric), lambda entry: number(entry.train)),
        *(_beside(name) for name in dict.fromkeys(name for entry in entries for name in entry.beside)),
        Column("parameters", lambda entry: count(entry.parameters)),
        Column("epochs", _epochs, on_page="epochs (best/run)"),
        Column("time", lambda entry: duration(entry.seconds)),
        Column("what it is", lambda entry: entry.what, is_figure=False, below="{}"),
    ]


def _beside(name: str) -> Column:
    """A metric that is told beside the study's."""
    on_page = f"validation {name.removeprefix('val_')}"
    return Column(name, lambda entry: number(entry.beside.get(name)), on_page=on_page, below=f"{name} {{}}")


def _epochs(entry: Entry) -> str:
    return f"{count(entry.best_epoch)}/{count(entry.epochs)}"


def rows_of(columns: Sequence[Column], entries: Iterable[Entry]) -> list[Row]:
    """The words of `columns` for each entry."""
    return [tuple(column.words(entry) for column in columns) for entry in entries]


def race_headers(conclusion: Conclusion) -> Row:
    mean = f"mean of {len(conclusion.seeds)} seeds"
    return "trial", "parameters", "search", mean, "behind", "verdict", "what it is"


def race_rows(conclusion: Conclusion) -> Iterator[Row]:
    """The candidates of `finalize`."""
    metric = conclusion.metric
    for standing in conclusion.standings:
        yield (
            str(standing.trial),
            f"{standing.parameters:,}",
            level(standing.search, None, metric),
            level(standing.mean, standing.half, metric),
            behind(standing, metric),
            place(conclusion, standing),
            standing.what,
        )


def factor_rows(ablation: Ablation) -> Iterator[Row]:
    """Factor, what it was changed to, change of the metric, parameters, time."""
    for effect in ablation.effects:
        yield (
            words(effect.parameter),
            from_to(effect),
            change(effect, ablation.metric),
            count(effect.parameters),
            duration(effect.seconds),
        )
