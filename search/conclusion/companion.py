"""A study of planned trainings beside the study that they are about: driven, resumed and kept as any other.

It has the settings of the other but for sampler and pruner, which have nothing to do in it, and is marked with what
it is. Trainings that were planned before stay; what is planned more is added to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from search.driving.recovery import recover
from search.errors import InputError, StudyStopped
from search.running.drive import Finish, drive
from search.running.fleet import fleet_of
from search.study.creation import create_study, half_made
from search.study.enqueueing import enqueue
from search.study.planned_trial import PlannedTrial
from search.study.study import Study, load_study, study_names
from search.study.study_record import keep_study_facts
from search.text.command_words import option_words
from search.training.memory import check_memory_limit
from storage import study_lock

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.driving.dispatcher import Listeners
    from search.settings.settings import StudySettings
    from search.study.trial_record import TrialRecord


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the user asked for, of trainings about a study; `go_on` is the command that asks for it again.

    `workers` and `threads` None are as in the study.
    """

    seeds: int
    go_on: str
    workers: int | None = None
    threads: int | None = None
    cluster: str | None = None


@dataclass(frozen=True)
class Companion:
    """Trainings about `about`, in the study that is named for it and for the command that draws a conclusion.

    `go_on` is what the user is to call after an interruption.
    """

    about: Study
    command: str
    go_on: str

    @property
    def name(self) -> str:
        return f"{self.about.name}.{self.command}"

    def load(self) -> Study | None:
        """As it is in the database; None where it is not there yet.

        Raises:
            InputError: it is about an earlier study of that name.
        """
        if self.name not in study_names(self.about.url):
            return None
        found = load_study(self.name, self.about.url)
        if half_made(found):
            return None
        if found.record.companion_about != self.about.identity:
            raise InputError(
                f"study '{self.name}' is there already and is not about this study '{self.about.name}'; perhaps "
                "about an earlier one of that name: remove it by "
                f"`perceptuna delete {self.name}{self.about.url.option}`"
            )
        return found

    def carry_out(
        self,
        plan: Sequence[PlannedTrial],
        settings: StudySettings,
        data: PreparedData,
        listeners: Listeners,
        cluster: str | None = None,
    ) -> Finish:
        """Train what `plan` has and the companion has not.

        Args:
            settings: those of `about`, with the workers and limits of this command.

        Raises:
            InputError: as `load`; the memory limit lets no worker live, or the cluster cannot serve.
            StudyStopped: the first trainings all failed for one reason.
            StudyBusy: somebody is carrying it out right now.
        """
        about, url = self.about, self.about.url
        alone: dict[str, Any] = {
            "sampler": "random",
            "pruner": "none",
            "baselines": None,
            "known": False,
            "timeout": None,
        }
        # Its networks were chosen already, and are compared by the metric alone.
        alone |= {"aims": (), "max_parameters": None, "max_latency": None, "max_bytes": None}
        settings = settings.model_copy(update={**alone, "trials": len(plan)})
        check_memory_limit(settings.memory_limit, data.spec)
        with study_lock(url, self.name) as lock:
            companion = self.load()
            if companion is None:
                missing = len(plan)
            else:
                if orphans := recover(companion):
                    what = "1 training was" if orphans == 1 else f"{orphans} trainings were"
                    listeners.said(
                        f"{what} running when study '{self.name}' was last left, and will be run again"
                    )
                missing, settings = _plan_more(companion, plan, settings)
                if not missing:
                    return Finish(companion, "budget")
            enough = settings.model_copy(update={"trials": missing})
            fleet = fleet_of(cluster, url, enough, data, say=listeners.said, go_on=self.go_on)
            if companion is None:
                create_study(self.name, url, settings, about.space, about.data, plan, about, go_on=self.go_on)
            else:
                keep_study_facts(companion.optuna, {"go_on": self.go_on})
            try:
                # Read anew: a Study keeps what it has read.
                return drive(load_study(self.name, url), lock, data, fleet, listeners)
            except StudyStopped as stop:
                again = f"Nothing is lost of what was trained; the same command tries the others again: {self.go_on}"
                raise StudyStopped(f"{stop}\n{again}") from stop


def command_about(study: Study, command: str, options: Mapping[str, object]) -> str:
    """`perceptuna COMMAND STUDY …`, to be typed again."""
    return f"perceptuna {command} {study.name}{option_words(options)}{study.url.option}"


def settings_about(study: Study, command: str, order: Order, options: str = "") -> StudySettings:
    """Those of `study` for trainings about it, with what `order` has in place of them; `command` needs `options`.

    Trainings about a study of folds are on its one split, unless they say which fold they are on.

    Raises:
        InputError: `study` is a companion itself, or a value cannot be.
    """
    if study.companion_of is not None:
        raise InputError(
            f"study '{study.name}' is about study '{study.companion_of}' and no search of its own; "
            f"{command} that one: `perceptuna {command} {study.companion_of}{options}{study.url.option}`"
        )
    given = {"workers": order.workers, "threads": order.threads}
    given = {name: value for name, value in given.items() if value is not None}
    return study.settings.changed({"timeout": None, "folds": None, **given})


def long_enough(settings: StudySettings, trials: Iterable[TrialRecord]) -> StudySettings:
    """`settings` with room for `trials`: those of an earlier study may have run longer than this one lets its own."""
    epochs = max([settings.epochs, *(trial.limits(settings)[0] for trial in trials)])
    return settings.model_copy(update={"epochs": epochs})


def ended(companion: Study) -> dict[PlannedTrial, TrialRecord]:
    """Trials that have an end of their own, by what was planned; of several the last."""
    return {trial.planned: trial for trial in companion.finished() if trial.planned is not None}


def left_of(plan: Iterable[PlannedTrial], there: Mapping[PlannedTrial, TrialRecord]) -> list[PlannedTrial]:
    """What of `plan` is to be trained: what has not `ended`, or has failed, since a machine's fault need not return."""
    return [
        planned for planned in plan if (trial := there.get(planned)) is None or trial.state.name == "FAIL"
    ]


def _plan_more(
    companion: Study, plan: Sequence[PlannedTrial], settings: StudySettings
) -> tuple[int, StudySettings]:
    """Add to the companion's plan; how many of `plan` are left, and the settings with room for all that is."""
    before, there = companion.record.plan, ended(companion)
    whole = [*before, *(planned for planned in plan if planned not in before)]
    left, again = left_of(plan, there), _waiting(companion)
    for planned in left:
        if planned in there and planned not in again:
            enqueue(companion, planned)
            again.add(planned)
    to_come = sum(planned not in there or planned in again for planned in whole)
    settings = settings.model_copy(update={"trials": len(companion.finished()) + to_come})
    keep_study_facts(companion.optuna, {"plan": whole, "settings": settings})
    return len(left), settings


def _waiting(companion: Study) -> set[PlannedTrial]:
    """The trainings that wait for a worker."""
    from optuna.trial import TrialState

    waiting = companion.trials(states=(TrialState.WAITING,))
    return {trial.planned for trial in waiting if trial.planned is not None}
