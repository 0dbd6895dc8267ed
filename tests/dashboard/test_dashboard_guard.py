"""The guard in front of the real dashboard: who gets in, what may be changed, what leaks."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from project_on_disk import Project
from requests_by_wsgi import call

from search.dashboard import Guard, dashboard_app
from search.dashboard.sessions import WrongTokens
from storage import artifact_folder, open_storage

TOKEN = "schlüssel & co"  # not ASCII, and in need of quoting
LINK = "token=schl%C3%BCssel%20%26%20co"


def dashboard_of(project: Project) -> Any:
    """The Bottle application behind the guard."""
    return dashboard_app(open_storage(project.url), project.url)


@pytest.fixture(scope="module")
def app(project: Project) -> Any:
    return dashboard_of(project)


def logged_in(app: Any, *, read_only: bool = False) -> WSGIApplication:
    """The dashboard as a visitor sees it who sends the token along."""
    guard = Guard(app, token="known", read_only=read_only)

    def visited(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return guard({"HTTP_AUTHORIZATION": "Bearer known", **environ}, start_response)

    return visited


@pytest.fixture
def opened(app: Any) -> WSGIApplication:
    return logged_in(app)


@pytest.fixture
def locked(app: Any) -> Guard:
    return Guard(app, token=TOKEN, read_only=False)


def routes(app: Any, project: Project, *, changing: bool) -> Iterator[tuple[str, str]]:
    """(method, path) of the dashboard's routes, their parameters filled in from the project."""
    values = {
        "study_id": str(project.study_id),
        "trial_id": str(project.trial_id),
        "artifact_id": project.curve_id,
        "plot_type": "slice",
        "history_id": "0",
        "filename": "bundle.js",
        "": "/studies",
    }
    for route in app.routes:
        if (route.method not in ("GET", "HEAD", "OPTIONS")) == changing:
            yield (
                route.method,
                re.sub(r"<(\w*)[^>]*(?:\(.*\)\?)?>", lambda found: values[found[1]], route.rule),
            )


def contents(project: Project) -> list[str]:
    """Everything in the database and the names of all artifacts."""
    assert project.url.sqlite_path is not None
    connection = sqlite3.connect(project.url.sqlite_path)
    files = sorted(path.name for path in artifact_folder(project.url).iterdir())
    try:
        return [*connection.iterdump(), *files]
    finally:
        connection.close()


def test_without_a_token_nothing_is_served(app: Any, project: Project, locked: Guard) -> None:
    everything = [*routes(app, project, changing=False), *routes(app, project, changing=True)]
    replies = [call(locked, path, method) for method, path in everything]
    assert {reply.status for reply in replies} == {401}
    assert b"`perceptuna dashboard` printed" in replies[0].body


@pytest.mark.parametrize(
    "request_",
    [
        {"query": "token=wrong"},
        {"query": "token="},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer"},
        {"authorization": "Basic c2NobMO8c3NlbA=="},
        {"cookie": "perceptuna=; perceptuna-0=1"},
        {"query": LINK, "method": "POST"},
    ],
)
def test_a_wrong_token_is_refused(locked: Guard, request_: dict[str, str]) -> None:
    reply = call(locked, "/api/studies", **request_)
    assert (reply.status, "Set-Cookie" in reply.headers) == (401, False)


def test_the_link_sets_a_cookie_and_leads_to_the_page_without_the_token(locked: Guard) -> None:
    reply = call(locked, "/dashboard/studies/1/trials", query=f"numbers=5&{LINK}")
    assert reply.status == 303
    assert reply.headers["Location"] == "/dashboard/studies/1/trials?numbers=5"
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(reply.headers["Set-Cookie"].split("; "))
    assert "schl" not in reply.cookie
    page = call(locked, "/dashboard", cookie=f'odd="; [x]=y; {reply.cookie}')
    assert (page.status, b"Optuna Dashboard" in page.body) == (200, True)


def test_the_link_leads_to_no_other_site(locked: Guard) -> None:
    for path in ("//elsewhere.example/", "/\\elsewhere.example", "/a\r\nX-Injected: 1"):
        location = call(locked, path, query=LINK).headers["Location"]
        assert re.fullmatch(r"/[\w.%/-]*", location)
        assert not location.startswith("//")


def test_a_cookie_is_a_session_of_its_own_and_tells_nothing_of_the_token(app: Any, locked: Guard) -> None:
    first, second = (call(locked, "/", query=LINK).cookie for _ in range(2))
    assert first != second
    assert {call(locked, "/api/studies", cookie=cookie).status for cookie in (first, second)} == {200}
    again = Guard(app, token=TOKEN, read_only=False)
    assert call(again, "/api/studies", cookie=first).status == 401, "it ends with the dashboard"


