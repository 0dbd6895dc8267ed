"""What rows hold, before anything is searched: of a source, or of what a program hands over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from search.given.asked import Rows, named, spoken, staged_settings
from search.machine.temporary import temporary_folder
from search.settings.settings import load_settings

if TYPE_CHECKING:
    from search.data import DataSummary


def described(data: Rows, y: Any, settings: Mapping[str, Any]) -> DataSummary:
    """Shape, kinds of columns, classes, missing values, and what there is to note. Nothing is kept.

    Args:
        data, y: as of a search.
        settings: those that say how rows are read and split, by name.

    Raises:
        InputError: there are no such rows, or they cannot be read so.
    """
    from search.data import describe, namesake_note, read_source
    from search.data.rows.scratch import scratch_in
    from search.machine.tensorflow_start import tensorflow_log_silenced
    from search.study.data_cache import cache_folder

    with temporary_folder() as folder, staged_settings(data, y, settings, folder) as (told, staged):
        files = [*staged.values()]
        here = {name: str(one.file) for name, one in staged.items()}
        # Keras loads its own sets.
        with named(files), tensorflow_log_silenced(), scratch_in(cache_folder()):
            source = load_settings(None, told | here)
            summary = describe(read_source(source.data_request()))
    namesake = namesake_note(str(source.data))
    notes = summary.notes if namesake is None else (namesake, *summary.notes)
    return replace(
        summary,
        source=spoken(summary.source, files),
        notes=tuple(spoken(note, files) for note in notes),
    )
