"""Reference models, fitted while trials run: what comes of them is kept and told; training never waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from search.references.process import PATIENCE_SECONDS, Fitting
from search.references.words import TITLES
from search.study.study_record import keep_study_facts

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.driving.dispatcher import Dispatcher
    from search.references.record import ReferenceName
    from search.study.study import Study

_UNTOLD_SECONDS = 5.0


class ReferenceFits:
    """Those of one study; `fitting` None: there is nothing to fit."""

    def __init__(
        self,
        study: Study,
        dispatcher: Dispatcher,
        fitting: Fitting | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._study, self._dispatcher, self._fitting, self._clock = study, dispatcher, fitting, clock
        self._awaited_since: float | None = None
        self._said = False

    def collect(self) -> None:
        """Keep and tell what is ready. Does not wait."""
        if self._fitting is None:
            return
        for reference in self._fitting.collect():
            known = self._study.record.references.having(reference)
            keep_study_facts(self._study.optuna, {"references": known})
            self._dispatcher.reference_ended(reference)

    def awaited(self) -> bool:
        """Whether the study shall stay for what is left, now that its trials have ended; it does not for ever."""
        if self._fitting is None or not self._fitting.left:
            return False
        now = self._clock()
        if self._awaited_since is None:
            self._awaited_since = now
        waited = now - self._awaited_since
        if waited > _UNTOLD_SECONDS and not self._said:
            left = " and ".join(TITLES[name] for name in self._fitting.left)
            self._dispatcher.said(
                f"trials are done; waiting for what they are compared with ({left}), at most "
                f"{PATIENCE_SECONDS / 60:.0f} minutes; Ctrl-C goes on without"
            )
            self._said = True
        return waited < PATIENCE_SECONDS


@contextmanager
def beside(
    study: Study, data: PreparedData, dispatcher: Dispatcher, *, wanted: bool = True
) -> Iterator[ReferenceFits]:
    """Fits what `study` lacks, where that is `wanted`, while it is driven. The caller holds its lock."""
    fitting = fitting_of(study, data) if wanted else None
    try:
        yield ReferenceFits(study, dispatcher, fitting)
    finally:
        if fitting is not None:
            fitting.close()


def to_fit(study: Study) -> tuple[ReferenceName, ...]:
    """What `study` lacks; nothing of images, and of trainings about another study."""
    if study.companion_of is not None or study.data.kind == "image":
        return ()
    return study.record.references.missing


def fitting_of(study: Study, data: PreparedData) -> Fitting | None:
    """Of what `study` lacks; None where that is nothing."""
    from search.data import fitted_fold
    from search.references.job import Job

    missing = to_fit(study)
    if not missing:
        return None
    settings = study.settings
    asked = (study.metric.removeprefix("val_"),)
    count = settings.folds or 0
    folds = [fitted_fold(data, number, count) for number in range(count)]
    return Fitting(Job.on_validation(data, missing, settings.seed, settings.memory_limit, asked, folds))
