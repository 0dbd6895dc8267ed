"""Storage URLs: parse, normalise, mask passwords."""

from __future__ import annotations

import os
import re
import shlex
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import DatabaseUnusable

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

DEFAULT_URL = "sqlite:///perceptuna.db"
_EXPECTED = "expected sqlite:///FILE.db or postgresql://USER@HOST/DATABASE"
_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")
# `sqlite:x.db` and `mysql:x` are URLs gone wrong, not files of that name. One letter is a drive of Windows.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
# What may follow a `?` and be shown: libpq takes passwords there too, and a misspelt one may be anything.
_SHOWN = re.compile(
    r"host(addr)?|port|dbname|user|passfile|channel_binding|connect_timeout|client_encoding|options|application_name"
    r"|fallback_application_name|keepalives\w*|tcp_user_timeout|replication|gss\w+|krbsrvname|require_auth|require_peer"
    r"|ssl(mode|root|cert|key|crl|crldir|compression|sni|rootcert|negotiation|_m\w+_protocol_version)"
    r"|target_session_attrs|load_balance_hosts|service"
)
# A path that was meant as a URL: its parts must not be shown as those of a path are.
_BROKEN_URL = re.compile(r"(//|:).*@|\bpass\w*\s*=", re.IGNORECASE | re.DOTALL)
_URL_IN_TEXT = re.compile(r"(postgres|[a-z][a-z0-9+.-]*(:/|//))[^\s'\"]*", re.IGNORECASE)
_BEFORE_USER = re.compile(r"[a-z][a-z0-9+.-]*:?/*", re.IGNORECASE)
_PORT = re.compile(r"\d+(\W|$)")
_SECRET_QUERY = re.compile(r"([?&]\w*(pass(?!file)|secret|token)\w*=)[^&\s]*", re.IGNORECASE)
_IN_PASSWORDS = (
    "in a password, write '@' as %40, '/' as %2F and ':' as %3A; "
    "or leave it to $PGPASSWORD or a password file (~/.pgpass)"
)


def hide_passwords(text: str) -> str:
    """`text` of any origin, with `***` for the passwords of URLs in it, of URLs that were mistyped too."""
    return _URL_IN_TEXT.sub(lambda found: _SECRET_QUERY.sub(r"\1***", _hidden(found[0])), text)


def _hidden(url: str) -> str:
    before = _BEFORE_USER.match(url)
    assert before is not None
    if before[0].startswith("sqlite:///"):
        return url
    known, at, host = url.rpartition("@")
    user, colon, rest = (known or url)[before.end() :].partition(":")
    if colon and (at or not _PORT.match(rest)):
        return f"{before[0]}{user}:***{at}{host if at else ''}"
    return url


@dataclass(frozen=True)
class StorageURL:
    """A database that can hold studies. Its text never shows the password; `full` does."""

    url: URL
    _absolute: Path | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        path = Path(self.url.database or "") if self.url.get_backend_name() == "sqlite" else None
        # Now: the current folder may be deleted, or be another one, when the path is asked for.
        with suppress(FileNotFoundError):
            path = path and path.absolute()
        object.__setattr__(self, "_absolute", path)

    @classmethod
    def parse(cls, text: str) -> StorageURL:
        """From a URL, or from the bare path of an SQLite file.

        Raises:
            DatabaseUnusable: not a URL, or of a database that is not supported.
        """
        from sqlalchemy.engine import URL, make_url
        from sqlalchemy.exc import ArgumentError

        if not text.strip() or ("://" not in text and _SCHEME.match(text)):
            raise DatabaseUnusable(f"--storage: {_EXPECTED}, but got '{text.partition(':')[0]}…'")
        if "://" not in text and _is_broken(text):
            raise DatabaseUnusable(
                f"--storage: {_EXPECTED}, but the text given is no URL and no path; {_IN_PASSWORDS}"
            )
        try:
            # A path is not read as a URL: it may hold what has a meaning there, such as a question mark.
            url = make_url(text) if "://" in text else URL.create("sqlite", database=text)
        except (ArgumentError, ValueError):  # ValueError: a port that is no number
            raise DatabaseUnusable(
                f"--storage: {_EXPECTED}, but the text given is not a URL; {_IN_PASSWORDS}"
            ) from None
        if any("\0" in (part or "") for part in (text, url.database, url.host, url.username)):
            raise DatabaseUnusable(f"--storage: {_EXPECTED}, but the text given holds a zero byte")
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
        server = url.get_backend_name() != "sqlite"
        if text.count("@") > 1 if server else _is_broken(url.database or ""):
            raise DatabaseUnusable(
                f"--storage: {_EXPECTED}, but the text given is not a URL; {_IN_PASSWORDS}"
            )
        return cls(url)

    @classmethod
    def of_file(cls, path: Path) -> StorageURL:
        """The SQLite database in a file, whatever signs are in its name."""
        from sqlalchemy.engine import URL

        return cls(URL.create("sqlite", database=str(path)))

    @property
    def sqlite_path(self) -> Path | None:
        """The database file, absolute; None for a server."""
        return self._absolute

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
        return self.url.create(
            self.url.drivername,
            self.url.username,
            None,
            self.url.host,
            self.url.port,
            self.url.database,
            {key: value for key, value in self.url.query.items() if _SHOWN.fullmatch(key)},
        )

    def masked(self, text: str) -> str:
        """`text` of a server or a library, without the password that it may repeat."""
        hidden = [
            value
            for key, values in self.url.normalized_query.items()
            for value in values
            if not _SHOWN.fullmatch(key)
        ]
        for secret in filter(None, [self.url.password, *hidden]):
            text = text.replace(str(secret), "***")
        return hide_passwords(text)

    def __str__(self) -> str:
        shown = self.without_password()
        return (shown.set(password="***") if self.url.password else shown).render_as_string(
            hide_password=True
        )

    def __repr__(self) -> str:
        return f"StorageURL({self})"


def _is_broken(path: str) -> bool:
    return _BROKEN_URL.search(path) is not None and not os.path.exists(path)
