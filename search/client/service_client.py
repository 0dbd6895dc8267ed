"""What can be asked of a service, a method each: the requests of `docs/team.md`, with their answers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import quote, urlencode

from search.client.address import Address
from search.client.connection import Connection
from search.errors import InputError, ServiceFault

_PAGE = 500


class StudyRow(TypedDict):
    """Where a study of a service stands, as `GET studies/NAME` says it; `details` are those of `show --json`.

    Only a study that is asked for by its name has `details`, and only once it is made.
    """

    study: str
    state: str
    owner: str | None
    priority: int | None
    note: str
    reason: str
    can: list[str]
    finished: int
    budget: int | None
    metric: str | None
    best: float | None
    reference: float | None
    data: str | None
    slots: int | None
    workers: int | None
    seconds_left: dict[str, float] | None
    job: str | None
    about: str | None
    details: dict[str, Any] | None


class ServiceClient:
    """One service, asked by one user. What it raises is said at `Connection`."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.address = Address.parse(url, token)
        self.connection = Connection(self.address)

    def hand_in(
        self,
        study: str,
        settings: Mapping[str, Any],
        *,
        priority: int = 0,
        note: str = "",
        notify_url: str | None = None,
    ) -> StudyRow:
        """Hand a study in; names of files in `settings` are those of the service."""
        given = {"study": study, "settings": dict(settings), "priority": priority, "note": note}
        if notify_url is not None:
            given["notify_url"] = notify_url
        row: StudyRow = self.connection.json("POST", "studies", given)
        return row

    def upload(self, path: Path) -> str:
        """Send a file; the name by which settings call it.

        Raises:
            InputError: it cannot be read, too.
        """
        try:
            file = path.open("rb")
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror})") from None
        with file:
            answer = self.connection.sent("uploads", file, path.stat().st_size)
        return str(answer["data"])

    def remove_upload(self, name: str) -> None:
        """Delete a file that `upload` sent, by the name that it gave."""
        self.connection.gone(f"uploads/{quote(name.removeprefix('upload:'), safe='')}")

    def studies(self) -> list[StudyRow]:
        """All of them, the newest first."""
        found: list[StudyRow] = []
        while True:
            page = self.connection.json("GET", "studies", limit=_PAGE, offset=len(found))
            found += page["studies"]
            if not page["studies"] or len(found) >= page["total"]:
                return found

    def study(self, name: str) -> StudyRow:
        """One of them."""
        row: StudyRow = self.connection.json("GET", _of(name))
        return row

    def ask(self, name: str, verb: str) -> StudyRow:
        """Have it paused, resumed, stopped or cancelled: `verb` is `pause`, `resume`, `stop` or `cancel`."""
        row: StudyRow = self.connection.json("POST", f"{_of(name)}/{verb}")
        return row

    def change(self, name: str, changes: Mapping[str, Any]) -> StudyRow:
        """Change its priority, note, trials, workers or timeout."""
        row: StudyRow = self.connection.json("PATCH", _of(name), dict(changes))
        return row

    def progress(self, name: str) -> dict[str, Any]:
        """How far it is, as `GET studies/NAME/progress` says it."""
        found: dict[str, Any] = self.connection.json("GET", f"{_of(name)}/progress")
        return found

    def rename(self, name: str, new: str) -> StudyRow:
        """Give it another name."""
        row: StudyRow = self.connection.json("POST", f"{_of(name)}/rename", {"name": new})
        return row

    def delete(self, name: str) -> None:
        """Delete it with its trials and models."""
        self.connection.gone(_of(name))

    def trial(self, name: str, number: int) -> dict[str, Any]:
        """One trial, as `perceptuna show --trial K --json` says it."""
        found: dict[str, Any] = self.connection.json("GET", f"{_of(name)}/trials/{number}")
        return found

    def report(self, name: str) -> bytes:
        """The page of `perceptuna report`."""
        return self.connection.content(f"{_of(name)}/report", "text/html")

    def model(self, name: str) -> tuple[bytes, bytes]:
        """The best model as a .keras file, and its facts as the JSON file beside it."""
        return self._model(f"{_of(name)}/model")

    def conclude(self, name: str, command: str, options: Mapping[str, Any]) -> StudyRow:
        """Have it finalized or ablated: `command` is `finalize` or `ablate`. The row of the job, perhaps of before."""
        row: StudyRow = self.connection.json("POST", f"{_of(name)}/{command}", dict(options))
        return row

    def conclusion(self, name: str) -> dict[str, Any]:
        """What `finalize` and `ablate` came to, as `GET studies/NAME/conclusion` says it."""
        found: dict[str, Any] = self.connection.json("GET", f"{_of(name)}/conclusion")
        return found

    def tested_model(self, name: str) -> tuple[bytes, bytes]:
        """As `model`, the one that `finalize` tested."""
        return self._model(f"{_of(name)}/conclusion/model")

    def compare(self, names: Sequence[str]) -> dict[str, Any]:
        """Studies side by side, as `perceptuna compare --json` says it."""
        path = f"compare?{urlencode([('study', name) for name in names])}"
        found: dict[str, Any] = self.connection.json("GET", path)
        return found

    def _model(self, path: str) -> tuple[bytes, bytes]:
        content = self.connection.content(path, "application/zip")
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as files:
                return files.read("model.keras"), files.read("model.json")
        except (zipfile.BadZipFile, KeyError):
            raise ServiceFault(
                f"{self.address.shown}: expected a model with its facts, but got something else; is the service "
                "of an earlier version?"
            ) from None

    def predictions(
        self, name: str, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[str]]:
        """What the best model answers for rows by column, and what is remarkable about them."""
        told = self.connection.long(f"{_of(name)}/predictions", {"rows": [dict(row) for row in rows]})
        return told["answers"], told["remarks"]


def _of(name: str) -> str:
    return f"studies/{quote(name, safe='')}"
