"""A program and a shell ask a service: over real HTTP, with drivers that only pretend."""

from __future__ import annotations

import io
import json
import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from service_fakes import Team, ablated, finalized, made_study

import perceptuna as pt
from search import cli as command_line
from search.client.address import Address
from search.client.connection import Connection
from search.client.following import follow
from search.client.service_client import ServiceClient
from search.commands import following
from search.errors import InputError, ServiceFault
from search.service.queue import QueuedStudy
from search.service.states import State

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """A shell of anna's in a folder of its own: exit code, output and errors of a command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PERCEPTUNA_SERVICE", f"http://127.0.0.1:{team.anna.port}")
    monkeypatch.setenv("PERCEPTUNA_TOKEN", str(team.anna.token))

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["perceptuna", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            command_line.main()
        return int(end.value.code or 0), *capsys.readouterr()

    return call


@pytest.fixture
def anna(team: Team) -> pt.service.Service:
    return pt.connect(f"http://127.0.0.1:{team.anna.port}", team.anna.token)


def settings_of(team: Team, study: str) -> dict[str, object]:
    queued = team.service.queue.find(study)
    assert queued is not None
    found: dict[str, object] = json.loads(queued.settings)
    return found


def over(team: Team, study: str, *events: dict[str, object]) -> None:
    """Its driver has said this, and ended."""
    team.service.drivers.announce(study, workers=2)
    with team.service.drivers.events(study).path.open("a") as file:
        file.writelines(json.dumps({"study": study, **event}) + "\n" for event in events)
    assert team.service.queue.move(study, [State.QUEUED], State.FINISHED)


TRIAL = (
    {
        **{"event": "reference_ended", "reference": "linear", "metric": "val_rmse"},
        **{"metrics": {"val_rmse": 0.75, "val_r2": None}, "seconds": 1.0, "reason": None, "note": None},
    },
    {"event": "trial_started", "trial": 0, "hyperparameters": {}, "what": "adam \u001b[2J"},
    {
        **{
            "event": "trial_ended",
            "trial": 0,
            "state": "complete",
            "value": 0.5,
            "epochs": 3,
            "reason": None,
        },
        **{"best": 0.5, "best_trial": 0, "metric": "val_rmse", "finished": 1, "budget": 4},
        "seconds_left": {"low": 60.0, "middle": 61.0, "high": 62.0},
    },
)


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


def test_studies_are_shown_and_changed(shell: Shell) -> None:
    assert shell("run", "mine", "--data", "digits", "--detach", "--json")[0] == 0
    assert "study 'mine' is paused" in shell("pause", "mine")[1]
    assert "study 'mine' is queued" in shell("resume", "mine", "--trials", 7)[1]
    row = json.loads(shell("show", "mine", "--json")[1])
    assert (row["state"], row["budget"], row["owner"]) == ("queued", 7, "anna")
    shell("pause", "mine")
    shell("resume", "mine", "--add", 2)
    assert json.loads(shell("show", "mine", "--json")[1])["budget"] == 9
    assert "give one of them" in shell("resume", "mine", "--add", 2, "--trials", 3)[2]
    assert "study 'mine' is cancelled" in shell("cancel", "mine")[1]
    assert shell("pause", "mine")[::2] == (
        2,
        "perceptuna: study 'mine' is cancelled, so there is nothing to pause\n",
    )
    assert "made" in shell("list")[1]
    assert "mine" not in shell("queue")[1]
    out = shell("show", "made")[1]
    assert "study made  finished  3/3 trials" in out
    assert "0.95" in out
    assert json.loads(shell("show", "made", "--trial", 1, "--json")[1])["value"] == 0.95
    assert "no study 'nothing'" in shell("show", "nothing")[2]


def test_a_study_is_concluded_there(
    team: Team, shell: Shell, anna: pt.service.Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = made_study(team.service, "ended", [0.9, 0.95])
    assert team.service.queue.add(QueuedStudy("ended", "anna", "{}", 2, state=State.FINISHED))
    code, out, _ = shell("finalize", "ended", "-o", "a.keras", "--top", 1, "--seeds", 2, "--detach")
    address = f"--service http://127.0.0.1:{team.anna.port}"
    assert (code, out) == (
        0,
        "'ended.finalize' is queued; see its outcome with: "
        f"perceptuna finalize ended -o a.keras --top 1 --seeds 2 {address}\n",
    )
    assert shell("ablate", "ended", "--seeds", 2, "--detach", "--json")[0] == 0
    over(team, "ended.finalize")
    over(team, "ended.ablate-1")
    finalized(study)
    folder = team.drivers.folder("ended.finalize")
    (folder / "model.keras").write_bytes(b"weights")
    (folder / "model.json").write_text("{}")
    code, out, err = shell("finalize", "ended", "-o", "a.keras", "--top", 1, "--seeds", 2)
    assert (code, err) == (0, "")
    assert "91.0 %" in out
    assert out.endswith("wrote a.keras and a.json\n")
    assert "is there already" in shell("finalize", "ended", "-o", "a.keras")[2]
    assert "was finalized already" in shell("finalize", "ended", "-o", "b.keras")[2]
    code, out, err = shell("follow", "ended.finalize")
    assert (code, err) == (0, "")
    assert "study ended.finalize of anna  finished  0/3 trials" in out
    found = anna.load_study("ended").finalize("c.keras", top=1, seeds=2, show=False)
    assert (found.winner, found.test, found.path.read_bytes()) == (1, 0.91, b"weights")
    assert "91.0 %" in repr(found)
    ablated(study)
    code, out, err = shell("ablate", "ended", "--seeds", 2)
    assert (code, err) == (0, "")
    assert "0.9 of" not in out
    assert anna.load_study("ended").ablate(seeds=2, show=False).to_json()["trial"] == 1
    team.service.queue.move("ended.ablate-1", [State.FINISHED], State.FAILED, reason="no memory")
    monkeypatch.setattr(ServiceClient, "conclude", lambda self, study, *_: self.study(f"{study}.ablate-1"))
    code, _, err = shell("ablate", "ended", "--seeds", 2)
    assert (code, err) == (
        1,
        "perceptuna: 'ended.ablate-1' is failed: no memory; go on with: "
        f"perceptuna ablate ended --seeds 2 {address}\n",
    )
    assert (
        "--again: is for a team's service"
        in shell("finalize", "x", "-o", "x.keras", "--again", "--storage", "x.db")[2]
    )


def test_a_temperature_is_asked_for_there(team: Team, shell: Shell) -> None:
    made_study(team.service, "sure", [0.9])
    assert team.service.queue.add(QueuedStudy("sure", "anna", "{}", 1, state=State.FINISHED))
    _, out, _ = shell("finalize", "sure", "-o", "a.keras", "--calibrate", "--detach")
    assert "-o a.keras --top 5 --seeds 5 --calibrate --service" in out
    queued = team.service.queue.find("sure.finalize")
    assert queued is not None
    assert queued.job is not None
    assert queued.job.options["calibrate"] is True


def test_a_study_of_a_shell_is_gone_on_with_in_that_shell(team: Team, shell: Shell) -> None:
    made_study(team.service, "half", [0.9], trials=3)
    code, _, err = shell("follow", "half")
    assert (code, err) == (
        130,
        "perceptuna: study 'half' is resumable; a shell began it, and goes on with it by `perceptuna resume half`\n",
    )


def test_what_only_this_machine_has_is_refused(shell: Shell) -> None:
    assert "--on-end: --service does not" in shell("run", "x", "--data", "digits", "--on-end", "true")[2]
    code, _, err = shell("run", "x", "--data", "digits", "--cluster", "tcp://a:1")
    assert (code, err) == (2, "perceptuna: --cluster: --service does not take it; leave it out\n")
    assert "--trial: --service does not" in shell("export", "made", "-o", "a.keras", "--trial", 0)[2]
    address = "http://127.0.0.1:1"
    assert "leave the other out" in shell("list", "--service", address, "--storage", "x.db")[2]
    # Of a command line and an environment the command line wins.
    assert "no studies in sqlite:///x.db" in shell("list", "--storage", "x.db")[1]


def test_where_nothing_listens_that_is_said(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    code, _, err = shell("show", "x", "--service", f"http://127.0.0.1:{port}")
    assert code == 3
    assert err.startswith(f"perceptuna: http://127.0.0.1:{port}: nothing listens there")


@pytest.mark.parametrize("url", ["host:80", "ftp://host", "http://", "http://a b", "http://h:no", "//h", ""])
def test_no_address_of_a_service(url: str) -> None:
    with pytest.raises(InputError, match="expected the address of a service"):
        Address.parse(f"{url}?token=hidden")


@pytest.mark.parametrize("secret", ["hidden", "hid\nden", "hid den", "hidé"])
def test_no_token_is_shown(team: Team, secret: str) -> None:
    for url in (f"http://u:{secret}@h", f"http://127.0.0.1:{team.anna.port}/?token={secret}"):
        with pytest.raises(InputError) as refused:
            print(pt.connect(url).studies())
        assert "hid" not in str(refused.value)
    assert "hidden" not in repr(Address.parse("http://h?token=hidden"))


def test_a_token_that_is_missing_is_asked_for(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERCEPTUNA_TOKEN", raising=False)
    with pytest.raises(InputError, match=r"asks for a token; give yours as \$PERCEPTUNA_TOKEN"):
        ServiceClient(f"http://127.0.0.1:{team.anna.port}").studies()


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


def test_a_model_comes_with_its_facts(
    team: Team, anna: pt.service.Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exported(words: list[str]) -> str:
        path = Path(words[3])
        path.write_bytes(b"weights")
        path.with_suffix(".json").write_text("{}")
        return ""

    monkeypatch.setattr(team.service.commands, "call", exported)
    with pytest.raises(InputError, match="export it again"):  # these facts say nothing
        anna.load_study("made").model(tmp_path / "best.keras")
    assert (tmp_path / "best.keras").read_bytes() == b"weights"
    with pytest.raises(InputError, match="is there already"):
        anna.load_study("made").model(tmp_path / "best.keras")


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
