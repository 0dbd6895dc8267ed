"""A team's service, from Python: studies that it runs, and what they have found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from perceptuna.errors import one_tree
from perceptuna.model import Model, load_model
from perceptuna.settings import Settings, plain
from search.given.asked import Rows

if TYPE_CHECKING:
    from search.client.service_client import ServiceClient, StudyRow

__all__ = ["Service", "ServiceStudy", "connect"]


def connect(url: str, token: str | None = None) -> Service:
    """The service of `perceptuna serve` at `url`, which is asked when something is asked of it.

    Args:
        url: `http://HOST:PORT`, or the link that the service printed.
        token: yours; $PERCEPTUNA_TOKEN when neither is given here nor in the link.

    >>> pt.connect("http://127.0.0.1:8090/?token=secret")
    Service('http://127.0.0.1:8090')

    Raises:
        InputError: that is no address of a service.
    """
    from search.client.service_client import ServiceClient

    with one_tree():
        return Service(ServiceClient(url, token))


class Service:
    """A team's service; `connect` gives it.

    Everything here raises InputError where the service refuses, and ServiceFault where it cannot be reached or fails.
    """

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def search(
        self,
        data: Rows = None,
        y: Any = None,
        *,
        name: str | None = None,
        priority: int = 0,
        note: str = "",
        **settings: Unpack[Settings],
    ) -> ServiceStudy:
        """Hand a study in, and return it at once: the service runs it when it is its turn.

        Args:
            data, y, settings: as of `perceptuna.search`. DataFrames, arrays, a `Space` and files that are here are
                sent; any other name is one of the service's folder of data.
            name: of the study; made up where not given.
            priority: 0, or less for others to go first.
            note: shown beside it.
        """
        from search.client.handing_in import hand_in
        from search.given.asked import named, staged_settings
        from search.machine.temporary import temporary_folder

        with (
            one_tree(),
            temporary_folder() as folder,
            staged_settings(data, y, plain(settings), folder) as (told, files),
            named(list(files.values())),
        ):
            here = {setting: str(one.file) for setting, one in files.items()}
            chosen = name or self._made_up_name(data, settings.get("target"))
            hand_in(self._client, chosen, told | here, priority=priority, note=note)
            return ServiceStudy(self._client, chosen)

    def studies(self) -> list[ServiceStudy]:
        """All of them, the newest first."""
        with one_tree():
            return [ServiceStudy(self._client, row["study"]) for row in self._client.studies()]

    def load_study(self, name: str) -> ServiceStudy:
        """One of them, whoever has begun it."""
        with one_tree():
            self._client.study(name)
        return ServiceStudy(self._client, name)

    def _made_up_name(self, data: Rows, target: object) -> str:
        from search.running.asked import name_after

        return name_after(data, target, {row["study"] for row in self._client.studies()})

    def __repr__(self) -> str:
        return f"Service({self._client.address.shown!r})"

    def __dir__(self) -> list[str]:
        return ["load_study", "search", "studies"]


class ServiceStudy:
    """A study of a service; what it tells is of now."""

    def __init__(self, client: ServiceClient, name: str) -> None:
        self._client = client
        self.name = name

    @property
    def row(self) -> StudyRow:
        """All that the service says of it, as `GET studies/NAME` does."""
        with one_tree():
            return self._client.study(self.name)

    @property
    def state(self) -> str:
        """`queued`, `running`, `finished` … as docs/team.md has them."""
        return self.row["state"]

    @property
    def best(self) -> dict[str, Any]:
        """The best trial: the first of `leaderboard()`.

        Raises:
            InputError: no trial is complete yet.
        """
        from perceptuna.errors import InputError

        board = self.leaderboard()
        if not board:
            raise InputError(f"study '{self.name}' has no complete trial yet; it is {self.state}")
        return board[0]

    def leaderboard(self) -> list[dict[str, Any]]:
        """Up to ten complete trials, best first, as `perceptuna show --json` says them."""
        details = self.row["details"]
        found: list[dict[str, Any]] = details["leaderboard"] if details else []
        return found

    def wait(self, *, show: bool = True) -> ServiceStudy:
        """This study when it is over, its lines printed meanwhile where `show`. Ctrl-C leaves it running.

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

    def pause(self) -> None:
        """Have the service leave it alone until `resume`; its trials end at their next epoch."""
        self._ask("pause")

    def resume(self, *, trials: int | None = None) -> None:
        """Have it go on, perhaps to a new total of `trials`."""
        with one_tree():
            if trials is not None:
                self._client.change(self.name, {"trials": trials})
        self._ask("resume")

    def stop(self) -> None:
        """End it at its trials' next epoch."""
        self._ask("stop")

    def cancel(self) -> None:
        """Take it out of the queue; what it has found stays."""
        self._ask("cancel")

    def report(self, path: str | Path, *, force: bool = False) -> Path:
        """Write its report to `path`, an HTML file; `force` replaces what is there."""
        from search.client.downloads import write_report

        with one_tree():
            write_report(self._client, self.name, Path(path), force=force)
        return Path(path)

    def model(self, path: str | Path | None = None, *, force: bool = False) -> Model:
        """The best model, written to `path` with its facts beside it; `NAME.keras` here when not given."""
        from search.client.downloads import write_model

        output = Path(path or f"{self.name}.keras")
        with one_tree():
            write_model(self._client, self.name, output, force=force)
        return load_model(output)

    def predict(self, rows: Any) -> list[dict[str, Any]]:
        """What the best model answers there for a DataFrame, or for rows as dictionaries by column."""
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
