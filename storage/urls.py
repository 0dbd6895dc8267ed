"""Storage URLs: parse, normalise, mask passwords."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.errors import DatabaseUnusable

DEFAULT_URL = "sqlite:///perceptuna.db"
_EXPECTED = "expected sqlite:///FILE.db or postgresql://USER:PASSWORD@HOST/DATABASE"
_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")
# `sqlite:x.db` and `mysql:x` are URLs gone wrong, not files of that name. One letter is a drive of Windows.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
# libpq takes a password from a URL's query too.
_SECRETS = ("password", "sslpassword")


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
        if not text.strip() or ("://" not in text and _SCHEME.match(text)):
            raise DatabaseUnusable(f"--storage: {_EXPECTED}, but got '{text.partition(':')[0]}…'")
        try:
            # A path is not read as a URL: it may hold what has a meaning there, such as a question mark.
            url = make_url(text) if "://" in text else URL.create("sqlite", database=text)
        except (ArgumentError, ValueError):  # ValueError: a port that is no number
            raise DatabaseUnusable(f"--storage: {_EXPECTED}, but the text given is not a URL") from None
        if url.drivername == "postgres":  # the spelling of many hosts; SQLAlchemy dropped it
            url = url.set(drivername="postgresql")
        if url.drivername not in _DRIVERS:
            raise DatabaseUnusable(f"--storage: {_EXPECTED}, but got '{url.drivername}://…'")
        if url.get_backend_name() == "sqlite" and (url.host or url.query):
            raise DatabaseUnusable(
                f"--storage: expected sqlite:///FILE.db, three slashes and no '?', but got '{url}'"
            )
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            raise DatabaseUnusable(
                "--storage: an SQLite database in memory is lost at the end; name a file by sqlite:///FILE.db"
            )
        return cls(url)

    @classmethod
    def of_file(cls, path: Path) -> StorageURL:
        """The SQLite database in a file, whatever signs are in its name."""
        return cls(URL.create("sqlite", database=str(path)))

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

    @property
    def option(self) -> str:
        """` --storage …` to follow a command in a hint; empty for the default database. Never with a password."""
        if self.sqlite_path == StorageURL.parse(DEFAULT_URL).sqlite_path:
            return ""
        return f" --storage {shlex.quote(str(self))}"

    def without_password(self) -> URL:
        """The URL with no password in any place."""
        url = self.url.difference_update_query(_SECRETS)
        return URL.create(
            url.drivername, url.username, None, url.host, url.port, url.database, dict(url.query)
        )

    def masked(self, text: str) -> str:
        """`text` of a server or a library, without the password that it may repeat."""
        secrets = [
            self.url.password,
            *(value for name in _SECRETS for value in self.url.normalized_query.get(name, ())),
        ]
        for secret in secrets:
            text = text.replace(str(secret), "***") if secret else text
        return text

    def __str__(self) -> str:
        return self.url.difference_update_query(_SECRETS).render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"StorageURL({self})"
