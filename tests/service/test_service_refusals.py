"""What the service refuses over HTTP, and how: odd settings, odd requests, code, strangers."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_fakes import Asker, Team, handed_in

from search.service.states import State
from search.service.supervisor import write_settings
from search.settings.data_options import COLUMN_OPTIONS, SPLIT_OPTIONS
from search.settings.file_settings import FILE_SETTINGS
from search.settings.settings import StudySettings

COLUMNS = (*COLUMN_OPTIONS, *SPLIT_OPTIONS, "target", "weight", "separator")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (handed_in("x", trails=3), "--trails: no such setting (did you mean 'trials'?)"),
        (handed_in("x", trials="many"), "--trials: expected a whole number, but got 'many'"),
        (handed_in("x", metric="val_acuracy"), "did you mean 'val_accuracy'?"),
        (handed_in("x", space="wider"), "--space: expected a file within the service's folder of data"),
        ({"study": "x", "settings": {}}, "--data: expected rows to learn from"),
        (handed_in("../x"), "study name: expected 1 to 100 letters"),
        (
            {"study": "x", "settings": {"data": "digits"}, "priority": "high"},
            "priority: expected a whole number",
        ),
        ({"study": "x"}, "settings: is missing"),
        ({**handed_in("x"), "owner": "ben"}, "owner: there is no such field"),
        (handed_in("x", data="upload:../../studies.db"), "upload: you have no file"),
    ],
)
def test_what_cannot_be_is_refused_in_the_sentences_of_the_command_line(
    team: Team, given: dict[str, object], sentence: str
) -> None:
    assert sentence in team.anna.refused(422, "POST", "studies", given)
    assert team.anna("GET", "studies/x").status == 404


def test_no_code_of_users_is_run(team: Team) -> None:
    """Also of a setting that is yet to come: what takes a function takes `module:function`."""
    written = team.service.data
    assert written is not None
    (written / "evil_module.py").write_text("open('was-run', 'w')\ndef metric(*a): return 0\n")
    for name in (*(set(StudySettings.model_fields) - {*FILE_SETTINGS, *COLUMNS}), "model", "callback"):
        said = team.anna.refused(422, "POST", "studies", handed_in("x", **{name: "evil_module:metric"}))
        assert "runs no code" in said
    team.anna.done("POST", "studies", handed_in("colon", target="a:b", drop=["c:d"]))
    assert not Path("was-run").exists()


def test_what_is_not_there_is_a_problem_too(team: Team) -> None:
    assert team.anna.refused(404, "GET", "nothing") == "Not Found"
    assert team.anna.refused(405, "DELETE", "me") == "Method Not Allowed"
    assert team.anna.refused(404, "GET", "studies/nothing/trials") == "no study 'nothing'"
    assert (
        team.anna.refused(422, "POST", "studies", body=b"{", Content_Type="application/json")
        == "expected JSON"
    )


def test_only_who_has_a_token_gets_anything(team: Team) -> None:
    for path in ("studies", "studies/made", "metrics", "openapi.json", "/", "/nothing"):
        answer = team.stranger("GET", path)
        assert answer.status == 401
        assert "made" not in answer.text
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["x-frame-options"] == "DENY"
    assert team.stranger("POST", "uploads", body=b"a,b\n").status == 401
    assert os.listdir(team.service.uploads._folder / "anna") == []


def test_other_sites_pages_change_nothing(team: Team) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}):
        asker = Asker(team.anna.port, team.anna.token, headers)
        assert "own pages" in asker.refused(403, "POST", "studies", handed_in("x"))
        assert asker("GET", "studies").status == 200


def test_a_request_with_threads_of_its_own_is_refused(team: Team) -> None:
    assert "a slot of this service is one thread" in team.anna.refused(
        422, "POST", "studies", handed_in("x", threads=64)
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)

SETTINGS = st.dictionaries(
    st.sampled_from(sorted(StudySettings.model_fields)) | st.text(max_size=5), VALUES, max_size=4
)


@hypothesis.settings(max_examples=60)
@given(st.text(max_size=12) | VALUES, SETTINGS | VALUES, VALUES, st.text(max_size=12) | VALUES)
def test_whatever_is_sent_is_answered_and_breaks_nothing(
    team: Team, study: object, settings: object, priority: object, note: object
) -> None:
    sent = {"study": study, "settings": settings, "priority": priority, "note": note}
    for body in (
        sent,
        {**sent, "study": "fuzzed", "settings": {"data": "digits", "target": note}, "priority": 0},
    ):
        answer = team.anna("POST", "studies", body)
        assert answer.status < 500, answer.text
        if answer.status == 201:
            queued = team.service.queue.find(answer.json["study"])
            assert queued is not None
            config = team.drivers.folder("fuzzed") / "settings.toml"
            write_settings(config, queued)
            assert tomllib.loads(config.read_text(encoding="utf-8"))["data"] == "digits"
            team.service.queue.remove(queued.study, list(State))
    assert team.anna("PATCH", "studies/made", {"note": note, "trials": priority}).status < 500


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "studies/a%00b", None),
        ("GET", "studies/%ff%fe", None),
        ("GET", "studies/%E2%80%AE/trials/99999999999999999999999", None),
        ("POST", "studies", b"[" * 100_000),
        ("POST", "studies/made/predictions", b"[" * 100_000),
        ("POST", "studies/made/predictions", b'{"rows": [{"a": "\\ud800"}]}'),
        ("POST", "studies", b'{"study": "x", "settings": {"data": "digits", "target": "\\ud800"}}'),
        ("POST", "studies", b'{"study": "x", "settings": {"data": "digits"}, "note": "\\u0000"}'),
        ("GET", "studies?limit=9999999999999999999999", None),
    ],
)
def test_odd_requests_are_refused_as_what_they_are(
    team: Team, method: str, path: str, body: bytes | None
) -> None:
    answer = team.anna(method, path, body=body, Content_Type="application/json")
    assert answer.status in (400, 404, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_events_begin_anew_behind_an_odd_id(team: Team) -> None:
    team.anna.done("POST", "studies", handed_in("odd-id"))
    team.anna.done("POST", "studies/odd-id/cancel")
    for odd in ("9" * 40, "-1", "x", "1.5"):
        assert "event: end" in team.viewer("GET", "studies/odd-id/events", Last_Event_ID=odd).text
