"""Commands of the service: tokens, and what `serve` refuses before it listens."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

from cli_calls import CommandLine, build_study

from storage import StorageURL, study_lock


def test_tokens_are_given_listed_and_revoked(perceptuna: CommandLine) -> None:
    token = perceptuna.done("service", "token", "add", "anna", "--role", "admin").out.strip()
    assert re.fullmatch(r"anna\.[\w-]{43}", token)
    perceptuna.done("service", "token", "add", "ben")
    listed = json.loads(perceptuna.done("service", "token", "list", "--json").out)
    assert [(one["name"], one["role"]) for one in listed] == [("anna", "admin"), ("ben", "user")]
    shown = perceptuna.done("service", "token", "list").out
    assert re.search(r"^anna  admin  since \d{4}-", shown)
    assert token not in shown
    perceptuna.done("service", "token", "revoke", "anna")
    assert "anna" not in perceptuna.done("service", "token", "list").out
    refused = perceptuna("service", "token", "revoke", "anna")
    assert (refused.code, refused.err) == (2, "perceptuna: NAME: 'anna' has no token; there are: ben\n")
    assert perceptuna("service", "token", "add", "ben").code == 2
    assert perceptuna("service", "token", "add", "c d").code == 2


def test_a_service_that_others_reach_needs_tokens(perceptuna: CommandLine) -> None:
    said = perceptuna.refused("serve", "--host", "0.0.0.0")
    assert "make one by `perceptuna service token add NAME`" in said


def test_what_cannot_be_served_is_told(perceptuna: CommandLine, unused_port: int) -> None:
    assert "--data: expected a folder" in perceptuna.refused("serve", "--data", "nothing")
    assert "everybody's uploads" in perceptuna.refused("serve", "--data", ".")
    assert "--upload-limit: expected" in perceptuna.refused("serve", "--upload-limit", "much")
    with socket.create_server(("127.0.0.1", unused_port)):
        assert f"--port: {unused_port} is taken" in perceptuna.refused("serve", "--port", unused_port)


def test_a_database_has_one_service(perceptuna: CommandLine, unused_port: int) -> None:

    with study_lock(StorageURL.parse("perceptuna.db"), ".service"):
        said = perceptuna("serve", "--port", unused_port)
    assert said.code == 2
    assert "another service has this database" in said.err


def test_the_queue_is_shown_and_changed(perceptuna: CommandLine, tmp_path: Path) -> None:
    url = StorageURL.parse("perceptuna.db")
    build_study(url, tmp_path / "cache", "mine", [0.9], trials=3)
    assert "nothing was handed in" in perceptuna.done("queue").out
    assert "never handed in" in perceptuna("pause", "mine").err
    assert "study 'mine' is queued" in perceptuna.done("queue", "mine").out
    assert re.search(r"mine +queued +local +0 +0 +1/3", perceptuna.done("queue").out)
    assert "perceptuna queue mine" in perceptuna.done("pause", "mine").out
    assert json.loads(perceptuna.done("queue", "--json").out)[0]["state"] == "paused"
    perceptuna.done("cancel", "mine")
    assert perceptuna("pause", "mine").err == (
        "perceptuna: study 'mine' is cancelled, so there is nothing to pause\n"
    )


def test_a_service_trains_on_its_own_machine(perceptuna: CommandLine) -> None:
    assert "perceptuna run --cluster" in perceptuna.refused("serve", "--cluster", "tcp://127.0.0.1:8786")
    assert "--log-format: expected text or json" in perceptuna.refused("serve", "--log-format", "xml")
