"""How connections to a PostgreSQL server are made, so that a dead one is noticed."""

from __future__ import annotations

from storage.urls import StorageURL

# Without these, a server whose machine is gone is waited for by the hour (libpq's manual, connection parameters).
_NOTICE = {
    "connect_timeout": 10,  # s
    "keepalives_idle": 10,  # s of silence before the first question
    "keepalives_interval": 5,  # s between questions
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # ms in which what was sent must be confirmed
}


def connect_arguments(url: StorageURL, **more: object) -> dict[str, object]:
    """For SQLAlchemy's `connect_args`; what the URL itself says wins."""
    return {key: value for key, value in {**_NOTICE, **more}.items() if key not in url.url.query}
