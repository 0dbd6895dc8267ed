"""What `finalize` found, in the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from search.analysis.facts.table_rows import race_headers, race_rows
from search.analysis.terminal.tables import plain_table
from search.conclusion.confirmation.record import Conclusion, read_conclusion
from search.conclusion.confirmation.words import (
    against_references,
    averaged,
    left_out,
    steps,
    verdict,
)
from search.conclusion.confirmation.words_of_looks import opened as worth
from search.conclusion.confirmation.words_of_looks import warnings
from search.study.look import Look
from search.study.record_of_looks import by_others, looks, own
from search.study.study import Study
from search.text.formats import plural


def conclusion_view(conclusion: Conclusion, opened: list[Look], remark: str | None) -> RenderableType:
    """What `finalize` ends with: `opened` are all looks at the test split, `remark` is on the metric."""
    return Group(
        plain_table(race_headers(conclusion), race_rows(conclusion), right=range(3)),
        "",
        verdict(conclusion),
        *left_out(conclusion),
        "",
        *conclusion_lines(conclusion, opened),
        *([] if remark is None else [remark]),
    )


def conclusion_lines(conclusion: Conclusion, opened: list[Look]) -> list[RenderableType]:
    """The winner's three values and the gaps between them, and what was tested beside it."""
    table = plain_table([f"trial {conclusion.winner}", conclusion.metric, ""], steps(conclusion))
    ahead = [Text(line, style="bold") for line in against_references(conclusion)]
    return [table, *averaged(conclusion), *ahead, worth(conclusion.test, opened)]


def of_study(study: Study, finished: int) -> list[RenderableType]:
    """What `show` says of a study that was finalized; nothing where its test split was never opened."""
    conclusion, opened = read_conclusion(study), looks(study)
    if conclusion is None:
        told = warnings(own(study, opened), by_others(study, opened))
        return ["", *told] if told else []
    shown = ["", verdict(conclusion), *conclusion_lines(conclusion, opened)]
    if finished > conclusion.searched:
        more = plural(finished - conclusion.searched, "more finished trial")
        shown.append(f"The search has gone on since: {more}.")
    return shown
