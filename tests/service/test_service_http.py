"""The service over HTTP: what is handed in, asked for and refused. Its drivers only pretend."""

from __future__ import annotations

import errno
import http.client
import json
import os
import sys
import tomllib
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_fakes import Asker, Team, made_study

from search.service.queue import QueuedStudy
from search.service.states import State
from search.service.supervisor import write_settings
from search.settings.data_options import COLUMN_OPTIONS, SPLIT_OPTIONS
from search.settings.file_settings import NAMES
from search.settings.settings import StudySettings
from storage import study_lock


def handed_in(name: str, **settings: object) -> dict[str, object]:
    return {"study": name, "settings": {"data": "digits", "trials": 5, **settings}}


def test_a_study_is_handed_in_and_shown(team: Team) -> None:
    answer = team.anna("POST", "studies", {**handed_in("first"), "note": "<b>mine</b>"})
    assert answer.status == 201
    assert answer.headers["location"] == "/api/v1/studies/first"
    row = team.viewer.done("GET", "studies/first")
    assert (row["state"], row["owner"], row["budget"], row["finished"]) == ("queued", "anna", 5, 0)
    assert row["note"] == "<b>mine</b>"
    assert row["details"] is None
    assert row["can"] == ["pause", "stop", "cancel"]
    assert "first" in [one["study"] for one in team.viewer.done("GET", "studies")["studies"]]


def test_a_study_of_a_shell_is_shown_and_left_alone(team: Team) -> None:
    row = team.anna.done("GET", "studies/made")
    assert (row["state"], row["owner"], row["best"]) == ("finished", None, None)  # infinite: no JSON
    assert [one["trial"] for one in row["details"]["leaderboard"]] == [2, 1, 0]
    trials = team.anna.done("GET", "studies/made/trials?limit=2&offset=1")
    assert trials["total"] == 3
    assert [one["value"] for one in trials["trials"]] == [0.95, None]
    assert team.anna.done("GET", "studies/made/trials/1")["value"] == 0.95
    assert "started from a shell" in team.admin.refused(409, "POST", "studies/made/stop")
    assert "no trial 7" in team.anna.refused(404, "GET", "studies/made/trials/7")


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
    for name in (*(set(StudySettings.model_fields) - {*NAMES, *COLUMNS}), "model", "callback"):
        said = team.anna.refused(422, "POST", "studies", handed_in("x", **{name: "evil_module:metric"}))
        assert "runs no code" in said
    team.anna.done("POST", "studies", handed_in("colon", target="a:b", drop=["c:d"]))
    assert not Path("was-run").exists()


@pytest.mark.parametrize(
    "path", ["../team.db", "/etc/passwd", "link/passwd", "nothing.csv", ".\0", "x" * 5000]
)
@pytest.mark.parametrize("setting", sorted(NAMES))
def test_no_path_leads_out_of_the_folder_of_data(team: Team, data: Path, path: str, setting: str) -> None:
    if not (data / "link").is_symlink():
        (data / "link").symlink_to("/etc")
    given = {"data": "table.csv", "target": "b"} | {setting: path}
    said = team.anna.refused(422, "POST", "studies", {"study": "x", "settings": given})
    assert f"--{setting}: expected a file within" in said


def test_a_file_of_the_folder_is_found(team: Team, data: Path) -> None:
    team.anna.done("POST", "studies", {"study": "table", "settings": {"data": "table.csv", "target": "b"}})
    queued = team.service.queue.find("table")
    assert queued is not None
    assert json.loads(queued.settings)["data"] == str(data.resolve() / "table.csv")


COLUMNS = (*COLUMN_OPTIONS, *SPLIT_OPTIONS, "target", "weight", "separator")
# Settings of text that name no file.
PLAIN = [
    "target",
    "separator",
    "image_size",
    "group",
    "time",
    "split_column",
    "weight",
    "metric",
    "task",
    "sampler",
    "pruner",
    "precision",
    "model",
]


def test_every_setting_that_names_a_file_is_known_to_the_service() -> None:
    fields = StudySettings.model_fields.items()
    of_text = {
        name for name, field in fields if "str" in str(field.annotation) and name not in COLUMN_OPTIONS
    }
    new = of_text - {*NAMES, *PLAIN}
    assert not new, f"{new}: add it to NAMES in file_settings.py where it names a file, else to PLAIN here"


def test_the_same_key_is_the_same_study(team: Team) -> None:
    once = team.anna("POST", "studies", handed_in("keyed"), Idempotency_Key="k1")
    again = team.anna("POST", "studies", handed_in("keyed"), Idempotency_Key="k1")
    assert (once.status, again.status) == (201, 200)
    assert once.json == again.json
    said = team.anna.refused(422, "POST", "studies", handed_in("keyed-2"), Idempotency_Key="k1")
    assert "was used for study 'keyed', with another content" in said
    assert "was handed in already" in team.ben.refused(
        409, "POST", "studies", handed_in("keyed"), Idempotency_Key="k1"
    )
    assert "is already in" in team.ben.refused(409, "POST", "studies", handed_in("made"))


