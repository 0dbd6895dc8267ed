"""Optuna's folder of artifacts, whose faults are storage's and may be waited for."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from optuna.artifacts import FileSystemArtifactStore

from storage.patience import written


class PatientArtifacts(FileSystemArtifactStore):
    """Its writes raise ArtifactsUnusable, after they were tried for as long as this thread is patient."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        start = content_body.tell()

        def attempt() -> None:
            content_body.seek(start)  # a write that filled the disk has read some of it
            super(PatientArtifacts, self).write(artifact_id, content_body)

        written(self._folder, attempt)

    def remove(self, artifact_id: str) -> None:
        written(self._folder, lambda: super(PatientArtifacts, self).remove(artifact_id))
