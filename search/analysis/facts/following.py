"""A study that somebody else drives, followed by its database: what has happened since, and how far it is."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from search.analysis.facts.remarks import state_counts
from search.analysis.facts.time_left import time_left
from search.driving.course import Course, EndedTrial
from search.driving.progress import Progress, RunningTrial
from search.references.record import References
from search.study.study import Study
from search.study.trial_record import TrialRecord, state_word

# Of the newest trials; the time left follows from no more.
_DURATIONS = 500
_POINTS = 60


class Followed:
    """What of a study was told already."""

    def __init__(self, study: Study) -> None:
        self._started = {trial.number for trial in _begun(study)}
        self._ended = {trial.number for trial in study.finished()}

    def changes(self, study: Study) -> list[dict[str, Any]]:
        """Trials that have begun or ended since the last call, as the events of `run --json`; `study` is read anew."""
        trials = study.trials()
        begun = [one for one in _begun(study) if one.number not in self._started]
        self._started |= {one.number for one in begun}
        ended = [one for one in trials if one.counts and one.number not in self._ended]
        self._ended |= {one.number for one in ended}
        told = [_started(study, one) for one in begun]
        if ended:
            finished, best, left = len(study.finished()), study.best_trial(), time_left(study, study.settings)
            common = {
                "best": best.value if best else None,
                "best_trial": best.number if best else None,
                "metric": study.metric,
                "budget": study.settings.trials,
                "seconds_left": left.to_json() if left else None,
            }
            for place, one in enumerate(ended, start=finished - len(ended) + 1):
                told.append({**_ended(study, one), **common, "finished": place})
        return told


def progress_of(study: Study, workers: int | None = None, budget: int | None = None) -> Progress:
    """Where it stands now, as its driver would count it; its `epochs` are of all trials, ever.

    Args:
        workers, budget: where its settings do not say.
    """
    progress, now = Progress.of(study), datetime.now()  # Optuna's times have no zone
    progress.workers, progress.budget = workers or progress.workers, budget or progress.budget
    trials = study.trials()
    progress.states = Counter({state_word(state): of for state, of in state_counts(study).items()})
    for state in ("running", "waiting"):
        del progress.states[state]
    progress.epochs = sum(_epoch(one) for one in trials)
    for one in _begun(study):
        if one.state.name == "RUNNING" and one.datetime_start is not None:
            elapsed = (now - one.datetime_start).total_seconds()
            progress.running[one.number] = RunningTrial(
                one.describe(study.space), time.monotonic() - elapsed, _epoch(one), *_values(one)
            )
    return progress


def progress_json(progress: Progress) -> dict[str, Any]:
    """For another process, at another time of its clock."""
    now = progress.clock()
    return {
        "study": progress.study,
        "metric": progress.metric,
        "direction": progress.direction,
        "budget": progress.budget,
        "epochs_of_a_trial": progress.epochs_of_a_trial,
        "finished": progress.finished,
        "best": progress.best,
        "best_number": progress.best_number,
        "states": dict(progress.states),
        "epochs": progress.epochs,
        "workers": progress.workers,
        "durations": [round(seconds, 3) for seconds in progress.durations[-_DURATIONS:]],
        "running": {
            str(number): {
                "what": one.what,
                "seconds": now - one.begun,
                "epoch": one.epoch,
                "value": one.value if one.value is not None and math.isfinite(one.value) else None,
                "values": _thinned(one.values),
            }
            for number, one in progress.running.items()
        },
        "course": {
            "latest": [_ended_json(one) for one in progress.course.latest],
            "best": [_ended_json(one) for one in progress.course.best],
            "best_so_far": _thinned(progress.course.best_so_far),
        },
        "references": progress.references.model_dump_json(),
    }


def progress_from_json(told: Mapping[str, Any]) -> Progress:
    """What `progress_json` tells, by the clock here."""
    now = time.monotonic()
    running = {
        int(number): RunningTrial(
            one["what"], now - one["seconds"], one["epoch"], one["value"], _from_json(one["values"])
        )
        for number, one in told["running"].items()
    }
    course = told["course"]
    read = {
        "states": Counter(told["states"]),
        "running": running,
        "references": References.model_validate_json(told["references"]),
        "course": Course(
            latest=[_ended_from_json(one) for one in course["latest"]],
            best=[_ended_from_json(one) for one in course["best"]],
            best_so_far=_from_json(course["best_so_far"]),
        ),
    }
    return Progress(**{**told, **read})


def _ended_json(trial: EndedTrial) -> dict[str, Any]:
    return {**asdict(trial), "values": _thinned(trial.values)}


def _ended_from_json(told: Mapping[str, Any]) -> EndedTrial:
    return EndedTrial(**{**told, "values": tuple(_from_json(told["values"]))})


def _thinned(values: Sequence[float]) -> list[float | None]:
    """As many as a curve of characters shows, from first to last. JSON knows no NaN, which diverging trials end in."""
    count = min(_POINTS, len(values))
    shown = (values[(point + 1) * len(values) // count - 1] for point in range(count))
    return [value if math.isfinite(value) else None for value in shown]


def _from_json(values: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]


def _begun(study: Study) -> list[TrialRecord]:
    """Those that wait no longer. A sampler may still draw the hyperparameters of the last one: then it is to come."""
    trials = [one for one in study.trials() if one.state.name != "WAITING"]
    return [one for one in trials if one.state.name != "RUNNING" or _is_drawn(study, one)]


def _is_drawn(study: Study, trial: TrialRecord) -> bool:
    try:
        trial.hyperparameters(study.space)
    except ValueError:  # Optuna's, of a parameter that is not there
        return False
    return True


def _started(study: Study, trial: TrialRecord) -> dict[str, Any]:
    return {
        "event": "trial_started",
        "study": study.name,
        "trial": trial.number,
        "what": trial.describe(study.space),
    }


def _ended(study: Study, trial: TrialRecord) -> dict[str, Any]:
    return {
        "event": "trial_ended",
        "study": study.name,
        "trial": trial.number,
        "state": state_word(trial.state.name.lower()),
        "value": trial.value if trial.state.name == "COMPLETE" else None,
        "epochs": trial.epochs,
        "reason": trial.reason or None,
    }


def _epoch(trial: TrialRecord) -> int:
    return int(trial.epochs or max(trial.intermediate_values, default=0))


def _values(trial: TrialRecord) -> tuple[float | None, list[float]]:
    """The last, and all that were reported."""
    reported = trial.reported
    return (reported[-1] if reported else None), reported