def test_a_study_is_paused_resumed_and_cancelled(team: Team) -> None:
    team.anna.done("POST", "studies", handed_in("moved"))
    for verb, state in (
        ("pause", "paused"),
        ("pause", "paused"),
        ("resume", "queued"),
        ("cancel", "cancelled"),
    ):
        assert team.anna.done("POST", f"studies/moved/{verb}")["state"] == state
    said = team.anna.refused(409, "POST", "studies/moved/pause")
    assert said == "study 'moved' is cancelled, so there is nothing to pause"
    assert "no such request" in team.anna.refused(404, "POST", "studies/moved/explode")
    # What came to nothing gives way to its owner's next one.
    team.anna.done("POST", "studies", handed_in("moved", trials=7))
    assert team.anna.done("GET", "studies/moved")["budget"] == 7


def test_a_running_study_is_asked_to_end_and_its_budget_is_changed(team: Team) -> None:
    team.anna.done("POST", "studies", handed_in("driven"))
    team.service.queue.move("driven", [State.QUEUED], State.RUNNING, slots=1)
    row = team.anna.done("PATCH", "studies/driven", {"trials": 9, "note": "longer"})
    assert (row["state"], row["budget"], row["note"]) == ("pausing", 9, "longer")
    assert team.anna.done("POST", "studies/driven/stop")["state"] == "stopping"
    assert team.anna.done("POST", "studies/driven/resume")["state"] == "pausing"
    assert "--trials: expected at least 1" in team.anna.refused(422, "PATCH", "studies/driven", {"trials": 0})
    assert "is pausing; stop it first" in team.anna.refused(409, "DELETE", "studies/driven")


def test_a_user_changes_only_what_is_theirs(team: Team) -> None:
    team.anna.done("POST", "studies", handed_in("annas"))
    assert team.ben.refused(403, "POST", "studies/annas/stop") == "study 'annas' belongs to 'anna'"
    assert team.ben("PATCH", "studies/annas", {"note": "mine"}).status == 403
    assert team.ben("DELETE", "studies/annas").status == 403
    assert (
        team.viewer.refused(403, "POST", "studies", handed_in("vs")) == "'vera' may look and change nothing"
    )
    assert team.viewer("POST", "uploads", body=b"a,b\n").status == 403
    assert team.ben.refused(403, "GET", "audit") == "'ben' is no admin"
    assert team.admin.done("POST", "studies/annas/stop")["state"] == "stopped"
    deed = team.admin.done("GET", "audit")["deeds"][0]
    assert (deed["who"], deed["action"], deed["what"]) == ("root", "stop", "annas")


def test_an_admin_alone_lets_studies_go_before_others(team: Team) -> None:
    assert "an admin gives more than 0" in team.anna.refused(
        403, "POST", "studies", {**handed_in("urgent"), "priority": 5}
    )
    team.anna.done("POST", "studies", {**handed_in("urgent"), "priority": -5})
    assert team.admin.done("PATCH", "studies/urgent", {"priority": 5})["priority"] == 5
    assert team.anna.done("PATCH", "studies/urgent", {"priority": 2})["priority"] == 2


def test_a_study_is_deleted_with_its_trials(team: Team) -> None:
    made_study(team.service, "old", [0.5])
    team.anna.done("POST", "studies", handed_in("gone"))
    with study_lock(team.service.url, "gone"):
        pass
    assert team.anna("DELETE", "studies/gone").status == 204
    assert team.anna("GET", "studies/gone").status == 404
    assert team.anna.refused(409, "DELETE", "studies/old").startswith("study 'old' was started from a shell")


def test_lists_are_filtered_and_paged(team: Team) -> None:
    for name in ("page-1", "page-2", "page-3"):
        team.ben.done("POST", "studies", handed_in(name))
    bens = team.anna.done("GET", "studies?owner=ben&limit=2")
    assert bens["total"] == 3
    assert [one["study"] for one in bens["studies"]] == ["page-3", "page-2"]
    rest = team.anna.done("GET", "studies?owner=ben&limit=2&offset=2")["studies"]
    assert [one["study"] for one in rest] == ["page-1"]
    team.ben.done("POST", "studies/page-1/pause")
    assert [one["study"] for one in team.anna.done("GET", "studies?state=paused")["studies"]] == ["page-1"]
    assert "limit: expected at most 500" in team.anna.refused(422, "GET", "studies?limit=501")


