"""A study is handed in to a service by a shell and by a program: files, frames and spaces, and what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from asking_a_service import Shell, settings_of
from service_fakes import Team

import perceptuna as pt
from search.errors import InputError
from search.service.queue import QueuedStudy
from search.service.states import State


def test_a_file_that_is_here_is_sent_and_one_that_is_not_is_the_services(team: Team, shell: Shell) -> None:
    Path("mine.csv").write_text("a,b\n1,2\n3,4\n")
    code, out, _ = shell("run", "sent", "--data", "mine.csv", "--target", "b", "--trials", 4, "--detach")
    assert code == 0
    assert f"http://127.0.0.1:{team.anna.port}/studies/sent" in out
    sent = settings_of(team, "sent")
    assert Path(str(sent["data"])).read_text() == "a,b\n1,2\n3,4\n"
    assert set(sent) == {"data", "target"}  # the service has its own defaults
    assert shell("run", "there", "--data", "table.csv", "--target", "b", "--detach")[0] == 0
    assert settings_of(team, "there")["data"] == str(team.service.data and team.service.data / "table.csv")


def test_who_is_to_be_notified_is_told_to_the_service(team: Team, shell: Shell) -> None:
    words = ("run", "told-of", "--data", "digits", "--detach", "--notify-url")
    assert "--notify-url: expected an address" in shell(*words, "nowhere")[2]
    assert shell(*words, "https://host.example/hook?key=1")[0] == 0
    queued = team.service.queue.find("told-of")
    assert queued is not None
    assert (queued.notify, queued.notified) == ("https://host.example/hook?key=1", None)
    assert "hook" not in team.viewer("GET", "studies/told-of").text


def test_a_study_that_is_refused_leaves_no_file_there(team: Team, shell: Shell) -> None:
    before = team.anna.done("GET", "uploads")
    Path("mine.csv").write_text("a,b\n1,2\n")
    code, _, err = shell("run", "made", "--data", "mine.csv", "--target", "b")
    assert (code, err.count("\n")) == (2, 1)
    assert "'made'" in err
    assert shell("run", "odd", "--data", "mine.csv", "--trials", 0)[2].startswith(
        "perceptuna: --trials: expected"
    )
    assert team.anna.done("GET", "uploads") == before


def test_frames_arrays_and_spaces_are_sent(team: Team, anna: pt.service.Service) -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]})
    space = pt.Space(learning_rate=pt.log(1e-4, 1e-2))
    study = anna.search(frame, target="b", trials=3, space=space, validation=frame, note="mine")
    assert study.name == "b-1"
    sent = settings_of(team, "b-1")
    assert pd.read_parquet(str(sent["data"])).equals(frame)
    assert pd.read_parquet(str(sent["validation"])).equals(frame)
    assert "learning_rate" in Path(str(sent["space"])).read_text()
    assert study.row["note"] == "mine"
    arrays = anna.search(np.zeros((4, 2)), np.array([0, 1, 0, 1]), name="arrays")
    assert zipfile.is_zipfile(str(settings_of(team, "arrays")["data"]))
    arrays.pause()
    assert arrays.state == "paused"
    arrays.resume(trials=9)
    assert repr(arrays) == "ServiceStudy('arrays', queued, 0/9 trials)"
    with pytest.raises(InputError, match="no complete trial yet; it is queued"):
        _ = arrays.best
    arrays.cancel()
    assert arrays.wait(show=False).state == "cancelled"
    assert anna.load_study("made").best["trial"] == 2
    assert {"b-1", "arrays", "made"} <= {one.name for one in anna.studies()}


def test_a_study_that_could_not_begin_is_handed_in_again(team: Team, shell: Shell) -> None:
    reason = "house.csv has no column 'weigth'"
    assert team.service.queue.add(QueuedStudy("typo", "anna", "{}", 2, state=State.FAILED, reason=reason))
    code, _, err = shell("follow", "typo")
    assert (code, err) == (
        1,
        f"perceptuna: study 'typo' could not begin: {reason}; "
        "mend that, and hand it in again by the same name\n",
    )
    assert shell("run", "typo", "--data", "digits", "--detach")[0] == 0


def test_a_file_that_is_nowhere_is_told_of_as_it_is_here(team: Team, shell: Shell) -> None:
    Path("nopes.csv").touch()
    code, _, err = shell("run", "none", "--data", "nope.csv", "--target", "b")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(
        "perceptuna: source 'nope.csv' is neither there as a file or folder nor known: there is no "
    )
    assert err.endswith("(did you mean 'nopes.csv'?); the service has none of that name either\n")
    assert (
        "nope.toml: there is no such file"
        in shell("run", "none", "--data", "digits", "--space", "nope.toml")[2]
    )
    assert team.service.queue.find("none") is None


def test_an_option_that_is_refused_is_called_as_it_was_typed(team: Team, shell: Shell) -> None:
    code, _, err = shell("run", "code", "--data", "digits", "--callback", "mine:Stop")
    assert (code, err.partition(", so")[0]) == (
        2,
        "perceptuna: --callback: a service runs no code of its users",
    )
    settings = {"data": "digits", "callbacks": ["mine:Stop"]}
    refused = team.anna.refused(422, "POST", "studies", {"study": "code", "settings": settings})
    assert f"perceptuna: {refused}\n" == err
