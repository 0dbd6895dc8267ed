"""A study as users have it: searched on, renamed, deleted; and one that is searched in the background."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from perceptuna.concluding import Concluding
from perceptuna.errors import one_tree
from perceptuna.settings import Changes

if TYPE_CHECKING:
    import optuna

    from search.driving.dispatcher import Listeners
    from search.driving.listener import Listener
    from search.driving.progress import Progress
    from search.running.background import Background
    from search.running.drive import Finish

__all__ = ["Callback", "Running", "Study", "driven"]


class Study(Concluding):
    """A study of the database, running or finished; `search` and `load_study` give it. What it tells is of now.

    >>> study = pt.load_study("flowers")
    >>> study.name
    'flowers'
    """

    @overload
    def resume(
        self,
        *,
        trials: int | None = ...,
        add: int | None = ...,
        data: Any = ...,
        wait: Literal[True] = ...,
        on_trial_end: Callback | None = ...,
        cluster: str | None = ...,
        tensorboard: str | Path | None = ...,
        show: bool = ...,
        **changes: Unpack[Changes],
    ) -> Study: ...
    @overload
    def resume(
        self,
        *,
        trials: int | None = ...,
        add: int | None = ...,
        data: Any = ...,
        wait: Literal[False],
        on_trial_end: Callback | None = ...,
        cluster: str | None = ...,
        tensorboard: str | Path | None = ...,
        show: bool = ...,
        **changes: Unpack[Changes],
    ) -> Running: ...
    def resume(
        self,
        *,
        trials: int | None = None,
        add: int | None = None,
        data: str | Path | None = None,
        wait: bool = True,
        on_trial_end: Callback | None = None,
        cluster: str | None = None,
        tensorboard: str | Path | None = None,
        show: bool = True,
        **changes: Unpack[Changes],
    ) -> Study | Running:
        """Go on with it, from whatever state it was left in: what `perceptuna resume` does.

        Args:
            trials: new total of finished trials; or `add` so many.
            data: where its data is now, if it was moved.
            wait, on_trial_end, cluster, tensorboard, show: as for `search`.
            changes: timeout, workers, threads, trial_timeout, memory_limit.

        >>> pt.load_study("later").resume(add=1, show=False).name
        'later'

        Raises:
            InputError: nothing is left to do, or its space or its data changed.
            StudyBusy: it is being driven.
            KeyboardInterrupt: it was interrupted.
        """
        from search.running.resume import resume_with

        given = {"trials": trials, **changes}
        place = None if data is None else str(data)
        with one_tree():
            return driven(
                lambda listeners: resume_with(self._read, given, add, listeners, cluster, place),
                on_trial_end=on_trial_end,
                tensorboard=tensorboard,
                show=show,
                wait=wait,
            )

    def stop(self) -> None:
        """Ask whoever drives it to stop; its trials end at their next epoch, and go on from there on resume.

        >>> study.stop()
        Traceback (most recent call last):
        search.errors.InputError: study 'flowers' is not running
        """
        from search.study.stopping import ask_to_stop

        with one_tree():
            ask_to_stop(self._read)

    def rename(self, name: str) -> Study:
        """Give it another name, and with it the studies that were made about it.

        >>> how = {"space": study.space, "trials": 1, "epochs": 1, "show": False}
        >>> pt.search(frame, target="kind", name="one", **how).rename("other").name
        'other'
        """
        from search.study.renaming import rename_study

        with one_tree():
            rename_study(self._read, name)
            return Study(name, self._url)

    def delete(self) -> None:
        """Delete it with its trials and artifacts, and the studies that were made about it. It does not ask.

        Rows that were handed over go too, unless another study has them.

        >>> how = {"space": study.space, "trials": 1, "epochs": 1, "show": False}
        >>> pt.search(frame, target="kind", name="gone", **how).delete()
        """
        from search.study.study import delete_with_companions

        with one_tree():
            delete_with_companions(self._read)


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
        4
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