def test_uploads_are_known_by_their_content_and_stay_with_their_owner(team: Team) -> None:
    sent = team.anna.done("POST", "uploads", body=b"a,b\n1,2\n")
    assert sent["id"].endswith(".csv")
    assert team.anna.done("GET", "uploads")["uploads"] == [{"id": sent["id"], "bytes": 8}]
    team.anna.done("POST", "studies", {"study": "sent", "settings": {"data": sent["data"], "target": "b"}})
    queued = team.service.queue.find("sent")
    assert queued is not None
    path = Path(json.loads(queued.settings)["data"])
    assert path.read_bytes() == b"a,b\n1,2\n"
    assert path.parent.name == "anna"
    assert "you have no file" in team.ben.refused(
        422, "POST", "studies", {"study": "theirs", "settings": {"data": sent["data"]}}
    )
    assert team.anna.refused(409, "DELETE", f"uploads/{sent['id']}") == "study 'sent' needs it"
    team.anna.done("POST", "studies/sent/cancel")
    assert team.anna("DELETE", f"uploads/{sent['id']}").status == 204
    assert not path.exists()


@pytest.mark.parametrize(
    "body", [b"", b"\x80\x04\x95pickle", b"PK\x03\x04no archive", b"a,b\n\0", b"\xff\xfe"]
)
def test_what_is_no_table_is_no_upload(team: Team, body: bytes) -> None:
    assert "expected a CSV file of UTF-8 text" in team.anna.refused(422, "POST", "uploads", body=body)
    assert not list((team.service.uploads._folder / "anna").glob(".*"))


def test_an_upload_is_bounded_whether_it_says_its_length_or_not(team: Team) -> None:
    assert team.anna("POST", "uploads", body=b"a" * 10_001).status == 413
    connection = http.client.HTTPConnection("127.0.0.1", team.anna.port, timeout=30)
    headers = {"Authorization": f"Bearer {team.anna.token}"}
    connection.request(
        "POST", "/api/v1/uploads", iter([b"a" * 6_000, b"b" * 6_000]), headers, encode_chunked=True
    )
    assert connection.getresponse().status == 413
    connection.close()
    assert not list((team.service.uploads._folder / "anna").glob(".*"))


def test_events_are_streamed_from_where_one_was(team: Team) -> None:
    team.anna.done("POST", "studies", handed_in("told"))
    events = team.drivers.events("told")
    team.drivers.folder("told")
    with events.path.open("ab") as file:
        file.write(b'{"event": "trial_started", "trial": 0}\n{"event": "trial_en')
    events.write_started(study="told", workers=1)
    team.anna.done("POST", "studies/told/cancel")
    answer = team.viewer("GET", "studies/told/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    *told, end = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    assert [block[1] for block in told] == ["event: trial_started", "event: driver_started"]
    assert end == ["event: end", 'data: {"state": "cancelled"}']
    since = told[0][0].removeprefix("id: ")
    rest = team.viewer("GET", "studies/told/events", Last_Event_ID=since).text
    assert "trial_started" not in rest
    assert "driver_started" in rest


def test_operators_see_how_it_is(team: Team) -> None:
    team.service.supervisor.looked = float("inf")
    assert team.stranger.done("GET", "health")["status"] == "ok"
    team.service.supervisor.looked = -1e9
    assert team.stranger("GET", "health").status == 503
    text = team.viewer("GET", "metrics").text
    assert 'perceptuna_studies{state="queued"} ' in text
    assert "perceptuna_slots 2\n" in text
    assert team.anna.done("GET", "me") == {"name": "anna", "role": "user"}
    assert "/api/v1/studies/{name}/events" in team.anna.done("GET", "openapi.json")["paths"]


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


def test_a_list_shows_what_was_asked_at_once(team: Team) -> None:
    def state() -> str:
        found = team.viewer.done("GET", "studies?owner=ben&limit=500")["studies"]
        return next(str(one["state"]) for one in found if one["study"] == "asked")

    team.ben.done("POST", "studies", handed_in("asked"))
    assert state() == "queued"
    team.ben.done("POST", "studies/asked/pause")
    assert state() == "paused"


def test_a_full_disk_is_told(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*path: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert "free some disk space" in team.anna.refused(503, "POST", "uploads", body=b"a,b\n1,2\n")


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


def test_a_study_that_somebody_drives_is_not_deleted_by_halves(team: Team) -> None:
    made_study(team.service, "held", [0.5])
    team.service.queue.add(QueuedStudy("held", "anna", '{"data": "digits"}', 1, state=State.FINISHED))
    with study_lock(team.service.url, "held"):
        assert "is being driven" in team.anna.refused(409, "DELETE", "studies/held")
    assert team.anna.done("GET", "studies/held")["finished"] == 1
    assert team.anna("DELETE", "studies/held").status == 204
    assert team.anna("GET", "studies/held").status == 404
    assert team.service.known_study("held") is None


def test_a_command_that_fails_ends_its_request_alone(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    made_study(team.service, "modelless", [0.5])
    said = team.viewer.refused(422, "GET", "studies/modelless/model")
    assert said.startswith("data digits is not what the study was started with")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert "`perceptuna report` failed" in team.viewer.refused(500, "GET", "studies/made/report")
    for _ in range(10):
        team.service.commands._taken_in.acquire()
    busy = team.viewer("GET", "studies/made/report")
    assert (busy.status, busy.headers["retry-after"]) == (503, "30")
    for _ in range(10):
        team.service.commands._taken_in.release()
