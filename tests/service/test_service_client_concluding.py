"""A study of a service is finalized and ablated from elsewhere, and its models are fetched."""

from __future__ import annotations

from pathlib import Path

import pytest
from asking_a_service import Shell, over
from service_fakes import Team, ablated, finalized, made_study

import perceptuna as pt
from search.client.service_client import ServiceClient
from search.errors import InputError
from search.service.queue import QueuedStudy
from search.service.states import State


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


def test_a_model_comes_with_its_facts(
    team: Team, anna: pt.service.Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exported(words: list[str]) -> str:
        path = Path(words[words.index("-o") + 1])
        path.write_bytes(b"weights")
        path.with_suffix(".json").write_text("{}")
        return ""

    monkeypatch.setattr(team.service.commands, "call", exported)
    with pytest.raises(InputError, match="export it again"):  # these facts say nothing
        anna.load_study("made").model(tmp_path / "best.keras")
    assert (tmp_path / "best.keras").read_bytes() == b"weights"
    with pytest.raises(InputError, match="is there already"):
        anna.load_study("made").model(tmp_path / "best.keras")


def test_who_is_to_be_notified_of_a_job_is_told_to_the_service(
    team: Team, shell: Shell, anna: pt.service.Service
) -> None:
    made_study(team.service, "heard", [0.9])
    assert team.service.queue.add(QueuedStudy("heard", "anna", "{}", 1, state=State.FINISHED))
    words = ("finalize", "heard", "-o", "a.keras", "--detach", "--notify-url")
    assert "--notify-url: expected an address" in shell(*words, "nowhere")[2]
    code, out, _ = shell(*words, "https://host.example/hook?key=1")
    assert (code, "hook" in out) == (0, False)

    def notified() -> str | None:
        queued = team.service.queue.find("heard.finalize")
        assert queued is not None
        return queued.notify

    assert notified() == "https://host.example/hook?key=1"
    assert shell(*words, "https://other.example/")[0] == 0  # asked for again, it is the same job
    assert notified() == "https://other.example/"
    assert shell("ablate", "heard", "--detach", "--notify-url", "https://a.example/")[0] == 0
    assert [one.notify for one in team.service.queue.about("heard")] == [notified(), "https://a.example/"]
    assert "--notify-url: expected" in shell("ablate", "x", "--storage", "x.db", "--notify-url", "x")[2]
