"""A team's service in this process, over real HTTP: its drivers only pretend, its commands are calls of Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from service_fakes import listening, made_service

import perceptuna as pt
from search.service.commands import Commands


class CommandsHere(Commands):
    """`report` and `export`, without a process that starts TensorFlow."""

    def call(self, words: Sequence[str]) -> str:
        (command, name), path = words[:2], words[words.index("-o") + 1]
        study = pt.load_study(name, self._url.full)
        study.report(path) if command == "report" else study.export(path, refit="--no-refit" not in words)
        return ""


@contextmanager
def service_here(folder: Path, storage: Path) -> Iterator[pt.Service]:
    """A service, as a user has it, of the studies of the database `storage`, which is copied to `folder`."""
    pt.backup(folder / "studies.db", storage)
    service = made_service(folder, largest=10**7)
    service = replace(service, commands=CommandsHere(service.url))
    token = service.users.add("anna", "user")
    try:
        with listening(service) as port:
            yield pt.connect(f"http://127.0.0.1:{port}", token)
    finally:
        service.answerers.close()
