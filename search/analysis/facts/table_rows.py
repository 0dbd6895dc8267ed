"""The rows of the tables that terminal and report both have, in words: leaderboard, candidates, factors.

Each row is in the order of the terminal's columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from search.analysis.facts.leaderboard import Entry
from search.conclusion.ablation.factors import words
from search.conclusion.ablation.record import Ablation
from search.conclusion.ablation.words import change, from_to
from search.conclusion.confirmation.record import Conclusion
from search.conclusion.confirmation.words import behind, place
from search.conclusion.statistics.words import level
from search.settings.metrics import on_train_rows
from search.text.formats import count, duration, number

Row = tuple[str, ...]


def leaderboard_headers(metric: str) -> Row:
    return (
        *("rank", "trial", metric, on_train_rows(metric)),
        *("parameters", "epochs", "time", "what it is"),
    )


def leaderboard_rows(entries: Iterable[Entry]) -> Iterator[Row]:
    """Metrics are at the best epoch, epochs are best/run."""
    for entry in entries:
        yield (
            str(entry.rank),
            str(entry.trial),
            number(entry.validation),
            number(entry.train),
            count(entry.parameters),
            f"{count(entry.best_epoch)}/{count(entry.epochs)}",
            duration(entry.seconds),
            entry.what,
        )


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
