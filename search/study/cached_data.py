"""What the cache folder holds: prepared data with its size and last use, and how it is made smaller."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from search.data.preparing.in_use import alone_with
from search.data.preparing.prepared import SPEC_FILE
from search.data.reading.known_digests import FOLDER
from search.errors import InputError
from search.text.quantities import parse_size

USUAL_LIMIT = 50 * 10**9
LIMIT_SETTING = "PERCEPTUNA_CACHE_LIMIT"
# Nothing else below the folder is ours to remove: a user may have named one with files of their own.
_OURS = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class CachedData:
    """Prepared data of one source and split.

    Attributes:
        source: as it was given; None where its description cannot be read.
        bytes: on disk, its folds included.
        last_used: seconds since 1970, to an hour.
        in_use: whether a process has it now, which keeps it from being removed.
    """

    folder: Path
    source: str | None
    kind: str | None
    rows: int | None
    bytes: int
    last_used: float
    in_use: bool

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "folder": str(self.folder)}


def cache_limit() -> int:
    """Bytes above which what was not used for longest is removed: $PERCEPTUNA_CACHE_LIMIT, or 50 GB.

    Raises:
        InputError: the variable is no size.
    """
    given = os.environ.get(LIMIT_SETTING)
    try:
        return USUAL_LIMIT if not given else parse_size(given)
    except ValueError as error:
        raise InputError(f"${LIMIT_SETTING}: {error}") from None


def cached_data(cache: Path) -> list[CachedData]:
    """All that is below the folder `cache`, what was used last first."""
    found = [one for folder in _folders(cache) if (one := _described(folder)) is not None]
    return sorted(found, key=lambda one: -one.last_used)


def clear_cache(cache: Path, unused_for: float = 0.0) -> list[CachedData]:
    """Remove what nobody has now and nobody used for so many seconds; what was removed."""
    before = time.time() - unused_for
    removed = [one for one in cached_data(cache) if one.last_used <= before and _remove(one.folder)]
    if not unused_for:
        shutil.rmtree(cache / FOLDER, ignore_errors=True)
    return removed


def keep_within(cache: Path, limit: int) -> list[CachedData]:
    """Remove what was not used for longest, and nobody has now, until `limit` bytes are left; what was removed."""
    there = cached_data(cache)
    total, removed = sum(one.bytes for one in there), []
    for one in reversed(there):
        if total <= limit:
            break
        if _remove(one.folder):
            removed.append(one)
            total -= one.bytes
    return removed


def _folders(cache: Path) -> Iterator[Path]:
    """Of data that was prepared here, and of what a driver elsewhere sent."""
    for place in (cache, cache / "received"):
        with suppress(OSError):
            yield from (
                path
                for path in place.iterdir()
                if _OURS.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
            )


def _described(folder: Path) -> CachedData | None:
    """None where it went meanwhile."""
    source, kind, rows = _told(folder)
    try:
        last_used = _held_file(folder).stat().st_mtime
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError:
        return None
    with alone_with(_held_file(folder)) as free:
        return CachedData(folder, source, kind, rows, size, last_used, in_use=not free)


def _told(folder: Path) -> tuple[str | None, str | None, int | None]:
    """Source, kind and rows, of whatever version wrote them; None each where they cannot be read."""
    with suppress(OSError, ValueError, TypeError, LookupError, AttributeError):
        told = json.loads((folder / SPEC_FILE).read_bytes())
        return str(told["source"]), str(told["kind"]), sum(map(int, told["rows"].values()))
    return None, None, None


def _held_file(folder: Path) -> Path:
    """What whoever has the data holds; the folder itself where it is damaged, so that nobody can have it."""
    described = folder / SPEC_FILE
    return described if described.exists() else folder


def _remove(folder: Path) -> bool:
    """Whether it could be; out of its place at once, so that nobody opens half of it."""
    doomed = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
    with alone_with(_held_file(folder)) as free:
        if not free:
            return False
        try:
            folder.rename(doomed)
        except OSError:
            return False
    shutil.rmtree(doomed, ignore_errors=True)
    return True
