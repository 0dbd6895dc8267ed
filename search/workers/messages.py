"""What driver and workers tell each other: a trial to train, each epoch of it, how it ended. Travels as pickles."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from search.settings.aims import Excess
from search.study.left_off import LeftOff
from search.study.planned_trial import Fold
from search.study.trial_facts import TrialFacts


@dataclass(frozen=True)
class StudyJob:
    """What every trial of a study needs; equal for all of them. `run` names the command that drives it."""

    study: str
    url: str = field(repr=False)  # it may hold a password
    metric: str
    settings: str
    data: Path
    fingerprint: str
    run: str = ""


@dataclass(frozen=True)
class TrialTask:
    """One trial to train. `best` is the best complete value when it was submitted.

    `fold` says which rows, where they are not the study's. `checkpoint` is the file of where it goes on, `left_off`
    what else is known of that.
    """

    job: StudyJob
    trial_id: int
    number: int
    hyperparameters: str
    epochs: int
    patience: int
    seed: int
    best: float | None
    keep_model: bool = False
    keep_scores: bool = False
    fold: Fold | None = None
    checkpoint: bytes | None = field(default=None, repr=False)
    left_off: LeftOff | None = None


@dataclass(frozen=True)
class EpochEvent:
    """Sent after each epoch, for the live table and for TensorBoard.

    `again`: an earlier attempt ran it, from which this one goes on.
    """

    number: int
    epoch: int
    value: float
    logs: dict[str, float] = field(default_factory=dict)
    """By Keras's names."""
    again: bool = False


@dataclass(frozen=True)
class TrialOutcome:
    """How a trial ended, and all that is kept of it: the driver writes it, so that workers need no common disk.

    `complete` has a value; `pruned`, `failed` and `stopped` (the whole study must stop) a reason;
    `refused` takes an `excess` of what the settings limit, and was not trained;
    `interrupted` is to be run again, and so is `disturbed`, which the machine did not let train for that reason.
    `facts` are small ones for leaderboards and the dashboard, `files` become the trial's artifacts;
    `model`, a `.keras` file, is a candidate for the study's best model. `checkpoint` is from where an interrupted one
    goes on.
    """

    state: Literal["complete", "pruned", "interrupted", "disturbed", "failed", "stopped", "refused"]
    epochs: int = 0
    value: float | None = None
    reason: str = ""
    excess: Excess | None = None
    traceback: str = ""
    facts: TrialFacts = field(default_factory=TrialFacts)
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    model: bytes | None = field(default=None, repr=False)
    checkpoint: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Beginning:
    """The first thing that a worker process of this machine is told.

    Attributes:
        path: where its driver finds modules.
        threads: of TensorFlow.
        memory_limit: bytes above which the process ends at once.
    """

    path: list[str]
    threads: int
    memory_limit: int | None


@dataclass(frozen=True)
class Ready:
    """A worker process has begun, and takes trials; it may still be importing what they need."""


@dataclass(frozen=True)
class Stop:
    """Trials of `run` end at their next epoch."""

    run: str


@dataclass(frozen=True)
class LetGo:
    """Close what is kept open between trials."""


@dataclass(frozen=True)
class Ended:
    """A trial has ended: its outcome, or what kept it from being run; and the bytes that its worker holds now."""

    outcome: TrialOutcome | None
    error: Exception | None
    resident: int
