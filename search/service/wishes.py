"""What is asked of a study of the queue, over HTTP or in a shell: by the same rules, in the same words."""

from __future__ import annotations

from search.errors import InputError
from search.service.queue import Queue, QueuedStudy
from search.service.states import DRIVEN, OVER, VERBS, State
from search.study.study import Study
from search.text.formats import duration

_TRIES = 5


class NotNow(InputError):
    """It cannot be asked of a study in this state."""


def wish(queue: Queue, name: str, verb: str, study: Study | None) -> bool:
    """Ask a study that is in the queue to `verb`; whether that changes anything.

    Args:
        study: itself, None before its driver has made it.

    Raises:
        NotNow: not in its state, or not while a conclusion is drawn from it.
        InputError: it is to go on, and has its budget.
    """
    for _ in range(_TRIES):
        queued = queue.find(name)
        if queued is None or queued.state not in VERBS[verb]:
            state = queued.state if queued else "gone"
            raise NotNow(f"study '{name}' is {state}, so there is nothing to {verb}")
        if verb == "resume":
            _refuse_used_up(queued, study)
            _refuse_concluded(queue, queued)
        state, then = VERBS[verb][queued.state]
        if (state, then) == (queued.state, queued.then):
            return False
        fresh = {"failures": 0, "not_before": 0.0, "reason": ""} if verb == "resume" else {}
        if queue.move(name, [queued.state], state, then, **fresh):
            return True
    raise NotNow(f"study '{name}' changes its state right now; ask again")


def _refuse_concluded(queue: Queue, queued: QueuedStudy) -> None:
    """Raises NotNow while a conclusion is drawn from it, which its going on would change."""
    for job in queue.about(queued.study):
        if job.state not in OVER:
            raise NotNow(
                f"study '{queued.study}' has to stay as it is for '{job.study}', which is {job.state}; wait for its "
                "end, or cancel that"
            )


def _refuse_used_up(queued: QueuedStudy, study: Study | None) -> None:
    """Raises InputError where a study has its budget, of trials or of time."""
    if queued.state in DRIVEN:
        return
    if queued.job is not None:
        if queued.state is State.FINISHED:
            raise InputError(
                f"study '{queued.job.about}' has what '{queued.study}' was for; nothing is left to do"
            )
        return
    finished = 0 if study is None else len(study.finished())
    if finished >= queued.trials:
        raise InputError(
            f"study '{queued.study}' has {finished} finished trials of {queued.trials}, so nothing is left to do; "
            "raise its trials first"
        )
    if queued.timeout is not None and queued.ran >= queued.timeout:
        raise InputError(
            f"study '{queued.study}' has run for its {duration(queued.timeout)}; raise its timeout first"
        )
