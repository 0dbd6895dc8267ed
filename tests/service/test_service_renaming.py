"""A study of a team's service is renamed and deleted: over HTTP, from a shell, from Python."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from service_fakes import Team, handed_in, made_study
from sqlalchemy.orm import Session

from search.dashboard import dashboard_app
from search.errors import InputError
from search.service.jobs import Job
from search.service.queue import QueuedStudy
from search.service.renaming import rename_queued
from search.service.shell import rename_here
from search.service.states import State
from storage import StudyBusy, open_storage, study_lock


@pytest.fixture
def folder(team: Team) -> Path:
    """A study `old`, finalized by a job, and the folder of the service's studies."""
    job = Job(command="finalize", about="old", options={"top": 1, "seeds": 2})
    made_study(team.service, "old", [0.5])
    assert team.service.queue.add(QueuedStudy("old", "anna", "{}", 1, state=State.FINISHED))
    assert team.service.queue.add(QueuedStudy(job.name, "anna", "{}", 3, state=State.FINISHED, job=job))
    (team.drivers.folder(job.name) / "model.keras").write_bytes(b"weights")
    return team.drivers.folder("old").parent


def gone(team: Team, name: str) -> None:
    assert team.anna("DELETE", f"studies/{name}").status == 204


@pytest.mark.usefixtures("folder")
def test_its_rows_and_its_files_go_along(team: Team) -> None:
    row = team.anna.done("POST", "studies/old/rename", {"name": "new"})
    assert (row["study"], row["finished"], row["state"]) == ("new", 1, "finished")
    assert team.anna("GET", "studies/old").status == 404
    assert team.anna.done("GET", "studies/new.finalize")["about"] == "new"
    assert team.anna("GET", "studies/new/conclusion/model").body == b"weights"
    deed = team.admin.done("GET", "audit")["deeds"][0]
    assert (deed["action"], deed["what"]) == ("rename", "old: new")
    assert rename_here(team.service.study("new"), "newer")["new.finalize"] == "newer.finalize"  # from a shell
    assert team.anna.done("GET", "studies/newer.finalize")["about"] == "newer"
    gone(team, "newer")
    assert team.service.queue.find("newer.finalize") is None


@pytest.mark.usefixtures("folder")
def test_a_study_that_the_dashboard_renames_is_the_services_by_its_new_name(team: Team) -> None:
    study = team.service.study("old")
    app = dashboard_app(open_storage(study.url), study.url, rename_here)  # of its own process
    path = f"/api/studies/{study.optuna._study_id}/rename"

    def rename(name: str) -> str:
        body = json.dumps({"study_name": name}).encode()
        length = {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json"}
        asked = {"REQUEST_METHOD": "POST", "PATH_INFO": path, "wsgi.input": io.BytesIO(body), **length}
        setup_testing_defaults(asked)
        statuses: list[str] = []
        b"".join(app(asked, lambda status, *_: statuses.append(status) or (lambda _: None)))  # type: ignore[func-returns-value]
        return statuses[0].partition(" ")[0]

    assert rename("new") == "201"
    row = team.anna.done("GET", "studies/new")
    assert (row["owner"], row["state"], row["finished"]) == ("anna", "finished", 1)
    assert team.anna.done("GET", "studies/new.finalize")["about"] == "new"
    assert team.anna("GET", "studies/old").status == 404
    team.service.queue.move("new", list(State), State.QUEUED)
    assert rename("newest") == "400"  # it is about to run by this name
    team.service.queue.move("new", list(State), State.FINISHED)
    gone(team, "new")


def test_what_cannot_be_renamed_is_refused(team: Team, folder: Path) -> None:
    assert "'old' belongs to 'anna'" in team.ben.refused(403, "POST", "studies/old/rename", {"name": "x"})
    for name in ("", "a b", "x/y", "../x"):
        assert "study name: expected" in team.anna.refused(422, "POST", "studies/old/rename", {"name": name})
    assert "there is a study 'made' already" in team.anna.refused(
        422, "POST", "studies/old/rename", {"name": "made"}
    )
    assert "rename that one" in team.anna.refused(422, "POST", "studies/old.finalize/rename", {"name": "x"})
    assert "no study" in team.anna.refused(404, "POST", "studies/nothing/rename", {"name": "x"})
    team.anna.done("POST", "studies", handed_in("waiting"))
    assert "is queued; stop it first" in team.anna.refused(
        409, "POST", "studies/waiting/rename", {"name": "x"}
    )
    team.anna.done("POST", "studies/waiting/pause")
    assert team.anna.done("POST", "studies/waiting/rename", {"name": "later"})["state"] == "paused"
    with study_lock(team.service.url, "old"), pytest.raises(StudyBusy):
        renamed(team, folder)
    # What was done of it is taken back.
    assert team.anna.done("GET", "studies/old.finalize")["about"] == "old"
    team.service.queue.move("old.finalize", list(State), State.QUEUED)
    assert "cancel that first" in team.anna.refused(409, "POST", "studies/old/rename", {"name": "x"})
    team.anna.done("POST", "studies/old.finalize/cancel")
    gone(team, "old")
    gone(team, "later")


def test_killed_in_between_the_same_request_goes_on(
    team: Team, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Session.commit

    def killed(session: Session) -> None:
        if (folder / "new.finalize").is_dir():
            raise KeyboardInterrupt
        commit(session)

    with monkeypatch.context() as patched:
        patched.setattr(Session, "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            renamed(team, folder)
    assert team.anna.done("GET", "studies/old.finalize")["about"] == "old"
    assert team.anna.done("POST", "studies/old/rename", {"name": "new"})["finished"] == 1
    assert team.anna.done("GET", "studies/new.finalize")["about"] == "new"
    assert (folder / "new.finalize" / "model.keras").is_file()
    with pytest.raises(InputError, match="already"):
        rename_queued(team.service.url, team.service.storage, team.service.queue, folder, "made", "new")
    gone(team, "new")


def test_what_fails_at_its_end_is_taken_back(
    team: Team, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(session: Session) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        move = team.service.queue.rename

        def then_refused(*given: Any) -> None:
            move(*given)
            patched.setattr(Session, "commit", refused)

        patched.setattr(team.service.queue, "rename", then_refused)
        with pytest.raises(OSError, match="No space"):
            renamed(team, folder)
    assert team.anna.done("GET", "studies/old")["finished"] == 1
    assert team.anna("GET", "studies/old.finalize/trials").status == 409  # a row without a study, as before
    assert (folder / "old.finalize" / "model.keras").is_file()
    gone(team, "old")


def test_a_row_whose_study_is_not_made_takes_no_other_study(team: Team) -> None:
    """Who is the owner of a row may change the study of its name."""
    team.anna.done("POST", "studies", handed_in("unmade"))
    team.anna.done("POST", "studies/unmade/pause")
    refused = team.anna.refused(422, "POST", "studies/unmade/rename", {"name": "made"})
    assert refused == "there is a study 'made' already; choose another name"
    assert team.service.queue.find("made") is None
    # Nor does a study that a shell began take the row.
    with pytest.raises(InputError, match="there is a study 'unmade' already"):
        rename_here(team.service.study("made"), "unmade")
    assert team.anna.done("GET", "studies/unmade")["finished"] == 0
    gone(team, "unmade")


def renamed(team: Team, folder: Path) -> dict[str, str]:
    return rename_queued(team.service.url, team.service.storage, team.service.queue, folder, "old", "new")
