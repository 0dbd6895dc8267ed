"""Where a study that was handed in can stand, and what a user may ask of it from there."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """`pausing` and `stopping` are those of a study whose driver was asked to end, until it has ended."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSING = "pausing"
    STOPPING = "stopping"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    FAILED = "failed"


DRIVEN = (State.RUNNING, State.PAUSING, State.STOPPING)
"""States of a study that has a driver, or had one when it was last looked at."""
OVER = (State.FINISHED, State.STOPPED, State.CANCELLED, State.FAILED)
"""States in which nothing happens until somebody asks for it."""

Move = tuple[State, State | None]
_TO_PAUSED, _TO_STOPPED, _TO_CANCELLED = (
    (State.PAUSING, State.PAUSED),
    (State.STOPPING, State.STOPPED),
    (State.STOPPING, State.CANCELLED),
)
_GOES_ON = (State.PAUSING, State.QUEUED)

VERBS: dict[str, dict[State, Move]] = {
    "pause": {
        State.QUEUED: (State.PAUSED, None),
        State.RUNNING: _TO_PAUSED,
        State.PAUSING: _TO_PAUSED,
        State.PAUSED: (State.PAUSED, None),
    },
    "resume": {
        **dict.fromkeys((State.PAUSED, *OVER), (State.QUEUED, None)),
        State.PAUSING: _GOES_ON,
        State.STOPPING: _GOES_ON,
        State.QUEUED: (State.QUEUED, None),
        State.RUNNING: (State.RUNNING, None),
    },
    "stop": {
        **dict.fromkeys((State.QUEUED, State.PAUSED, State.STOPPED), (State.STOPPED, None)),
        **dict.fromkeys((State.RUNNING, State.PAUSING, State.STOPPING), _TO_STOPPED),
    },
    "cancel": {
        **dict.fromkeys((State.QUEUED, State.PAUSED, State.CANCELLED), (State.CANCELLED, None)),
        **dict.fromkeys((State.RUNNING, State.PAUSING, State.STOPPING), _TO_CANCELLED),
    },
}
"""By what is asked, and from where: the state that follows, and the one after that when its driver has ended."""


def allowed(state: State) -> list[str]:
    """What can be asked of a study in `state` that would change something."""
    return [verb for verb, moves in VERBS.items() if state in moves and moves[state] != (state, None)]
