"""How connections to a PostgreSQL server are made, so that a dead one is noticed, by both sides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from storage.urls import StorageURL

# Without these, a server whose machine is gone is waited for by the hour (libpq's manual, connection parameters).
_NOTICE = {
    "connect_timeout": 10,  # s
    "keepalives_idle": 10,  # s of silence before the first question
    "keepalives_interval": 5,  # s between questions
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # ms in which what was sent must be confirmed
}
# The same for the server, which otherwise keeps a dead machine's session, and with it its locks, for two hours (the
# default of Linux): gone after 30 s and three questions 10 s apart. Over a Unix socket the server ignores them.
SERVER_NOTICE = {
    "tcp_keepalives_idle": 30,  # s
    "tcp_keepalives_interval": 10,  # s
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # ms
}


def connect_arguments(url: StorageURL, **more: object) -> dict[str, object]:
    """For SQLAlchemy's `connect_args`; what the URL itself says wins."""
    return {key: value for key, value in {**_NOTICE, **more}.items() if key not in url.url.query}


def lasting_engine(url: StorageURL, **more: object) -> Engine:
    """Connections that are held for a lock: each of its own, in no transaction.

    An open transaction would hold back the server's vacuum for as long as a study runs.
    """
    return create_engine(
        url.full,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args=connect_arguments(url, **more),
    )


def notice_death(connection: Connection) -> None:
    """From now on the server ends this session about a minute after the machine at its other end has died."""
    for name, value in SERVER_NOTICE.items():
        connection.execute(text(f"set {name} = {value}"))


@contextmanager
def held_connection(url: StorageURL) -> Iterator[Connection]:
    """One such connection, whose session ends with the block."""
    engine = lasting_engine(url)
    try:
        with engine.connect() as connection:
            notice_death(connection)
            yield connection
    finally:
        engine.dispose()