@pytest.mark.parametrize(
    ("behind", "secure"),
    [({}, False), ({"x_forwarded_proto": "http"}, False), ({"x_forwarded_proto": "https, http"}, True)],
)
def test_behind_tls_the_cookie_is_sent_over_tls_alone(
    locked: Guard, behind: dict[str, str], secure: bool
) -> None:
    cookie = call(locked, "/", query=LINK, **behind).headers["Set-Cookie"]
    assert ("Secure" in cookie.split("; ")) == secure


def test_who_guesses_has_to_wait_and_who_is_logged_in_has_not(locked: Guard) -> None:
    cookie = call(locked, "/", query=LINK).cookie
    guesses = [call(locked, "/api/studies", authorization=f"Bearer {guess}") for guess in range(30)]
    assert [reply.status for reply in guesses] == [401] * 10 + [429] * 20
    assert 1 <= int(guesses[-1].headers["Retry-After"]) <= 6
    assert call(locked, "/", query=LINK).status == 429, "even the right one is not looked at"
    assert call(locked, "/api/studies", cookie=cookie).status == 200


def test_pictures_of_another_sites_page_keep_nobody_from_logging_in(locked: Guard) -> None:
    for _ in range(30):
        assert call(locked, "/", query="token=wrong", sec_fetch_dest="image").status == 401
    assert call(locked, "/", query=LINK, sec_fetch_dest="image").status == 401
    assert call(locked, "/", query=LINK, sec_fetch_dest="document").status == 303


def test_wrong_tokens_are_counted_by_address_and_forgotten_in_time() -> None:
    now = 100.0
    wrong = WrongTokens(at_once=3, seconds=6.0, clock=lambda: now)
    for _ in range(3):
        assert wrong.wait("a") == 0
        wrong.count("a")
    assert (wrong.wait("a"), wrong.wait("b")) == (6.0, 0)
    now += 6.0
    assert wrong.wait("a") == 0
    wrong.count("a")
    assert wrong.wait("a") == 6.0
    now += 18.0
    assert wrong.wait("a") == 0


def test_a_cookie_of_another_token_is_worth_nothing(app: Any, locked: Guard) -> None:
    other = Guard(app, token="other", read_only=False)
    cookie = call(other, "/", query="token=other").cookie
    assert call(other, "/api/studies", cookie=cookie).status == 200
    assert call(locked, "/api/studies", cookie=cookie).status == 401


def test_programs_send_the_token_as_bearer(locked: Guard) -> None:
    sent = f"Bearer {TOKEN}".encode().decode("latin-1")
    reply = call(locked, "/api/studies", authorization=sent)
    assert json.loads(reply.body)["study_summaries"][0]["study_name"] == "digits-mlp"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8080", "127.0.0.1:8080", "localhost", ""]
)
def test_under_no_name_anything_is_served_without_the_token(locked: Guard, host: str) -> None:
    """Neither to a site whose name is rebound to this machine, nor to another user of it."""
    assert call(locked, "/api/studies", host=host).status == 401


def test_with_a_token_any_host_name_is_served(locked: Guard) -> None:
    cookie = call(locked, "/", query=LINK).cookie
    assert call(locked, "/api/studies", host="proxy.example", cookie=cookie).status == 200


@pytest.mark.parametrize(
    "page",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": "http://127.0.0.1:8080"},
    ],
)
def test_no_page_of_another_site_can_change_anything(
    app: Any, project: Project, opened: WSGIApplication, locked: Guard, page: dict[str, str]
) -> None:
    before = contents(project)
    cookie = call(locked, "/", query=LINK).cookie
    for method, path in routes(app, project, changing=True):
        assert call(opened, path, method, **page).status == 403
        assert call(locked, path, method, cookie=cookie, **page).status == 403
    assert contents(project) == before


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"origin": "http://127.0.0.1:8080"},
        {"sec_fetch_site": "same-origin", "origin": "https://proxy.example"},
    ],
)
def test_own_pages_and_programs_can_change_things(own: Project, page: dict[str, str]) -> None:
    guard = logged_in(dashboard_of(own))
    assert call(guard, f"/api/studies/{own.study_id}", "DELETE", **page).status == 204
    assert open_storage(own.url).get_all_studies() == []


