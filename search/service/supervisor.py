"""Has the studies of the queue run: starts drivers, watches them, and settles what follows when one has ended.

All that it decides by is in the database and in what the system says of drivers. So after a kill, of the service or of
anything else, the next look goes on from what is there.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from search.service.drivers import Drivers, Ended
from search.service.jobs import Job
from search.service.queue import Queue, QueuedStudy
from search.service.sharing import Claim, shares
from search.service.states import DRIVEN, State
from search.study.creation import half_made
from search.study.study import Study, find_study
from search.study.study_record import keep_study_facts
from storage import StorageURL, is_driven
from storage.errors import translate
from storage.study_storage import StudyStorage

_SECONDS = 0.5
# A driver that had just started is not asked to end only to get more slots.
_GROWS_AFTER_SECONDS = 60.0
# Drivers in a row that end out of order, without a trial that ended, before the study counts as failed.
_FAILURES = 3
_WAIT_SECONDS = 5.0
_FAILED_LOOKS = 3
_TIME_IS_UP = "its time is up"


class Supervisor:
    """Of one database's queue.

    Args:
        slots: trials at the same time, of all studies together.
        say: hears what an operator should know.
        clock: seconds since 1970.
        ensure_held: raises StorageError where another service may have the queue.
    """

    def __init__(
        self,
        url: StorageURL,
        storage: StudyStorage,
        queue: Queue,
        drivers: Drivers,
        slots: int,
        say: Callable[[str], None] = lambda remark: None,
        clock: Callable[[], float] = time.time,
        ensure_held: Callable[[], None] = lambda: None,
    ) -> None:
        self._url = url
        self._storage = storage
        self._queue = queue
        self._drivers = drivers
        self._say = say
        self._clock = clock
        self._ensure_held = ensure_held
        self._woken = threading.Event()
        self.slots = slots
        self.looked = 0.0
        """When the last look ended, by `time.monotonic`."""

    def run(self, ended: threading.Event) -> None:
        """Look, again and again, until `ended`. A fault of storage is told, and the next look may find it gone.

        Raises:
            StorageError: another service may have the queue.
            Exception: of three looks in a row. (A study may be deleted while it is looked at, which is no bug.)
        """
        told, failed = "", 0
        while not ended.is_set():
            self._ensure_held()
            try:
                self.look()
                told, failed = "", 0
            except Exception as error:
                fault = translate(error)
                failed = failed + 1 if fault is None else 0
                if failed == _FAILED_LOOKS:
                    raise
                if str(fault or error) != told:
                    self._say(f"{fault or repr(error)}; trying again")
                told = str(fault or error)
            self._woken.wait(_SECONDS)
            self._woken.clear()

    def wake(self) -> None:
        """Look now: somebody has asked for something."""
        self._woken.set()

    def look(self) -> None:
        """Settle what has ended, ask to end what shall, start what can."""
        for study in self._queue.in_states(*DRIVEN):
            if not self._drivers.lives(study.study):
                self._settle(study, self._drivers.ended(study.study))
            elif study.state is not State.RUNNING:
                self._ask_to_end(study)
        self._share()
        self._drivers.start_ahead()
        self.looked = time.monotonic()

    def _settle(self, study: QueuedStudy, ended: Ended) -> None:
        """Its driver is gone: what follows."""
        at = max(min(ended.at, self._clock()), study.began or 0.0)
        ran = study.ran + at - (study.began or at)
        state, reason, changes = self._follows(study, ended, ran)
        settled = self._queue.settle(study, state, reason=reason, ended=at, ran=ran, **changes)
        if settled and state is not study.then:
            self._say(f"study '{study.study}' is {state}{f': {reason}' if reason else ''}")

    def _follows(self, study: QueuedStudy, ended: Ended, ran: float) -> tuple[State, str, dict[str, Any]]:
        loaded = self._study(study.study)
        in_order = ended.ending is not None or ended.code == 130 or study.then is not None
        failures = 0 if in_order or ended.trials else study.failures + 1
        changes: dict[str, Any] = {"failures": failures}
        if ended.ending in ("finalized", "ablated"):
            return State.FINISHED, "", changes
        if study.job is None and loaded is not None and len(loaded.finished()) >= study.trials:
            no_value = ended.code == 1 and loaded.best_trial() is None
            return (State.FAILED, ended.said, changes) if no_value else (State.FINISHED, "", changes)
        if ended.ending == "timeout" or (study.timeout is not None and ran >= study.timeout):
            return State.FINISHED, _TIME_IS_UP, changes
        if study.then is not None:
            return study.then, "", changes
        interrupted = ended.ending == "interrupted" or ended.code == 130
        if loaded is not None and loaded.record.stop_requested and interrupted:
            return State.STOPPED, "by `perceptuna stop`", changes
        if is_driven(self._url, study.study):
            return State.QUEUED, "it is driven by somebody else", changes
        if ended.code in (1, 2):
            return State.FAILED, ended.said, changes
        if failures >= _FAILURES:
            why = ended.said or f"its driver ended {failures} times before a trial did"
            return State.FAILED, why, changes
        if failures:
            changes["not_before"] = self._clock() + _WAIT_SECONDS * 4 ** (failures - 1)
        return State.QUEUED, "" if in_order else "its driver died; it goes on by itself", changes

    def _ask_to_end(self, study: QueuedStudy) -> None:
        """By a signal to a process of ours; one of an earlier service hears it as `perceptuna stop` says it."""
        if self._drivers.ask_to_end(study.study):
            return
        loaded = self._study(study.study)
        if loaded is not None and is_driven(self._url, study.study) and not loaded.record.stop_requested:
            keep_study_facts(loaded.optuna, {"stop_requested": True})

    def _share(self) -> None:
        now = self._clock()
        driven = self._queue.in_states(*DRIVEN)
        waiting = [one for one in self._queue.in_states(State.QUEUED) if one.not_before <= now]
        # One that is about to end and go on keeps its claim.
        claiming = [one for one in driven if one.then in (None, State.QUEUED)]
        given = shares([_claim(one, self.slots) for one in (*claiming, *waiting)], self.slots)
        free = self.slots - sum(one.slots for one in driven)
        unserved = False
        for study in sorted(waiting, key=lambda one: (-given[one.study], -one.priority, one.handed_in)):
            if given[study.study] == 0:
                continue
            slots = min(given[study.study], free)
            if slots <= 0:
                unserved = True
            elif self._start(study, slots, now):
                free -= slots
        for study in driven:
            if study.state is not State.RUNNING:
                continue
            gives = given[study.study] < study.slots and unserved
            takes = free > 0 and given[study.study] > study.slots and not waiting
            if gives or (takes and now - (study.began or now) > _GROWS_AFTER_SECONDS):
                self._queue.move(study.study, [State.RUNNING], State.PAUSING, State.QUEUED)

    def _start(self, study: QueuedStudy, slots: int, now: float) -> bool:
        """Whether its driver was started with so many slots. A kill between any two steps leads to another try."""
        if self._drivers.lives(study.study) or is_driven(self._url, study.study):
            # Somebody drives it from a shell: it is left alone, and looked at again.
            reason = "it is driven by somebody else"
            self._queue.change(study.study, {"not_before": now + _WAIT_SECONDS, "reason": reason})
            return False
        if study.job is not None:
            return self._start_job(study, study.job, slots, now)
        loaded = self._study(study.study)
        if loaded is not None and len(loaded.finished()) >= study.trials:
            self._queue.move(study.study, [State.QUEUED], State.FINISHED, reason="")
            return False
        if study.timeout is not None and study.ran >= study.timeout:
            self._queue.move(study.study, [State.QUEUED], State.FINISHED, reason=_TIME_IS_UP)
            return False
        words = ["--workers", str(slots), "--json"]
        if study.timeout is not None:
            words += ["--timeout", f"{max(1.0, study.timeout - study.ran):.0f}s"]
        if loaded is None or half_made(loaded):
            config = self._drivers.folder(study.study) / "settings.toml"
            write_settings(config, study)
            words = ["run", study.study, "--config", str(config), *words]
        else:
            words = ["resume", study.study, "--trials", str(study.trials), *words]
        return self._drive(study, words, slots, now)

    def _start_job(self, study: QueuedStudy, job: Job, slots: int, now: float) -> bool:
        """As `_start`. What is concluded is that of a study that rests: it waits for one that somebody drives."""
        about = self._queue.find(job.about)
        if (about is not None and about.state in DRIVEN) or is_driven(self._url, job.about):
            reason = f"it waits for study '{job.about}', which is driven"
            self._queue.change(study.study, {"not_before": now + _WAIT_SECONDS, "reason": reason})
            return False
        return self._drive(study, job.words(self._drivers.folder(study.study), slots), slots, now)

    def _drive(self, study: QueuedStudy, words: list[str], slots: int, now: float) -> bool:
        """Whether a driver was started that does what `words` say."""
        self._drivers.announce(study.study, workers=slots)
        if not self._queue.move(
            study.study, [State.QUEUED], State.RUNNING, slots=slots, began=now, ended=None, reason=""
        ):
            return False
        try:
            return self._drivers.start(study.study, words, slots)
        except OSError as error:  # no process or no memory to be had: settled as a driver that died
            self._say(f"study '{study.study}': no driver could be started ({error.strerror})")
            return False

    def _study(self, name: str) -> Study | None:
        """None before its driver has made it."""
        return find_study(name, self._url, self._storage)


def _claim(study: QueuedStudy, slots: int) -> Claim:
    return Claim(study.study, study.owner, study.priority, study.most(slots), study.slots, study.handed_in)


def write_settings(path: Path, study: QueuedStudy) -> None:
    """What its owner gave, as a settings file: TOML, whose text and lists are written as JSON's are."""
    given = {**json.loads(study.settings), "trials": study.trials}
    lines = (f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in given.items())
    # JSON leaves one sign as it is that TOML wants escaped.
    path.write_text("".join(lines).replace("\x7f", "\\u007f"), encoding="utf-8")
