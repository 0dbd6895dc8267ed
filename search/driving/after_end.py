"""What is to happen when a study has ended: somebody is notified, a command of the user's runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from search.driving.listener import Ending, Listener
from search.driving.webhook import Webhook

if TYPE_CHECKING:
    from search.driving.progress import Progress
    from search.study.study import Study

FAILED = "failed"


class AfterEnd(Listener):
    """A listener, and the `with` around what drives the study: at its end nobody holds the study any more.

    Args:
        notify: an address that is sent a JSON object.
        command: is run by the shell, with what is in that object as $PERCEPTUNA_STUDY, $PERCEPTUNA_ENDING, …
        say: is told what has not worked; neither ends anything.

    Raises:
        InputError: `notify` is no address.
    """

    def __init__(self, notify: str | None, command: str | None, say: Callable[[str], None]) -> None:
        self._webhook = None if notify is None else Webhook.parse(notify)
        self._command = command
        self._say = say
        self._storage = ""
        self._ending: Ending | None = None
        self._facts: dict[str, Any] | None = None

    def opened(self, study: Study, progress: Progress) -> None:
        self._storage = study.url.full

    def ended(self, progress: Progress, ending: Ending) -> None:
        self._ending = ending

    def closed(self, progress: Progress) -> None:
        self._facts = {
            "event": "study_ended",
            "study": progress.study,
            "ending": self._ending or FAILED,
            "metric": progress.metric,
            "best": progress.best,
            "best_trial": progress.best_number,
            "finished": progress.finished,
            "budget": progress.budget,
        }

    def __enter__(self) -> AfterEnd:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._facts is None:  # nothing was driven
            return
        if self._webhook is not None and (why := self._webhook.post(self._facts)):
            self._say(why)
        if self._command is not None:
            self._run(self._command, self._facts)

    def _run(self, command: str, facts: dict[str, Any]) -> None:
        told = {
            f"PERCEPTUNA_{name.upper()}": _word(value) for name, value in facts.items() if name != "event"
        }
        environment = {**os.environ, "PERCEPTUNA_STORAGE": self._storage, **told}
        code = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, env=environment).returncode
        if code:
            self._say(f"--on-end: the command ended with exit code {code}")


def _word(value: object) -> str:
    return "" if value is None else str(value)
