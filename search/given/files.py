"""Files of what a program handed over, named by their content and kept beside the database of its study."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage.kept_rows import held, remove_files

_DIGITS = 16


@dataclass(frozen=True)
class Given:
    """What was handed over: `what` it is in words, `name` and ending of its file, and how that is written."""

    what: str
    name: str
    ending: str
    write: Callable[[Path], None]


@dataclass(frozen=True)
class Staged:
    """It, written to a temporary file, and the `place` where that belongs."""

    given: Given
    file: Path
    place: Path


def staged(given: Given, temporary: Path, folder: Path) -> Staged:
    """Write it into the folder `temporary`; `folder` is where it is to be kept.

    Raises:
        InputError: it cannot be written as such a file.
    """
    file = temporary / f"{given.name}{given.ending}"
    given.write(file)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()[:_DIGITS]
    return Staged(given, file, folder / f"{given.name}-{digest}{given.ending}")


@contextmanager
def kept(files: Sequence[Staged], needed: Callable[[], bool]) -> Iterator[None]:
    """Bring them to their places; where what is done with them fails, and they are not `needed`, they go again."""
    new: list[Path] = []
    try:
        with ExitStack() as stack:
            for one in files:
                if stack.enter_context(held(one.file, one.place)):
                    new.append(one.place)
            yield
    except BaseException:
        if new and not needed():
            remove_files(new[0].parent, [place.name for place in new], lambda name: False)
        raise