def test_read_only_refuses_every_route_that_changes_something(app: Any, project: Project) -> None:
    before = contents(project)
    guard = logged_in(app, read_only=True)
    changing = list(routes(app, project, changing=True))
    assert {"/api/studies", "/incompatible-rdb-schema"} <= {path for _, path in changing}
    assert len(changing) >= 15
    for method, path in changing:
        reply = call(guard, path, method)
        assert (reply.status, json.loads(reply.body)) == (405, {"reason": "this dashboard is read-only"})
    assert call(guard, "/api/studies", "PATCH").status == 405
    assert contents(project) == before


CLIMBING = ["../studies.db", "..%2fstudies.db", "..%252fstudies.db", "....//studies.db", "0-/../studies.db"]


def test_hostile_requests_are_counted_and_all_of_them_refused(app: Any, project: Project) -> None:
    """Every route: without a token, with a wrong one, for another site; and changes to what is read-only."""
    before = contents(project)
    looking, changing = (list(routes(app, project, changing=change)) for change in (False, True))
    with_token = Guard(app, token=TOKEN, read_only=False)
    visited, read_only = logged_in(app), logged_in(app, read_only=True)
    wrong: list[dict[str, str]] = [
        {},
        {"query": "token=wrong"},
        {"authorization": "Bearer wrong"},
        {"cookie": "perceptuna-0=1"},
    ]
    climbs = [
        f"{prefix}{climb}"
        for prefix in ("/artifacts/1/", "/artifacts/1/7/", "/static/")
        for climb in CLIMBING
    ]
    statuses = {
        "no or a wrong token": [
            call(with_token, path, method, **request).status
            for method, path in looking + changing
            for request in wrong
        ],
        "a page of another site": [
            call(visited, path, method, origin="http://evil.example").status for method, path in changing
        ],
        "a change to what is read-only": [call(read_only, path, method).status for method, path in changing],
        "a path that climbs": [call(visited, path).status for path in climbs],
    }
    expected = {
        "no or a wrong token": {401, 429},
        "a page of another site": {403},
        "a change to what is read-only": {405},
        "a path that climbs": {403, 404},
    }
    for kind, answers in statuses.items():
        assert set(answers) <= expected[kind], kind
    assert sum(map(len, statuses.values())) >= 180
    assert contents(project) == before


def test_looking_changes_nothing(app: Any, project: Project) -> None:
    """Read-only lets GET, HEAD and OPTIONS pass, so no such route of the dashboard may write."""
    before = contents(project)
    guard = logged_in(app, read_only=True)
    looking = [path for _, path in routes(app, project, changing=False)]
    assert len(looking) >= 12
    for path in looking:
        for method in ("GET", "HEAD", "OPTIONS"):
            call(guard, path, method)
    assert contents(project) == before


def test_an_artifact_is_served_to_this_site_alone_and_cannot_run_scripts(
    opened: WSGIApplication, project: Project
) -> None:
    reply = call(opened, f"/artifacts/{project.study_id}/{project.trial_id}/{project.curve_id}")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "image/svg+xml")
    assert reply.body.startswith(b"<svg")
    assert "Access-Control-Allow-Origin" not in reply.headers
    assert reply.headers["Content-Security-Policy"] == "sandbox"


def test_every_reply_carries_the_security_headers(opened: WSGIApplication, locked: Guard) -> None:
    for reply in (
        call(opened, "/dashboard"),
        call(opened, "/api/studies"),
        call(locked, "/"),
        call(opened, "/none"),
    ):
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert "script-src 'self'" in call(opened, "/dashboard").headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "climb", ["../studies.db", "..%2fstudies.db", "..%252fstudies.db", "....//studies.db"]
)
@pytest.mark.parametrize(
    "prefix", ["/artifacts/1/", "/artifacts/1/7/", "/static/", "/csv/", "/dashboard/../"]
)
def test_no_path_leads_to_a_file_outside(
    opened: WSGIApplication, project: Project, prefix: str, climb: str
) -> None:
    reply = call(opened, prefix + climb)
    assert b"SQLite format 3" not in reply.body
    assert reply.status in (403, 404) or b"Optuna Dashboard" in reply.body


def test_a_stored_artifact_id_that_climbs_leads_nowhere(own: Project) -> None:
    """Ids come from the database, which another program may have written."""
    described = json.dumps({"artifact_id": "../studies.db", "filename": "x", "mimetype": "text/plain"})
    storage = open_storage(own.url)
    storage.set_study_system_attr(own.study_id, "artifacts:../studies.db", described)
    guard = logged_in(dashboard_of(own))
    assert call(guard, f"/artifacts/{own.study_id}/../studies.db").status == 404
    call(guard, f"/api/studies/{own.study_id}", "DELETE")
    assert own.url.sqlite_path is not None
    assert own.url.sqlite_path.exists()
