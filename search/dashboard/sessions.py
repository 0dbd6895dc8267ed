"""Who has logged in to the dashboard, and how often somebody may guess. Both are forgotten when it ends."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable

# Logins that are remembered; the oldest goes first.
_MOST_SESSIONS = 1_000
# Addresses whose wrong tokens are counted before those that are quiet again are forgotten.
_MOST_ADDRESSES = 10_000


class Sessions:
    """Random cookies of those who showed the token. A cookie tells nothing of the token, nor of other cookies."""

    def __init__(self) -> None:
        self._known: dict[bytes, None] = {}
        self._lock = threading.Lock()

    def begin(self) -> str:
        """The cookie of a new session."""
        cookie = secrets.token_urlsafe(32)
        with self._lock:
            self._known[_digest(cookie)] = None
            while len(self._known) > _MOST_SESSIONS:
                del self._known[next(iter(self._known))]
        return cookie

    def knows(self, cookie: str) -> bool:
        # By digest: how long the look-up takes says nothing of the cookie.
        return _digest(cookie) in self._known


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).digest()


class WrongTokens:
    """How often an address may send a wrong token: `at_once`, then once in `seconds`.

    A leaky bucket, kept as the one time at which it is empty again (the generic cell rate algorithm, ITU-T I.371).
    """

    def __init__(
        self, at_once: int = 10, seconds: float = 6.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._at_once, self._seconds, self._clock = at_once, seconds, clock
        self._empty: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, address: str) -> float:
        """Seconds until `address` may send another token; 0 when it may now."""
        with self._lock:
            left = self._empty.get(address, 0.0) - self._clock()
        return max(0.0, left - (self._at_once - 1) * self._seconds)

    def count(self, address: str) -> None:
        """`address` has sent a wrong one."""
        now = self._clock()
        with self._lock:
            if len(self._empty) >= _MOST_ADDRESSES:
                self._empty = {one: empty for one, empty in self._empty.items() if empty > now}
            self._empty[address] = max(self._empty.get(address, now), now) + self._seconds
