"""A conclusion in the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table

from search.analysis.terminal.tables import plain_table
from search.conclusion.confirmation.record import Conclusion, read_conclusion
from search.conclusion.confirmation.words import behind, left_out, place, steps, verdict, warnings
from search.conclusion.confirmation.words import opened as worth
from search.conclusion.statistics.words import level
from search.study.look import Look
from search.study.looks import by_others, looks, own
from search.study.study import Study


def conclusion_view(conclusion: Conclusion, opened: list[Look]) -> RenderableType:
    """What `finalize` ends with. `opened` are all looks at the test split."""
    return Group(
        _race_table(conclusion),
        "",
        verdict(conclusion),
        *left_out(conclusion),
        "",
        *conclusion_lines(conclusion, opened),
    )


def conclusion_lines(conclusion: Conclusion, opened: list[Look]) -> list[RenderableType]:
    """The winner's three values and the gaps between them."""
    table = plain_table(f"trial {conclusion.winner}", conclusion.metric, "")
    for step in steps(conclusion):
        table.add_row(*step)
    return [table, worth(conclusion.test, opened)]


def of_study(study: Study, finished: int) -> list[RenderableType]:
    """What `show` says of a study that was finalized; nothing where its test split was never opened."""
    conclusion, opened = read_conclusion(study), looks(study)
    if conclusion is None:
        told = warnings(own(study, opened), by_others(study, opened))
        return ["", *told] if told else []
    shown = ["", verdict(conclusion), *conclusion_lines(conclusion, opened)]
    if finished > conclusion.searched:
        more = finished - conclusion.searched
        shown.append(f"The search has gone on since: {more} more finished trial{'s' * (more != 1)}.")
    return shown


def _race_table(conclusion: Conclusion) -> Table:
    seeds = len(conclusion.seeds)
    table = plain_table(
        "trial", "parameters", "search", f"mean of {seeds} seeds", "behind", "verdict", "what it is"
    )
    for column in table.columns[:3]:
        column.justify = "right"
    for standing in conclusion.standings:
        table.add_row(
            str(standing.trial),
            f"{standing.parameters:,}",
            level(standing.search, None, conclusion.metric),
            level(standing.mean, standing.half, conclusion.metric),
            behind(standing, conclusion.metric),
            place(conclusion, standing),
            standing.what,
        )
    return table
