"""When a study stops, since no trial of it can succeed."""

from __future__ import annotations

from search.errors import StudyStopped
from search.workers.messages import TrialOutcome

_SAME_FAILURES = 5


class Hopelessness:
    """Hears how the trials of one command ended."""

    def __init__(self) -> None:
        self._failures: list[str] = []

    def heard(self, outcome: TrialOutcome) -> None:
        """Of the next trial that ended.

        Raises:
            StudyStopped: it says that no trial can succeed, or the first five all failed for one reason.
        """
        if outcome.state == "stopped":
            raise StudyStopped(outcome.reason)
        self._failures.append(outcome.reason if outcome.state == "failed" else "")
        first = self._failures[:_SAME_FAILURES]
        if len(self._failures) == _SAME_FAILURES and first[0] and len(set(first)) == 1:
            raise StudyStopped(
                f"the first {_SAME_FAILURES} trials all failed for one reason: {first[0]}\n{outcome.traceback}"
            )
