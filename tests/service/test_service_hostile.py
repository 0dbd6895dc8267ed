"""Hostile requests on every route as everybody: the short form of `benchmarks/service_hostile.py`."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from service_fakes import Asker, handed_in, listening, made_service

from benchmarks.service_hostile import OWNED, SECRET, laid_out, walk


def test_hostile_requests_as_everybody_get_and_change_nothing_that_is_not_theirs(tmp_path: Path) -> None:
    service = made_service(tmp_path, data=laid_out(tmp_path))
    roles = {"viewer": "viewer", "user": "user", "owner": "user", "admin": "admin"}
    tokens = {name: service.users.add(name, role) for name, role in roles.items()}
    ended = threading.Event()
    with listening(service) as port, ThreadPoolExecutor(1) as looking_after:
        looking_after.submit(service.supervisor.run, ended)
        owner = Asker(port, tokens["owner"])
        owner.done("POST", "studies", handed_in(OWNED))
        owner.done("POST", f"studies/{OWNED}/pause")
        found = walk(port, tokens, (SECRET, str(tmp_path)), random.Random(0), times=3)
        ended.set()
    assert found.wrong == [], chr(10).join(found.wrong)
    print(found.answers)
    assert found.requests > 400
    assert set(found.answers) == {"nobody", "wrong token", *roles}
    assert found.answers["owner"]["200"] > found.answers["viewer"]["403"] > 0
