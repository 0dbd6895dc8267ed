"""Tells every listener what happens; what happens to a study is counted first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from search.driving.listener import Ending, Listener

if TYPE_CHECKING:
    from search.driving.progress import Progress
    from search.references.record import Reference
    from search.study.left_off import LeftOff
    from search.study.study import Study
    from search.workers.messages import EpochEvent, TrialOutcome
    from spaces import Hyperparameters


class Listeners:
    """Who hears what a command does, before it has a study and while it drives one."""

    def __init__(self, *listeners: Listener, spoken: Callable[[str], str] = str) -> None:
        self._listeners = listeners
        self._spoken = spoken

    def speaking(self, spoken: Callable[[str], str]) -> Listeners:
        """The same, who hear what is said before there is a study as `spoken` puts it."""
        return Listeners(*self._listeners, spoken=spoken)

    def said(self, remark: str) -> None:
        words = self._spoken(remark)
        self._tell(lambda one: one.said(words))

    def of(self, progress: Progress, *more: Listener) -> Dispatcher:
        """They, and `more`, for a study that is to be driven and stands at `progress`."""
        return Dispatcher(progress, *self._listeners, *more)

    def _tell(self, event: Callable[[Listener], None]) -> None:
        for one in self._listeners:
            event(one)


class Dispatcher(Listeners):
    """The events of one study, for the driver to call; what they mean, and who may call them, says `Listener`."""

    def __init__(self, progress: Progress, *listeners: Listener) -> None:
        super().__init__(*listeners)
        self.progress = progress

    def opened(self, study: Study) -> None:
        self._tell(lambda one: one.opened(study, self.progress))

    @contextmanager
    def driving(self) -> Iterator[None]:
        """Workers have started. Whatever ends it, all listeners hear of the end, the last of them first."""
        with ExitStack() as closing:
            for one in self._listeners:
                one.workers_started(self.progress)
                closing.callback(one.closed, self.progress)
            yield

    def workers(self, slots: int) -> None:
        """Trials that can run at the same time now."""
        if slots != self.progress.workers:
            self.progress.workers = slots
            self._tell(lambda one: one.workers_changed(self.progress))

    def trial_started(
        self, number: int, hyperparameters: Hyperparameters, what: str, left_off: LeftOff | None = None
    ) -> None:
        self.progress.begin(number, what, left_off)
        self._tell(lambda one: one.trial_started(self.progress, number, hyperparameters, what))

    def epoch_ended(self, event: EpochEvent) -> None:
        self.progress.epoch(event)
        self._tell(lambda one: one.epoch_ended(self.progress, event))

    def trial_ended(self, number: int, outcome: TrialOutcome) -> None:
        best = self.progress.end(number, outcome.state, outcome.value, outcome.reason)
        self._tell(lambda one: one.trial_ended(self.progress, number, outcome))
        if best:
            self._tell(lambda one: one.best_changed(self.progress))

    def trial_requeued(self, number: int, why: str, epoch: int = 0) -> None:
        self.progress.give_up(number)
        self._tell(lambda one: one.trial_requeued(self.progress, number, why, epoch))

    def trial_rejected(self, number: int, why: str, *, counts: bool = False) -> None:
        """Where it `counts`, no other is tried in its place."""
        if counts:
            self.progress.end(number, "failed", reason=why)
        self._tell(lambda one: one.trial_rejected(self.progress, number, why))

    def reference_ended(self, reference: Reference) -> None:
        """It is kept: a reference model that was fitted, or could not be."""
        self.progress.references = self.progress.references.having(reference)
        self._tell(lambda one: one.reference_ended(self.progress, reference))

    def paused(self, why: str) -> None:
        self._tell(lambda one: one.paused(self.progress, why))

    def unpaused(self, remark: str) -> None:
        self._tell(lambda one: one.unpaused(self.progress, remark))

    def stopping(self, ending: Ending) -> None:
        self._tell(lambda one: one.stopping(self.progress, ending))

    def ended(self, ending: Ending) -> None:
        self._tell(lambda one: one.ended(self.progress, ending))

    def ticked(self) -> None:
        self._tell(lambda one: one.ticked(self.progress))

    def abandoned(self) -> None:
        self._tell(lambda one: one.abandoned())
