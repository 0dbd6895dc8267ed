"""Where a service is: its address, of which nothing secret is shown, and the token that goes with it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from search.errors import InputError

TOKEN_SETTING = "PERCEPTUNA_TOKEN"
_EXPECTED = "expected the address of a service, http://HOST:PORT or https://HOST"


@dataclass(frozen=True)
class Address:
    """`shown` is what messages and links say: scheme, host, port and path, and never the token."""

    shown: str
    host: str
    port: int | None
    path: str
    encrypted: bool
    token: str | None = field(repr=False)

    @classmethod
    def parse(cls, url: str, token: str | None = None) -> Address:
        """`url` may be the link that `perceptuna serve` prints, whose token is taken from it.

        Args:
            token: before that of the link, which is before $PERCEPTUNA_TOKEN.

        Raises:
            InputError: it is no address of a service, or the token is none.
        """
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            raise InputError(f"{_EXPECTED}, but got '{_without_secrets(url)}'") from None
        if parts.scheme not in ("http", "https") or not host or not _is_plain(parts.netloc + parts.path):
            raise InputError(f"{_EXPECTED}, but got '{_without_secrets(url)}'")
        if "@" in parts.netloc:
            raise InputError(f"{_EXPECTED} without a name and a password; give the token as ${TOKEN_SETTING}")
        path = parts.path.rstrip("/")
        of_link = parse_qs(parts.query).get("token", [None])[0]
        found = token or of_link or os.environ.get(TOKEN_SETTING) or None
        if found is not None and not _is_plain(found):
            raise InputError(
                f"the token for {parts.scheme}://{parts.netloc} holds blanks or signs that no token has; "
                f"copy it again into ${TOKEN_SETTING}"
            )
        shown = f"{parts.scheme}://{parts.netloc}{path}"
        return cls(shown, host, port, path, parts.scheme == "https", found)


def _is_plain(text: str) -> bool:
    """Whether it can stand in a line of HTTP."""
    return text.isascii() and text.isprintable() and " " not in text


def _without_secrets(url: str) -> str:
    """What may be shown of something that is no address: passwords stand before an @, tokens behind a question mark."""
    return url.partition("?")[0].partition("#")[0].rpartition("@")[2][:100]
