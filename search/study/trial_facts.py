"""What is kept of a trial, by its names in the database; written in this file alone, and read in `trial_record.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from pydantic import BaseModel

from search.study.left_off import LeftOff
from search.study.origin import Origin
from search.study.planned_trial import PlannedTrial
from search.training.stop_reason import Stop

if TYPE_CHECKING:
    import optuna

    from search.training.decision import Decision
    from storage.study_storage import StudyStorage


class TrialFacts(TypedDict, total=False):
    """What is kept of a trial beside what Optuna keeps, by the names in the database; see `TrialRecord`."""

    original_number: int
    planned: PlannedTrial
    adopted: Origin
    times_lost: int
    left_off: LeftOff
    began_anew: str
    requeued: str
    infeasible: str
    epochs: int
    parameters: int
    latency: float
    seconds: float
    stop_reason: Stop
    seed: int
    host: str
    process: int
    environment: Mapping[str, str]
    best_epoch: int
    at_best: Mapping[str, float]
    decision: Decision
    reason: str
    traceback: str


def attributes_of(facts: TrialFacts) -> dict[str, Any]:
    """Facts as they are stored, in their order."""
    written: dict[str, Any] = {}
    for name, fact in facts.items():
        match fact:
            case BaseModel():
                written[name] = fact.model_dump_json(exclude_defaults=True)
            case Stop():
                written[name] = fact.text()
            case Mapping() if name == "at_best":
                written |= fact
            case _:
                written[name] = fact
    return written


def keep_facts(
    storage: StudyStorage, trial_id: int, facts: TrialFacts, artifacts: Mapping[str, str] | None = None
) -> None:
    """Of a trial that has not been told yet, in one transaction; `artifacts` as `storage.artifacts` describes them."""
    storage.set_trial_attributes(trial_id, attributes_of(facts), dict(artifacts or {}))


def keep_rungs(storage: StudyStorage, trial_id: int, rungs: Mapping[str, float]) -> None:
    """Of a trial that has not been told yet: what pruning has compared it by, as `TrialRecord.rungs`."""
    storage.set_trial_attributes(trial_id, {}, dict(rungs))


def enqueue_trial(study: optuna.Study, params: Mapping[str, Any], facts: TrialFacts) -> None:
    """Let a trial of `params`, and what the sampler adds, wait to be asked."""
    study.enqueue_trial(dict(params), user_attrs=attributes_of(facts))
