"""Studies over HTTP: handed in, looked at, changed and deleted. Their drivers only pretend."""

from __future__ import annotations

import sys

import optuna
import pytest
from service_fakes import Team, handed_in, made_study

from search.service.queue import QueuedStudy
from search.service.states import State
from storage import study_lock


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


def test_a_list_shows_what_was_asked_at_once(team: Team) -> None:
    def state() -> str:
        found = team.viewer.done("GET", "studies?owner=ben&limit=500")["studies"]
        return next(str(one["state"]) for one in found if one["study"] == "asked")

    team.ben.done("POST", "studies", handed_in("asked"))
    assert state() == "queued"
    team.ben.done("POST", "studies/asked/pause")
    assert state() == "paused"


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


def test_a_study_that_is_being_made_is_shown(team: Team) -> None:
    optuna.create_study(study_name="begun", storage=team.service.storage)
    assert team.service.queue.add(QueuedStudy("begun", "anna", "{}", 5, state=State.RUNNING))
    row = team.anna.done("GET", "studies/begun")
    assert (row["state"], row["finished"], row["details"]) == ("running", 0, None)
    assert team.anna("GET", "/studies/begun").status == 200
