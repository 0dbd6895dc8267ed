"""What `finalize` found, in the words of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from search.analysis.facts.table_rows import Row, race_headers, race_rows
from search.conclusion.confirmation.record import Conclusion, read_conclusion
from search.conclusion.confirmation.words import (
    against_references,
    averaged,
    left_out,
    steps,
    verdict,
)
from search.conclusion.confirmation.words_of_looks import opened
from search.study.look import Look
from search.study.study import Study


@dataclass(frozen=True)
class Confirmed:
    """A conclusion; `since` is how many trials the search has finished after it; `rows` are of the candidates."""

    conclusion: Conclusion
    verdict: list[str]
    ahead: list[str]
    steps: list[tuple[str, str, str]]
    headers: Row
    rows: list[Row]
    opened: str
    since: int


def confirmed_of(study: Study, finished: int, looks: Sequence[Look]) -> Confirmed | None:
    """None for a study that was not finalized. `looks` are all at its test split."""
    conclusion = read_conclusion(study)
    if conclusion is None:
        return None
    return Confirmed(
        conclusion=conclusion,
        verdict=[verdict(conclusion), *left_out(conclusion), *averaged(conclusion)],
        ahead=against_references(conclusion),
        steps=steps(conclusion),
        headers=race_headers(conclusion),
        rows=list(race_rows(conclusion)),
        opened=opened(conclusion.test, looks),
        since=finished - conclusion.searched,
    )


def seal_of(looks: Sequence[Look]) -> str:
    """Whether the test split was opened, and how often: `sealed`, `opened once`, `opened 2 times`."""
    times = len(looks)
    return "sealed" if not times else "opened once" if times == 1 else f"opened {times} times"
