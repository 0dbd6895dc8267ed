"""Users, their tokens and their sessions."""

from __future__ import annotations

import http.client
import time
from dataclasses import replace
from pathlib import Path

import pytest
from service_fakes import Answer, Asker, listening, made_service

from search.errors import InputError
from search.service.queue import QueuedStudy
from search.service.service import Service
from search.service.users import Users
from storage import StorageURL, open_storage


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return made_service(tmp_path)


def test_a_token_is_kept_as_a_hash_alone(service: Service, tmp_path: Path) -> None:
    token = service.users.add("anna", "user")
    found = Users(open_storage(service.url)).of_token(token)
    assert found is not None
    assert (found.name, found.role) == ("anna", "user")
    secret = token.partition(".")[2].encode()
    assert len(secret) == 43
    assert all(secret not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    "wrong", ["", ".", "anna", "anna.", "ben.x", "anna.x", "\ud800.x", "a" * 10_000, "Anna.{}"]
)
def test_no_other_token_will_do(service: Service, wrong: str) -> None:
    secret = service.users.add("anna", "user").partition(".")[2]
    assert service.users.of_token(wrong.format(secret)) is None


@pytest.mark.parametrize(
    ("name", "role", "sentence"),
    [
        ("an na", "user", "NAME: expected 1 to 64 letters"),
        ("../x", "user", "NAME: expected 1 to 64 letters"),
        ("local", "user", "choose another name"),
        ("ben", "owner", "--role: expected one of viewer, user, admin, but got 'owner'"),
        ("anna", "user", "'anna' has a token already"),
    ],
)
def test_names_and_roles_are_checked(service: Service, name: str, role: str, sentence: str) -> None:
    service.users.add("anna", "user")
    with pytest.raises(InputError) as refused:
        service.users.add(name, role)
    assert sentence in str(refused.value)


def test_a_revoked_token_and_its_sessions_are_worth_nothing(service: Service) -> None:
    token = service.users.add("anna", "user")
    with listening(service) as port:
        cookie = logged_in(Asker(port)("GET", f"/api/v1/me?token={token}"))
        browser = Asker(port, headers={"Cookie": cookie})
        assert browser.done("GET", "me") == {"name": "anna", "role": "user"}
        service.queue.add(QueuedStudy("one", "anna", "{}", 1))
        listening_to = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        listening_to.request("GET", "/api/v1/studies/one/events", headers={"Cookie": cookie})
        stream = listening_to.getresponse()
        service.users.revoke("anna")
        assert stream.read() == b""  # it ends, though the study has not
        listening_to.close()
        assert browser("GET", "me").status == 401
        assert Asker(port, token)("GET", "me").status == 401
        # A new token of the same name does not open the old sessions again.
        service.users.add("anna", "admin")
        assert browser("GET", "me").status == 401
    with pytest.raises(InputError, match="'ben' has no token; there are: anna"):
        service.users.revoke("ben")


def test_a_link_logs_in_and_leaves_no_token_in_the_address(service: Service) -> None:
    token = service.users.make_up()
    with listening(service) as port:
        answer = Asker(port)("GET", f"//elsewhere.example/x?a=1&token={token}")
        assert answer.status == 303
        assert answer.headers["location"] == "/elsewhere.example/x?a=1"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert token not in cookie
        assert Asker(port, token).done("GET", "me") == {"name": "local", "role": "admin"}


def test_who_has_logged_in_stays_so_when_the_service_is_started_anew(service: Service) -> None:
    token = service.users.add("anna", "user")
    local = service.users.make_up()
    with listening(service) as port:
        cookies = [logged_in(Asker(port)("GET", f"/?token={one}")) for one in (token, local)]
    again = replace(service, users=Users(service.storage))
    again.users.make_up()
    with listening(again) as port:
        anna, old = (Asker(port, headers={"Cookie": cookie}) for cookie in cookies)
        assert anna.done("GET", "me")["name"] == "anna"
        # The link of a service without tokens ends with it.
        assert old("GET", "me").status == 401
    later = replace(service, users=Users(service.storage, clock=lambda: time.time() + 31 * 24 * 3600))
    with listening(later) as port:
        assert Asker(port, headers={"Cookie": cookies[0]})("GET", "me").status == 401


def test_who_guesses_has_to_wait_and_who_has_logged_in_has_not(service: Service) -> None:
    token = service.users.add("anna", "user")
    with listening(service) as port:
        cookie = logged_in(Asker(port)("GET", f"/?token={token}"))
        answers = [Asker(port, f"anna.{guess}")("GET", "me").status for guess in range(12)]
        assert answers[:10] == [401] * 10
        assert answers[-1] == 429
        refused = Asker(port, token)("GET", "me")
        assert refused.status == 429
        assert 0 < int(refused.headers["retry-after"]) < 60
        assert Asker(port, headers={"Cookie": f'odd="; {cookie}'}).done("GET", "me")["name"] == "anna"


def test_tables_are_made_once(tmp_path: Path) -> None:
    url = StorageURL.parse(str(tmp_path / "studies.db"))
    for _ in range(2):
        assert Users(open_storage(url, create=True)).tokens() == []


def logged_in(answer: Answer) -> str:
    """The cookie of an answer to a link with a token."""
    assert answer.status == 303
    return answer.headers["set-cookie"].partition(";")[0]
