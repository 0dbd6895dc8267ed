"""What is shown of one study, in parts: each is found out once for as long as nothing happens to the study."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict
from functools import cached_property
from typing import Any, TypeVar

from search.analysis.facts.beside import beside_of, best_reference
from search.analysis.facts.leaderboard import board
from search.analysis.facts.overview import Overview, overview
from search.analysis.facts.remarks import remarks
from search.analysis.facts.table_rows import columns_of, rows_of
from search.service.course import course_of
from search.service.kept_answers import Parts
from search.settings.aims import aims_in_words
from search.settings.chosen_metric import compared_by
from search.study.creation import half_made
from search.study.seen import SeenStudy
from search.study.study import Study

_TOP = 10

Part = TypeVar("Part")


class Shown:
    """A study as it is now, and what is shown of it. All parts are what JSON holds.

    Args:
        parts: what is known already, by name.
        keep: is called with all parts that are known by now when another one was found out.
        only: names of those that may be known; None for all.
    """

    def __init__(
        self,
        study: SeenStudy,
        parts: Parts,
        keep: Callable[[Parts], None] = lambda parts: None,
        only: Collection[str] | None = None,
    ) -> None:
        self.study = study
        self._parts = parts
        self._keep = keep
        self._only = only

    @property
    def rests(self) -> bool:
        """Whether all parts stay as they are until something happens."""
        return self._only is None

    @property
    def is_made(self) -> bool:
        """Whether perceptuna made it, and has done so."""
        return not self.study.record.is_foreign and not half_made(self.study)

    @cached_property
    def overview(self) -> Overview:
        return Overview.of_json(self._part("overview", lambda: overview(self.study).to_json()))

    @property
    def reference(self) -> float | None:
        return self._part("reference", lambda: best_reference(self.study))

    @property
    def details(self) -> dict[str, Any]:
        """What `perceptuna show --json` says."""
        from search.analysis.terminal.study import study_json

        return self._part("details", lambda: study_json(self.study, _TOP))

    @property
    def facts(self) -> dict[str, Any]:
        """What its page shows below where it stands."""
        return self._part("facts", lambda: _facts(self.study))

    def find_all(self) -> None:
        """Find out what nobody has asked for yet."""
        _ = self.overview, self.reference
        if self.is_made:
            _ = self.details, self.facts

    def _part(self, name: str, find: Callable[[], Part]) -> Part:
        if name in self._parts:
            known: Part = self._parts[name]
            return known
        found = find()
        if self._only is None or name in self._only:
            self._parts[name] = found
            self._keep(self._parts)
        return found


def _facts(study: Study) -> dict[str, Any]:
    entries = board(study, _TOP)
    columns = columns_of(study, entries)
    beside, course = beside_of(study), course_of(study)
    return {
        "compared_by": aims_in_words(study.aims) if study.has_several_aims else compared_by(study.metric),
        "headers": [column.name for column in columns],
        "kinds": ["right" if column.is_figure else "what" for column in columns],
        "rows": rows_of(columns, entries),
        "beside": beside and {**asdict(beside), "kinds": beside.kinds},
        "course": course and asdict(course),
        "remarks": remarks(study),
    }
