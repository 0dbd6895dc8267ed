"""What trials of a study will cost, measured: a tiny study of the same settings, in a folder that is thrown away."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from search.data import DataSpec
from search.driving.dispatcher import Listeners
from search.driving.listener import Listener
from search.driving.progress import Progress
from search.errors import InputError
from search.forecast.footprint import artifact_bytes, database_bytes
from search.machine.temporary import temporary_folder
from search.running.start import start
from search.settings.settings import StudySettings
from search.study.study import Study
from search.training.network.effort import steps, work
from search.training.network.structure import Structure
from search.workers.messages import EpochEvent, TrialOutcome
from spaces import Hyperparameters
from storage import StorageURL

_FEWEST_TRIALS = 10
_SHORT_EPOCHS = 2
_SHORT_SECONDS = 120.0
# Full trainings follow where they fit into this: only they show how many epochs a trial runs by itself.
_FULL_SECONDS = 30.0


@dataclass(frozen=True)
class TrialCost:
    """One measured trial; seconds are wall time."""

    steps: int
    work: float
    structure: Structure
    epochs: int
    epoch_seconds: float
    before: float
    after: float
    whole: bool
    """Whether it ended by itself, so that `epochs` says how long such a trial runs."""


@dataclass(frozen=True)
class Costs:
    """All that was measured. `start_seconds` is the time until workers train at full pace; sizes are in bytes."""

    trials: list[TrialCost]
    start_seconds: float
    worker_memory: int
    tables_bytes: float
    trial_bytes: float
    epoch_bytes: float
    artifact_bytes: float
    model_bytes: float
    seconds: float


def calibrate(settings: StudySettings, say: Callable[[str], None]) -> Costs:
    """Train a few random configurations on as many workers as the study will have.

    Two epochs each; then others to their own end, if that takes no longer than half a minute.

    Raises:
        InputError: as `run`, or too few epochs ended in two minutes to say anything.
    """
    began = time.monotonic()
    short = settings.model_copy(
        update={
            "trials": max(_FEWEST_TRIALS, 3 * settings.local_workers()),
            "sampler": "random",
            "pruner": "none",
            "baselines": None,
            "known": False,
            "epochs": _SHORT_EPOCHS,
            "timeout": _SHORT_SECONDS,
            "workers": settings.local_workers(),
        }
    )
    say(f"calibrating: {short.trials} random configurations, {_SHORT_EPOCHS} epochs each …")
    costs = _measure(short)
    epoch_seconds = statistics.fmean(cost.epoch_seconds for cost in costs.trials)
    if epoch_seconds * settings.epochs * short.trials / settings.local_workers() <= _FULL_SECONDS:
        say(f"calibrating: {short.trials} others to their own end …")
        full = short.model_copy(update={"epochs": settings.epochs, "seed": settings.seed + 1})
        more = _measure(full)
        costs = replace(
            more,
            trials=[replace(cost, whole=False) for cost in costs.trials] + more.trials,
            start_seconds=costs.start_seconds,
        )
    return replace(costs, seconds=time.monotonic() - began)


class _Stopwatch(Listener):
    """When each trial began, ended each epoch and ended; and the memory of the largest worker."""

    def __init__(self) -> None:
        self.began_at: dict[int, float] = {}
        self.epochs: defaultdict[int, list[float]] = defaultdict(list)
        self.ended_at: dict[int, float] = {}
        self.memory = 0

    def epoch_ended(self, progress: Progress, event: EpochEvent) -> None:
        self.epochs[event.number].append(time.monotonic())

    def trial_started(
        self, progress: Progress, number: int, hyperparameters: Hyperparameters, what: str
    ) -> None:
        self.began_at[number] = time.monotonic()

    def trial_ended(self, progress: Progress, number: int, outcome: TrialOutcome) -> None:
        self.ended_at[number] = time.monotonic()

    def ticked(self, progress: Progress) -> None:
        import psutil

        for child in psutil.Process().children(recursive=True):
            try:
                self.memory = max(self.memory, child.memory_info().rss)
            except psutil.Error:  # it has just ended
                continue


def _measure(settings: StudySettings) -> Costs:
    watch = _Stopwatch()
    began = time.monotonic()
    with temporary_folder() as folder:
        url = StorageURL.parse(str(Path(folder, "plan.db")))

        finish = start("plan", url, settings, Listeners(watch), references=False, weigh_cost=False)
        if finish.ending == "interrupted":
            raise KeyboardInterrupt
        study = finish.study
        trials = _trial_costs(study, watch, settings)
        if len(trials) < 3:
            raise InputError(
                f"plan: {len(trials)} configurations were measured in {_SHORT_SECONDS:.0f} s, expected at least 3; "
                "their epochs take long: run the study with a --timeout, and read the time left from its table"
            )
        first = min(watch.began_at.values())
        workers = settings.local_workers()
        tables_bytes, trial_bytes, epoch_bytes = database_bytes(study)
        artifacts, model = artifact_bytes(url, len(trials))
    in_order = [cost.before for cost in trials]
    imports = max(0.0, statistics.median(in_order[:workers]) - statistics.median(in_order[workers:] or [0.0]))
    return Costs(
        # What the first trials waited for is counted once, as part of the start.
        trials=trials[workers:] if len(trials) >= workers + 3 else trials,
        start_seconds=first - began + imports,
        worker_memory=watch.memory,
        tables_bytes=tables_bytes,
        trial_bytes=trial_bytes,
        epoch_bytes=epoch_bytes,
        artifact_bytes=artifacts,
        model_bytes=model,
        seconds=0.0,
    )


def _trial_costs(study: Study, watch: _Stopwatch, settings: StudySettings) -> list[TrialCost]:
    """In the order in which they began; those of which two epochs were seen."""
    rows = study.data.rows.train
    costs = []
    for trial in study.finished():
        epochs = watch.epochs[trial.number]
        if len(epochs) < 2 or trial.epochs is None:
            continue
        hyperparameters = trial.hyperparameters(study.space)
        epoch_seconds = (epochs[-1] - epochs[0]) / (len(epochs) - 1)
        costs.append(
            TrialCost(
                steps=steps(rows, hyperparameters.batch_size),
                work=work(hyperparameters, study.data),
                structure=structure(hyperparameters, study.data),
                epochs=trial.epochs,
                epoch_seconds=epoch_seconds,
                before=max(0.0, epochs[0] - watch.began_at[trial.number] - epoch_seconds),
                after=max(0.0, watch.ended_at[trial.number] - epochs[-1]),
                whole=settings.epochs > _SHORT_EPOCHS,
            )
        )
    return costs


def structure(hyperparameters: Hyperparameters, spec: DataSpec) -> Structure:
    """What a worker compiles for the first trial that has it; precision, which all trials share, is left open."""
    return Structure.of(hyperparameters, spec, bfloat16=False)
