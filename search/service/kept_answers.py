"""What was found out of studies at which nothing happens: a file for each in the service's folder, as JSON."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from search.service.folders import private_folder

Parts = dict[str, Any]


class KeptAnswers:
    """Parts of what is shown of a study, by their names. They are good as long as the study has the same `stamp`.

    One file a study, in place of an earlier one. A file that cannot be read or written is done without: all that is
    in it can be found out again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, study_id: int, stamp: str) -> Parts:
        """What is kept of the study with this number; empty where it has another stamp by now."""
        try:
            kept = json.loads(self._path(study_id).read_bytes())
            parts: Parts = kept["parts"] if kept["stamp"] == stamp else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return parts

    def keep(self, study_id: int, stamp: str, parts: Mapping[str, Any]) -> None:
        """Replace what is kept of it."""
        with suppress(OSError):
            folder = private_folder(self._folder)
            with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".partial", delete=False) as file:
                json.dump({"stamp": stamp, "parts": parts}, file)
            os.replace(file.name, self._path(study_id))

    def remove_others(self, study_ids: Collection[int]) -> None:
        """Remove what is kept of studies with other numbers, which are gone."""
        there = {self._path(one) for one in study_ids}
        for path in self._folder.glob("*"):
            if path not in there:
                path.unlink(missing_ok=True)

    def _path(self, study_id: int) -> Path:
        return self._folder / f"{study_id}.json"
