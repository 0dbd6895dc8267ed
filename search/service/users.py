"""Users: a token each, with a name and a role, kept as salted hashes; their sessions; and what each did, in a log.

A token is 256 random bits, so one round of SHA-256 is enough: there is nothing to guess (unlike a password).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Column, Connection, Float, Integer, MetaData, String, Table, Text, inspect, select
from sqlalchemy.exc import IntegrityError

from search.errors import InputError
from search.settings.study_name import quote_name
from storage.own_tables import in_one_transaction, make_tables
from storage.study_storage import StudyStorage

Role = Literal["viewer", "user", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

LOCAL = "local"
"""Who starts a service without tokens."""

_SESSION_SECONDS = 30 * 24 * 3600.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TABLES = MetaData()
_TOKENS = Table(
    "perceptuna_tokens",
    _TABLES,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("salt", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("made", Float, nullable=False),
)
_SESSIONS = Table(
    "perceptuna_sessions",
    _TABLES,
    Column("digest", String(64), primary_key=True),
    Column("session", String(128), nullable=False),
    Column("made", Float, nullable=False),
)
_AUDIT = Table(
    "perceptuna_audit",
    _TABLES,
    Column("place", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("what", Text, nullable=False),
)


@dataclass(frozen=True)
class User:
    """Who asks. A viewer looks, a user changes what is theirs, an admin everything.

    `session` tells the token by which they came from any that the same name had before.
    """

    name: str
    role: Role
    session: str = ""

    def may(self, role: Role) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)

    def may_change(self, owner: str) -> bool:
        """Whether what belongs to `owner` may be changed."""
        return self.may("admin") or (self.may("user") and self.name == owner)


@dataclass(frozen=True)
class KeptToken:
    """What is told of a token. `made` is in seconds since 1970."""

    name: str
    role: str
    made: float


@dataclass(frozen=True)
class Deed:
    """A line of the log: `at` in seconds since 1970, `who` from which `address`."""

    at: float
    who: str
    address: str
    action: str
    what: str


class Users:
    """The users of one database, whose tables are made where they are missing."""

    def __init__(self, storage: StudyStorage, clock: Callable[[], float] = time.time) -> None:
        self._storage = storage
        self._clock = clock
        self._local: tuple[User, bytes] | None = None
        in_one_transaction(storage, lambda connection: make_tables(connection, _TOKENS, _SESSIONS, _AUDIT))

    def add(self, name: str, role: str) -> str:
        """A new token for a new user: the only time that it is told.

        Raises:
            InputError: the name is taken or no name, or there is no such role.
        """
        if _NAME.fullmatch(name) is None:
            raise InputError(
                f"NAME: expected 1 to 64 letters, digits, '_' or '-', beginning with a letter or digit, but got "
                f"{quote_name(name)}"
            )
        if name == LOCAL:
            raise InputError(f"NAME: '{LOCAL}' is who starts a service without tokens; choose another name")
        if role not in ROLES:
            raise InputError(f"--role: expected one of {', '.join(ROLES)}, but got {quote_name(role)}")
        secret, salt = secrets.token_urlsafe(32), secrets.token_hex(16)
        row = {
            "name": name,
            "role": role,
            "salt": salt,
            "digest": _digest(salt, secret),
            "made": self._clock(),
        }
        try:
            self._do(_TOKENS.insert().values(row))
        except IntegrityError:
            raise InputError(
                f"NAME: '{name}' has a token already; revoke it by `perceptuna service token revoke {name}`, "
                "or choose another name"
            ) from None
        return f"{name}.{secret}"

    def revoke(self, name: str) -> None:
        """From now on its token and its sessions are worth nothing.

        Raises:
            InputError: there is none.
        """
        if not self._do(_TOKENS.delete().where(_TOKENS.c.name == name)).rowcount:
            names = ", ".join(token.name for token in self.tokens()) or "none"
            raise InputError(f"NAME: {quote_name(name)} has no token; there are: {names}")

    def tokens(self) -> list[KeptToken]:
        """By name."""
        return kept_tokens(self._storage)

    def make_up(self) -> str:
        """A token for who started the service, an admin; it ends with the service."""
        token = f"{LOCAL}.{secrets.token_urlsafe(32)}"
        self._local = (
            User(LOCAL, "admin", f"{LOCAL}.{secrets.token_hex(16)}"),
            hashlib.sha256(token.encode()).digest(),
        )
        return token

    def of_token(self, token: str) -> User | None:
        """Whose token it is."""
        if self._local is not None:
            user, digest = self._local
            if hmac.compare_digest(hashlib.sha256(token.encode("utf-8", "replace")).digest(), digest):
                return user
        name, _, secret = token.rpartition(".")
        row = self._row(name)
        if row is None or not hmac.compare_digest(_digest(row.salt, secret), row.digest):
            return None
        return _user(row)

    def begin_session(self, user: User) -> str:
        """A cookie for who showed their token: random, so that it tells nothing of the token nor of other cookies."""
        cookie, now = secrets.token_urlsafe(32), self._clock()
        self._do(_SESSIONS.delete().where(_SESSIONS.c.made < now - _SESSION_SECONDS))
        self._do(_SESSIONS.insert().values(digest=_digest("", cookie), session=user.session, made=now))
        return cookie

    def of_cookie(self, cookie: str) -> User | None:
        """Whose session it is, of this service or of one before it."""
        # By digest: how long the look-up takes says nothing of the cookie.
        since = self._clock() - _SESSION_SECONDS
        this = (_SESSIONS.c.digest == _digest("", cookie)) & (_SESSIONS.c.made >= since)
        row = self._do(select(_SESSIONS.c.session).where(this)).one_or_none()
        return None if row is None else self.of_session(row.session)

    def end_sessions(self, user: User) -> None:
        """All that their token has begun."""
        self._do(_SESSIONS.delete().where(_SESSIONS.c.session == user.session))

    def of_session(self, session: str) -> User | None:
        """Who logged in, as long as their token is not revoked."""
        if self._local is not None and session == self._local[0].session:
            return self._local[0]
        row = self._row(session.partition(".")[0])
        return None if row is None or _user(row).session != session else _user(row)

    def record(self, user: User, address: str, action: str, what: str) -> None:
        """A line of the log."""
        row = {"at": self._clock(), "who": user.name, "address": address, "action": action, "what": what}
        self._do(_AUDIT.insert().values(row))

    def log(self, most: int) -> list[Deed]:
        """The newest lines first."""
        columns = _AUDIT.c.at, _AUDIT.c.who, _AUDIT.c.address, _AUDIT.c.action, _AUDIT.c.what
        return [
            Deed(*row) for row in self._do(select(*columns).order_by(_AUDIT.c.place.desc()).limit(most)).all()
        ]

    def _row(self, name: str) -> Any:
        if _NAME.fullmatch(name) is None:
            return None
        return self._do(select(_TOKENS).where(_TOKENS.c.name == name)).one_or_none()

    def _do(self, statement: Any) -> Any:
        def ask(connection: Any) -> Any:
            result = connection.execute(statement)
            return result.freeze()() if result.returns_rows else result

        return in_one_transaction(self._storage, ask)


def kept_tokens(storage: StudyStorage) -> list[KeptToken]:
    """All tokens by name. Reads only: none where no service and no token was ever made."""

    def read(connection: Connection) -> list[KeptToken]:
        if not inspect(connection).has_table(_TOKENS.name):
            return []
        wanted = select(_TOKENS.c.name, _TOKENS.c.role, _TOKENS.c.made).order_by(_TOKENS.c.name)
        return [KeptToken(*row) for row in connection.execute(wanted)]

    return in_one_transaction(storage, read)


def _user(row: Any) -> User:
    return User(row.name, row.role, f"{row.name}.{row.salt}")


def _digest(salt: str, secret: str) -> str:
    return hashlib.sha256(f"{salt}:{secret}".encode("utf-8", "replace")).hexdigest()
