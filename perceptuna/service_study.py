"""A study that a team's service runs, from Python: followed, changed, and asked what it has found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perceptuna.errors import one_tree
from perceptuna.model import Model, load_model

if TYPE_CHECKING:
    from perceptuna.ablation import Ablation
    from perceptuna.conclusion import Conclusion
    from search.client.service_client import ServiceClient, StudyRow

__all__ = ["ServiceStudy"]


class ServiceStudy:
    """A study of a service; what it tells is of now.

    >>> study = service.load_study("flowers")
    >>> study.name
    'flowers'
    """

    def __init__(self, client: ServiceClient, name: str) -> None:
        self._client = client
        self.name = name

    @property
    def row(self) -> StudyRow:
        """All that the service says of it, as `GET studies/NAME` does.

        >>> study.row["finished"], study.row["budget"]
        (2, 2)
        """
        with one_tree():
            return self._client.study(self.name)

    @property
    def state(self) -> str:
        """`queued`, `running`, `finished` … as docs/team.md has them.

        >>> study.state
        'finished'
        """
        return self.row["state"]

    @property
    def best(self) -> dict[str, Any]:
        """The best trial: the first of `leaderboard()`.

        >>> study.best["rank"]
        1

        Raises:
            InputError: no trial is complete yet.
        """
        from perceptuna.errors import InputError

        board = self.leaderboard()
        if not board:
            raise InputError(f"study '{self.name}' has no complete trial yet; it is {self.state}")
        return board[0]

    def leaderboard(self) -> list[dict[str, Any]]:
        """Up to ten complete trials, best first, as `perceptuna show --json` says them.

        >>> [trial["rank"] for trial in study.leaderboard()]
        [1, 2]
        """
        details = self.row["details"]
        found: list[dict[str, Any]] = details["leaderboard"] if details else []
        return found

    def wait(self, *, show: bool = True) -> ServiceStudy:
        """This study when it is over, its lines printed meanwhile where `show`. Ctrl-C leaves it running.

        >>> queued.cancel()
        >>> queued.wait().state
        'cancelled'

        Raises:
            StudyStopped: it has failed.
        """
        from perceptuna.errors import StudyStopped
        from search.analysis.showing import write_line
        from search.client.following import follow
        from search.client.words import EventLines

        lines = EventLines()
        with one_tree():
            for event in follow(self._client, self.name):
                if show and (line := lines.line_of(event)) is not None:
                    write_line(line)
        row = self.row
        if row["state"] == "failed":
            raise StudyStopped(row["reason"])
        return self

    def finalize(
        self,
        output: str | Path | None = None,
        *,
        top: int = 5,
        seeds: int = 5,
        folds: int | None = None,
        ensemble: int | None = None,
        all_rows: bool = False,
        calibrate: bool | None = None,
        workers: int | None = None,
        again: bool = False,
        force: bool = False,
        show: bool = True,
        notify_url: str | None = None,
    ) -> Conclusion:
        """Have the service confirm the `top` on fresh seeds and test the winner, and write its model here.

        Ctrl-C leaves it running; the same call waits for it again.

        Args:
            output: the model to write; `NAME.keras` in the current folder when not given.
            again: look at the test split once more, with other options than before.
            notify_url: where the service posts a JSON object when it has ended.

        >>> study.finalize("theirs-final.keras")
        Traceback (most recent call last):
            ...
        search.errors.InputError: study 'flowers' was started from a shell, so an admin has to ask for it

        Raises:
            InputError: no trial is complete yet, it was finalized with other options, or something is at `output`.
            StudyStopped: it has failed, or was cancelled.
        """
        from perceptuna.conclusion import Conclusion
        from search.analysis.notebook import concluded_there
        from search.client.downloads import check_model_place, write_model

        path = Path(output or f"{self.name}.keras")
        with one_tree():
            check_model_place(path, force=force)
            asked = {"top": top, "seeds": seeds, "folds": folds, "ensemble": ensemble, "workers": workers}
            how = {"all_rows": all_rows, "calibrate": calibrate, "again": again, "notify_url": notify_url}
            self._conclude("finalize", {**asked, **how}, show)
            write_model(self._client, self.name, path, force=force, tested=True)
            return Conclusion(concluded_there(self._client.conclusion(self.name)), path)

    def ablate(
        self,
        trial: int | None = None,
        *,
        seeds: int = 3,
        workers: int | None = None,
        show: bool = True,
        notify_url: str | None = None,
    ) -> Ablation:
        """Have the service change one factor at a time around the best trial, or around `trial`.

        Ctrl-C leaves it running; the same call waits for it again.

        Args:
            notify_url: where the service posts a JSON object when it has ended.

        >>> study.ablate(seeds=2)
        Traceback (most recent call last):
            ...
        search.errors.InputError: study 'flowers' was started from a shell, so an admin has to ask for it

        Raises:
            InputError: no trial is complete yet, or there is no such trial.
            StudyStopped: it has failed, or was cancelled.
        """
        from perceptuna.ablation import Ablation
        from search.analysis.terminal.ablation import ablation_of

        with one_tree():
            asked = {"trial": trial, "seeds": seeds, "workers": workers, "notify_url": notify_url}
            job = self._conclude("ablate", asked, show)
            ablated = self._client.conclusion(self.name)["ablated"]
            facts = next(one for one in ablated if job.endswith(f"-{one['trial']}"))
            return Ablation(*ablation_of(facts))

    def _conclude(self, command: str, options: dict[str, Any], show: bool) -> str:
        """The name of the job, which has done its work."""
        from perceptuna.errors import StudyStopped

        row = self._client.conclude(self.name, command, options)
        job = ServiceStudy(self._client, row["study"]).wait(show=show)
        row = job.row
        if row["state"] != "finished":
            raise StudyStopped(f"'{job.name}' is {row['state']}{row['reason'] and ': '}{row['reason']}")
        return job.name

    def pause(self) -> None:
        """Have the service leave it alone until `resume`; its trials end at their next epoch.

        >>> queued.pause()
        >>> queued.state
        'paused'
        """
        self._ask("pause")

    def resume(self, *, trials: int | None = None) -> None:
        """Have it go on, perhaps to a new total of `trials`.

        >>> queued.resume(trials=30)
        >>> queued.state
        'queued'
        """
        with one_tree():
            if trials is not None:
                self._client.change(self.name, {"trials": trials})
        self._ask("resume")

    def stop(self) -> None:
        """End it at its trials' next epoch.

        >>> queued.stop()
        >>> queued.state
        'stopped'
        """
        self._ask("stop")

    def cancel(self) -> None:
        """Take it out of the queue; what it has found stays.

        >>> queued.cancel()
        >>> queued.state
        'cancelled'
        """
        self._ask("cancel")

    def rename(self, name: str) -> None:
        """Call it `name` from now on, when it rests, and with it what is about it.

        >>> queued.pause()
        >>> queued.rename("another")
        >>> queued.name
        'another'
        """
        with one_tree():
            self._client.rename(self.name, name)
        self.name = name

    def delete(self) -> None:
        """Delete it with its trials and models, when it is over.

        >>> queued.cancel()
        >>> queued.delete()
        """
        with one_tree():
            self._client.delete(self.name)

    def report(self, path: str | Path, *, force: bool = False) -> Path:
        """Write its report to `path`, an HTML file; `force` replaces what is there.

        >>> study.report("theirs.html").name
        'theirs.html'
        """
        from search.client.downloads import write_report

        with one_tree():
            write_report(self._client, self.name, Path(path), force=force)
        return Path(path)

    def model(self, path: str | Path | None = None, *, force: bool = False) -> Model:
        """The best model, written to `path` with its facts beside it; `NAME.keras` here when not given.

        >>> study.model("theirs.keras").task
        'binary'
        """
        from search.client.downloads import write_model

        output = Path(path or f"{self.name}.keras")
        with one_tree():
            write_model(self._client, self.name, output, force=force)
        return load_model(output)

    def predict(self, rows: Any) -> list[dict[str, Any]]:
        """What the best model answers there for a DataFrame, or for rows as dictionaries by column.

        >>> study.predict([{"petal": 4.0, "leaf": 3.0}])[0]["prediction"] in ("long", "short")
        True
        """
        from search.given.asked import warned
        from search.given.frames import arrow_table, is_frame

        with one_tree():
            asked: Sequence[dict[str, Any]]
            asked = arrow_table(rows, "the DataFrame").to_pylist() if is_frame(rows) else rows
            answers, remarks = self._client.predictions(self.name, asked)
        warned(remarks)
        return answers

    def _ask(self, verb: str) -> None:
        with one_tree():
            self._client.ask(self.name, verb)

    def __repr__(self) -> str:
        row = self.row
        return f"ServiceStudy({self.name!r}, {row['state']}, {row['finished']}/{row['budget']} trials)"

    def __dir__(self) -> list[str]:
        return [name for name in ("name", *type(self).__dict__) if not name.startswith("_")]
