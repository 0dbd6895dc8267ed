"""Which trials of a large study a page shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from search.analysis.facts.best_so_far import best_numbers, improvements
from search.analysis.report.scales import thinned
from search.settings.metrics import Direction
from search.study.trial_record import TrialRecord

BEST = 25
NEWEST = 100
"""optuna-dashboard's timeline draws the last hundred trials of its list as if no number were missing."""
EVENLY = 200


@dataclass(frozen=True)
class Excerpt:
    """Some of the trials that had ended when a page was opened, and every other one.

    Of those that had ended: the best, the newest, each that beat all before it (so that a line of the best so far
    is right), and some that are spread evenly.

    It is settled when the page is opened, so that the list of an open page only grows at its end:
    optuna-dashboard's page keeps the trials before its first one that has not ended, and asks for what comes after
    that many.

    Attributes:
        until: when the last of those trials ended. A driver alone tells, so it is one clock that says so.
        wanted: numbers of trials that are shown in any case.
    """

    until: datetime
    wanted: frozenset[int] = frozenset()

    @classmethod
    def now(cls, trials: Sequence[TrialRecord], wanted: Iterable[int] = ()) -> Excerpt:
        """For a page that is being opened; `trials` are all of the study."""
        ends = (trial.datetime_complete for trial in trials if trial.datetime_complete is not None)
        return cls(max(ends, default=datetime.min), frozenset(wanted))

    @classmethod
    def whole(cls) -> Excerpt:
        """Every trial."""
        return cls(datetime.min)

    @classmethod
    def parse(cls, text: str) -> Excerpt:
        """What `str` made; ValueError where it did not."""
        until, _, wanted = text.partition("/")
        return cls(datetime.fromisoformat(until), frozenset(map(int, filter(None, wanted.split(",")))))

    def __str__(self) -> str:
        return f"{self.until.isoformat()}/{','.join(map(str, sorted(self.wanted)))}"

    def of(self, trials: Sequence[TrialRecord], direction: Direction) -> list[TrialRecord]:
        """Those of `trials`, all of the study, that are shown, by number."""
        ended = [
            trial for trial in trials if trial.datetime_complete and trial.datetime_complete <= self.until
        ]
        chosen = {
            *self.wanted,
            *best_numbers(ended, direction, BEST),
            *(trial.number for trial in improvements(ended, direction)),
            *(trial.number for trial in ended[-NEWEST:]),
            *(trial.number for trial in thinned(ended, EVENLY)),
        }
        left_out = {trial.number for trial in ended} - chosen
        return [trial for trial in trials if trial.number not in left_out]
