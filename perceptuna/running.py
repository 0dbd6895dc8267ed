"""A study that is driven: in this call until it ends, or by a thread while the program goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perceptuna.errors import one_tree
from perceptuna.study import Study

if TYPE_CHECKING:
    import optuna

    from search.driving.dispatcher import Listeners
    from search.driving.listener import Listener
    from search.driving.progress import Progress
    from search.running.background import Background
    from search.running.drive import Finish

__all__ = ["Callback", "Running", "driven"]

Callback = Callable[[Study, "optuna.trial.FrozenTrial"], Any]
"""`on_trial_end`: called with the study and the trial that has ended."""


class Running:
    """A search that a thread drives: `search(…, wait=False)` returns it.

    A program that ends before it stops it; the study then goes on by `load_study(NAME).resume()`.

    >>> running = pt.search(frame, target="kind", trials=1, epochs=1, show=False, wait=False)
    >>> running.result().name
    'kind-1'
    >>> running.done
    True
    """

    def __init__(self, background: Background) -> None:
        self._background = background

    @property
    def study(self) -> Study:
        """The study, as it is so far.

        >>> running.study.name
        'later'
        """
        study = self._background.study
        return Study(study.name, study.url)

    @property
    def progress(self) -> Progress:
        """How far it is: `finished` of `budget` trials, the `best` value and its `best_number`, and `time_left()`.

        >>> running.progress.finished
        1
        """
        assert self._background.progress is not None  # the study is there
        return self._background.progress

    @property
    def done(self) -> bool:
        """Whether it has ended.

        >>> running.done
        True
        """
        return self._background.done

    def stop(self) -> None:
        """Ask it to stop: its trials end at their next epoch, and go on from there on resume.

        >>> running.stop()
        """
        with one_tree():
            self._background.stop()

    def result(self, timeout: float | None = None) -> Study:
        """The study when it has ended, or was stopped.

        >>> running.result().name
        'later'

        Raises:
            TimeoutError: it has not ended within `timeout` seconds.
            StudyStopped: and whatever else ended it.
        """
        with one_tree():
            finish = self._background.wait(timeout)
        if finish is None:
            raise TimeoutError(f"the study has not ended within {timeout} s; it goes on")
        return Study(finish.study.name, finish.study.url)

    def __repr__(self) -> str:
        progress, state = self.progress, "ended" if self.done else "running"
        return f"Running({progress.study!r}, {state}, {progress.finished}/{progress.budget} trials)"

    def __dir__(self) -> list[str]:
        return [name for name in type(self).__dict__ if not name.startswith("_")]


def driven(
    drive: Callable[[Listeners], Finish],
    *,
    on_trial_end: Callback | None,
    tensorboard: str | Path | None,
    show: bool,
    wait: bool,
) -> Any:
    """What `drive` comes to: the Study when it has ended or, where it is not waited for, a Running.

    Raises:
        KeyboardInterrupt: Ctrl-C ended it, or a signal.
    """
    from search.analysis.showing import EndedTrials, listeners_here
    from search.running.background import Background, Heard

    heard = Heard()
    more: list[Listener] = [heard]
    if on_trial_end is not None:
        call = on_trial_end
        more.append(EndedTrials(lambda study, trial: call(Study(study.name, study.url), trial)))
    listeners = listeners_here(*more, tensorboard=tensorboard, show=show, in_background=not wait)
    if not wait:
        background = Background(lambda: drive(listeners), heard)
        _ = background.study  # what cannot be is told now
        return Running(background)
    finish = drive(listeners)
    if finish.ending == "interrupted" and not finish.study.record.stop_requested:
        raise KeyboardInterrupt(f"interrupted; go on with: {finish.study.go_on}")
    return Study(finish.study.name, finish.study.url)
