"""A service that is asked by a shell or a program: what it was handed, and what its drivers are pretended to say."""

from __future__ import annotations

import json
from collections.abc import Callable

from service_fakes import Team

from search.service.states import State

Shell = Callable[..., tuple[int, str, str]]
"""Exit code, output and errors of a command."""


def settings_of(team: Team, study: str) -> dict[str, object]:
    queued = team.service.queue.find(study)
    assert queued is not None
    found: dict[str, object] = json.loads(queued.settings)
    return found


def over(team: Team, study: str, *events: dict[str, object]) -> None:
    """Its driver has said this, and ended."""
    team.service.drivers.announce(study, workers=2)
    with team.service.drivers.events(study).path.open("a") as file:
        file.writelines(json.dumps({"study": study, **event}) + "\n" for event in events)
    assert team.service.queue.move(study, [State.QUEUED], State.FINISHED)


TRIAL = (
    {
        **{"event": "reference_ended", "reference": "linear", "metric": "val_rmse"},
        **{"metrics": {"val_rmse": 0.75, "val_r2": None}, "seconds": 1.0, "reason": None, "note": None},
    },
    {"event": "trial_started", "trial": 0, "hyperparameters": {}, "what": "adam \u001b[2J"},
    {
        **{
            "event": "trial_ended",
            "trial": 0,
            "state": "complete",
            "value": 0.5,
            "epochs": 3,
            "reason": None,
        },
        **{"best": 0.5, "best_trial": 0, "metric": "val_rmse", "finished": 1, "budget": 4},
        "seconds_left": {"low": 60.0, "middle": 61.0, "high": 62.0},
    },
)
