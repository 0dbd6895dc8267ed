"""A study of a service is followed from elsewhere: its lines and its table, over connections that may end."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from asking_a_service import TRIAL, Shell, over
from rich.console import Console
from service_fakes import Team, made_study

import perceptuna as pt
from search.client.connection import Connection
from search.client.following import follow
from search.client.service_client import ServiceClient
from search.commands import following
from search.errors import ServiceFault
from search.service.queue import QueuedStudy
from search.service.states import State


def test_its_lines_are_printed_until_it_is_over(
    team: Team, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_in = ServiceClient.hand_in

    def finished(self: ServiceClient, study: str, *given: object, **more: object) -> object:
        row = handed_in(self, study, *given, **more)  # type: ignore[arg-type]
        over(team, study, *TRIAL)
        return row

    monkeypatch.setattr(ServiceClient, "hand_in", finished)
    code, out, err = shell("run", "lines", "--data", "digits", "--trials", 4)
    assert "[1/4] trial 0 complete: val_rmse 0.5" in out
    assert r"adam \u001b[2J | best 0.5" in out
    assert "left 1:01 (1:00 to 1:02)" in out
    assert "linear model, to compare networks with: val_rmse 0.75" in out
    assert (code, err) == (1, f"perceptuna: study 'lines' ended with no complete trial; see "
                           f"http://127.0.0.1:{team.anna.port}/studies/lines\n")  # fmt: skip
    _, out, _ = shell("run", "as-json", "--data", "digits", "--json")
    assert [json.loads(line)["event"] for line in out.splitlines()] == [
        "driver_started",
        "reference_ended",
        "trial_started",
        "trial_ended",
    ]


def test_python_prints_the_same_lines(
    team: Team, anna: pt.service.Service, capsys: pytest.CaptureFixture[str]
) -> None:
    study = anna.search("digits", name="waited", trials=4)
    over(team, "waited", *TRIAL)
    study.wait()
    out = capsys.readouterr().out
    assert r"[1/4] trial 0 complete: val_rmse 0.5000 | adam \u001b[2J | best 0.5000 (trial 0)" in out


def test_ctrl_c_leaves_it_running_and_says_how_to_look(
    team: Team, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Iterator[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(Connection, "lines", interrupted)
    code, _, err = shell("run", "left", "--data", "digits")
    assert code == 130
    assert (
        f"goes on there; look with `perceptuna show left --service http://127.0.0.1:{team.anna.port}`" in err
    )
    assert team.anna.done("GET", "studies/left")["state"] == "queued"


def test_a_study_of_a_shell_is_gone_on_with_in_that_shell(team: Team, shell: Shell) -> None:
    made_study(team.service, "half", [0.9], trials=3)
    code, _, err = shell("follow", "half")
    assert (code, err) == (
        130,
        "perceptuna: study 'half' is resumable; a shell began it, and goes on with it by `perceptuna resume half`\n",
    )


def test_a_connection_that_ends_is_made_again_behind_the_last_event(team: Team) -> None:
    team.anna.done("POST", "studies", {"study": "twice", "settings": {"data": "digits"}})
    client = ServiceClient(f"http://127.0.0.1:{team.anna.port}", team.anna.token)
    over(team, "twice", *TRIAL)
    whole = Connection.lines

    def cut(self: Connection, path: str, headers: dict[str, str]) -> Iterator[str]:
        for line in whole(self, path, headers):
            yield line
            if line == "":
                raise ServiceFault("the connection ended")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "lines", cut)
        patch.setattr("search.client.following.time.sleep", lambda seconds: None)
        kinds = [event["event"] for event in follow(client, "twice")]
    assert kinds == ["driver_started", "reference_ended", "trial_started", "trial_ended", "end"]


def test_a_terminal_follows_by_the_table(team: Team, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    made_study(team.service, "watched", [0.5], trials=2)
    assert team.service.queue.add(QueuedStudy("watched", "anna", "{}", 2, state=State.RUNNING, slots=1))
    screen = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    monkeypatch.setattr(following, "console", lambda: screen)
    looks = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        team.service.queue.move("watched", list(State), State.STOPPED)

    monkeypatch.setattr("search.client.following.time.sleep", sleep)
    code, _, err = shell("follow", "watched")
    assert (code, len(looks)) == (130, 1)
    assert "study 'watched' is stopped; go on with: perceptuna resume watched --service" in err
    assert isinstance(screen.file, io.StringIO)
    assert "0.5000 (trial 0)" in screen.file.getvalue()

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    team.service.queue.move("watched", list(State), State.RUNNING)
    monkeypatch.setattr("search.client.following.time.sleep", interrupted)
    code, _, err = shell("follow", "watched")
    assert code == 130
    assert "study 'watched' goes on there; wait for it with: perceptuna follow watched --service" in err
    team.service.queue.move("watched", list(State), State.CANCELLED)
    assert team.viewer.done("GET", "studies/made/progress")["over"] is True
    assert "no study 'nothing'" in team.viewer.refused(404, "GET", "studies/nothing/progress")
