"""What finalizing a study came to, and each look at its test split, as attributes of the study."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from search.conclusion.statistics.intervals import Interval, half_of
from search.study import Study, attributes_of_others

# Attributes of the study that is finalized: the conclusion, and a look each, counted from 1.
CONCLUSION = "conclusion"
LOOK = "test_split_opened_"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Look(_Record):
    """One opening of the test split, written before it; `value` and `measured` come after it.

    `trial` is the configuration's in the search, `trained` the trial of `companion` whose model is tested.
    """

    number: int
    date: str
    by: str
    trial: int
    companion: str
    trained: int
    rows: int
    value: float | None = None
    interval: Interval | None = None
    measured: dict[str, float] = {}


class Standing(_Record):
    """One candidate: `search` is its value in the search, the rest is of its fresh seeds, which `values` are of.

    `behind` is how much worse than the leader, with its interval over seeds, and over rows where their scores are
    known; None for the leader. `p` is adjusted; `tied` includes the leader.
    """

    trial: int
    what: str
    parameters: int
    search: float
    values: dict[int, float]
    mean: float
    deviation: float | None
    interval: Interval | None
    behind: float | None = None
    behind_over_seeds: Interval | None = None
    behind_over_rows: Interval | None = None
    p: float | None = None
    tied: bool = True

    @property
    def half(self) -> float | None:
        """Half the interval of the mean."""
        return half_of(self.interval)

    @property
    def behind_half(self) -> float | None:
        """Half the interval of what it is behind: of both the wider, since seeds and rows have to show it."""
        halves = [half_of(self.behind_over_seeds), half_of(self.behind_over_rows)]
        return max((half for half in halves if half is not None), default=None)


class Conclusion(_Record):
    """All that `finalize` found; `searched` is how many finished trials the search had then.

    `dropped` says of candidates that are not in the race why. `cost_of_search` is from the search's value to the
    confirmed mean, `cost_of_validation` from there to the test value: how much worse, in the metric's unit.
    """

    version: Literal[1] = 1
    metric: str
    direction: str
    seeds: list[int]
    standings: list[Standing]
    dropped: dict[int, str]
    by_rows: bool
    leader: int
    winner: int
    companion: str
    final_trial: int
    final_validation: float
    test: Look
    cost_of_search: float
    cost_of_validation: float
    searched: int

    def standing(self, trial: int) -> Standing:
        """That of the candidate with this trial."""
        return next(standing for standing in self.standings if standing.trial == trial)

    @property
    def tied(self) -> list[Standing]:
        """The leader and those that could not be told from it."""
        return [standing for standing in self.standings if standing.tied]


def write_conclusion(study: Study, conclusion: Conclusion) -> None:
    """In place of an earlier one; its look at the test split stays."""
    study.optuna.set_user_attr(CONCLUSION, conclusion.model_dump_json())


def read_conclusion(study: Study) -> Conclusion | None:
    """The last one; None for a study that was not finalized."""
    written = study.optuna.user_attrs.get(CONCLUSION)
    return None if written is None else Conclusion.model_validate_json(written)


def looks(study: Study) -> list[Look]:
    """At the test split of `study`, in order."""
    written = [value for key, value in study.optuna.user_attrs.items() if key.startswith(LOOK)]
    return sorted((Look.model_validate_json(text) for text in written), key=lambda look: look.number)


def write_look(study: Study, look: Look) -> None:
    """Record it, or complete what was recorded under its number."""
    study.optuna.set_user_attr(f"{LOOK}{look.number}", look.model_dump_json())


def looks_of_others(study: Study) -> dict[str, int]:
    """How often other studies of this database opened the same test split, by name."""
    found: dict[str, int] = {}
    for name, attributes in attributes_of_others(study).items():
        count = sum(key.startswith(LOOK) for key in attributes)
        if count and _same_split(attributes, study.optuna.user_attrs):
            found[name] = count
    return found


def _same_split(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two studies' test splits hold the same rows, by what their data says of itself."""
    first, second = (json.loads(attributes["data"]) for attributes in (one, other))
    if first["fingerprint"] != second["fingerprint"] or first["given_test"] != second["given_test"]:
        return False
    # Rows are drawn class by class, so what is to be predicted decides which.
    how = ("seed", "test_fraction", "target", "task")
    return bool(first["given_test"]) or all(first[name] == second[name] for name in how)


def new_look(study: Study, *, trial: int, companion: str, trained: int) -> Look:
    """The next one, by this user on this machine, now."""
    return Look(
        number=len(looks(study)) + 1,
        date=datetime.now().astimezone().isoformat(timespec="seconds"),
        by=_who(),
        trial=trial,
        companion=companion,
        trained=trained,
        rows=study.data.rows.test,
    )


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no name for this number, as in many containers
        user = f"user {os.getuid()}"
    return f"{user} on {socket.gethostname()}, process {os.getpid()}"
