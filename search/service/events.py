"""What a study's drivers said while they ran: the lines of `--json` in a file, which outlasts them and the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STARTED = "driver_started"
"""The event that the service writes before each driver."""

_TAIL_BYTES = 2**20


class Events:
    """The file of one study."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write_started(self, **facts: Any) -> None:
        """From here on lines are those of the next driver. A line that a killed one left half is ended."""
        line = json.dumps({"event": STARTED, **facts})
        with self.path.open("ab+") as file:
            if (end := file.seek(0, 2)) > 0:
                file.seek(end - 1)
                if file.read(1) != b"\n":
                    line = "\n" + line
            file.write(f"{line}\n".encode())

    def of_last_driver(self) -> list[dict[str, Any]]:
        """What the last driver said, from its start on; of much, the end."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
                text = file.read().decode(errors="replace")
        except FileNotFoundError:
            return []
        found: list[dict[str, Any]] = []
        for event in map(_parsed, text.splitlines()):
            if event is None:
                continue
            if event["event"] == STARTED:
                found = []
            found.append(event)
        return found

    def lines_from(self, position: int) -> Iterator[tuple[int, str]]:
        """Whole lines behind `position`, each with the position behind it."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(position)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                position += len(line)
                if _parsed(text := line.decode(errors="replace").rstrip("\n")) is not None:
                    yield position, text


def _parsed(line: str) -> dict[str, Any] | None:
    """None of what is no event, such as a line that a kill cut off."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
