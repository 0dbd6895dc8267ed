"""Validation rows as their source has them, before anything was made of them: for people who look at single rows."""

from __future__ import annotations

from search.data.preparing.rare_classes import without_rare_classes
from search.data.preparing.splitting import split_of
from search.data.reading.source import read_source
from search.data.rows.raw import Array, Table, taken
from search.data.rows.request import DataRequest


def validation_as_read(request: DataRequest) -> Array | Table:
    """In the order of the prepared validation rows; the source is read and split again, as `prepare` does it.

    Raises:
        DataError: the source cannot be read as asked.
    """
    raw = without_rare_classes(read_source(request))
    return taken(raw.x, split_of(raw).validation)
