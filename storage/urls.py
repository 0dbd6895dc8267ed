"""Storage URLs: parse, normalise, mask passwords."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.errors import DatabaseUnusable

DEFAULT_URL = "sqlite:///perceptuna.db"
_EXPECTED = "expected sqlite:///FILE.db or postgresql://USER:PASSWORD@HOST/DATABASE"


@dataclass(frozen=True)
class StorageURL:
    """A database that can hold studies. Its text never shows the password; `full` does."""

    url: URL

    @classmethod
    def parse(cls, text: str) -> StorageURL:
        """From a URL, or from the bare path of an SQLite file.

        Raises:
            DatabaseUnusable: not a URL, or of a database that is not supported.
        """
        if "://" not in text:
            text = f"sqlite:///{text}"
        try:
            url = make_url(text)
        except ArgumentError:
            raise DatabaseUnusable(f"--storage: {_EXPECTED}, but the text given is not a URL") from None
        if url.drivername == "postgres":  # the spelling of many hosts; SQLAlchemy dropped it
            url = url.set(drivername="postgresql")
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise DatabaseUnusable(f"--storage: {_EXPECTED}, but got '{url.drivername}://…'")
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            raise DatabaseUnusable("--storage: an SQLite database in memory is lost at the end; name a file")
        return cls(url)

    @property
    def sqlite_path(self) -> Path | None:
        """The database file, absolute; None for a server."""
        if self.url.get_backend_name() != "sqlite":
            return None
        assert self.url.database is not None
        return Path(self.url.database).absolute()

    @property
    def full(self) -> str:
        """With the password, and an absolute path: for opening, never for showing."""
        if self.sqlite_path is not None:
            return self.url.set(database=str(self.sqlite_path)).render_as_string(hide_password=False)
        return self.url.render_as_string(hide_password=False)

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"StorageURL({self})"
