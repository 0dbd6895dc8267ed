"""What happens to a study of a service, as it happens, over connections that may end meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from search.client.service_client import ServiceClient
from search.errors import ServiceFault

ENDED = "end"
"""The last event: its `state` is that in which the study stays."""

_PATIENCE_SECONDS = 120.0
_WAIT_SECONDS = 2.0
_LOOK_SECONDS = 1.0


def follow(client: ServiceClient, name: str, patience: float = _PATIENCE_SECONDS) -> Iterator[dict[str, Any]]:
    """The events of `perceptuna run --json`, from the first one, each once, until the study is over.

    A connection that ends is made again, and goes on behind the last event.

    Raises:
        InputError: there is no such study.
        ServiceFault: the service has not been there for `patience` seconds.
    """
    position, lost = "0", 0.0
    while True:
        try:
            for behind, event in _events(client, name, position):
                position, lost = behind, 0.0
                if event is not None:
                    yield event
                    if event["event"] == ENDED:
                        return
        except ServiceFault:
            lost = lost or time.monotonic()
            if time.monotonic() - lost >= patience:
                raise
        time.sleep(min(_WAIT_SECONDS, patience))


def watch(client: ServiceClient, name: str, patience: float = _PATIENCE_SECONDS) -> Iterator[dict[str, Any]]:
    """How far it is, as `GET studies/NAME/progress` says it, every second until it is over.

    Raises:
        InputError, ServiceFault: as `follow`.
    """
    lost = 0.0
    while True:
        try:
            told = client.progress(name)
            lost = 0.0
            yield told
            if told["over"]:
                return
        except ServiceFault:
            lost = lost or time.monotonic()
            if time.monotonic() - lost >= patience:
                raise
        time.sleep(min(_LOOK_SECONDS, patience))


def _events(client: ServiceClient, name: str, position: str) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Of one connection: each with the position behind it; None for a sign of life.

    A blank line ends an event of Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
    """
    said: dict[str, str] = {}
    path = f"studies/{quote(name, safe='')}/events"
    for line in client.connection.lines(path, {"Last-Event-ID": position}):
        field, _, value = line.partition(": ")
        if line:
            said[field] = value
            continue
        position = said.get("id", position)
        event = json.loads(said["data"]) if "data" in said else None
        yield position, {"event": ENDED, **event} if event and said.get("event") == ENDED else event
        said = {}
