"""What can be heard of a study while it runs: whoever wants to show it, write it or send it on is a `Listener`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from search.driving.progress import Progress
    from search.references.record import Reference
    from search.study.study import Study
    from search.workers.messages import EpochEvent, TrialOutcome
    from spaces import Hyperparameters

Ending = Literal["budget", "timeout", "interrupted"]


class Listener:
    """Subclasses hear what they override; by itself nothing is done.

    Events of a study bring its `Progress`, which has counted them already: it is to be read, not kept up. One listener
    may hear of several studies, one after another, each from `opened` to `closed`.

    Events come from the thread that drives the study, but for `epoch_ended`, which comes from any, and `abandoned`,
    which comes inside a signal handler. The study waits for a listener, and ends for what it raises, as it does for a
    fault of its own: a listener whose folder or connection may fail without harm to the study says so once by itself,
    and is quiet from then on.
    """

    def said(self, remark: str) -> None:
        """A line that a user should read: a note, a warning, what is done now. Also before there is a study."""

    def opened(self, study: Study, progress: Progress) -> None:
        """The study is there, with its budget; no worker is yet."""

    def workers_started(self, progress: Progress) -> None:
        """Trials are started from now on. From here on there will be a `closed`."""

    def workers_changed(self, progress: Progress) -> None:
        """Workers were lost, or came: `progress.workers` trials can run at the same time."""

    def trial_started(
        self, progress: Progress, number: int, hyperparameters: Hyperparameters, what: str
    ) -> None:
        """`what` are its hyperparameters in words."""

    def epoch_ended(self, progress: Progress, event: EpochEvent) -> None:
        """Of one trial. It may come after the trial's end, by another way, or never."""

    def trial_ended(self, progress: Progress, number: int, outcome: TrialOutcome) -> None:
        """For good: it is kept and told."""

    def best_changed(self, progress: Progress) -> None:
        """The trial that has just ended is the best: `progress.best_number`."""

    def trial_requeued(self, progress: Progress, number: int, why: str, epoch: int) -> None:
        """It did not come to an end, and will be run again under another number, after `epoch` (0: from nothing)."""

    def trial_rejected(self, progress: Progress, number: int, why: str) -> None:
        """It was asked for, and perhaps started, and found too large to be trained."""

    def reference_ended(self, progress: Progress, reference: Reference) -> None:
        """A reference model was fitted beside the trials, or could not be; it is kept."""

    def paused(self, progress: Progress, why: str) -> None:
        """The machine lets no trial be trained now; it is tried again."""
        self.said(why)

    def unpaused(self, progress: Progress, remark: str) -> None:
        """Trials can be trained again."""
        self.said(remark)

    def stopping(self, progress: Progress, ending: Ending) -> None:
        """No trial is started any more, and those that run end at their next epoch."""

    def ended(self, progress: Progress, ending: Ending) -> None:
        """All that was to be done is told. Not where an error ended it."""

    def ticked(self, progress: Progress) -> None:
        """About twice a second."""

    def closed(self, progress: Progress) -> None:
        """The last event of a study, whatever ended it."""

    def abandoned(self) -> None:
        """The process is about to end at once, inside a signal handler."""
