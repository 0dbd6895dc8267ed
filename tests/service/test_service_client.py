"""A program and a shell ask a service: over real HTTP, with drivers that only pretend."""

from __future__ import annotations

import json
import socket

import pytest
from asking_a_service import Shell
from service_fakes import Team

import perceptuna as pt
from search.client.address import Address
from search.client.service_client import ServiceClient
from search.errors import InputError


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
