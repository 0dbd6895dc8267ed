"""`perceptuna dashboard` as a process: it starts, answers, ends; and refuses what cannot be, in one line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest
from project_on_disk import Project

from search import cli

_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PERCEPTUNA_")}
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def command(storage: object, *options: str) -> list[str]:
    return [sys.executable, "-m", "search", "dashboard", "--storage", str(storage), *options]


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the line that it prints when it listens."""
    with subprocess.Popen(
        command(*options), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_ENVIRONMENT
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline()
        finally:
            process.kill()


def get(address: str, token: str | None = None) -> tuple[int, bytes]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        with _WITHOUT_PROXY.open(urllib.request.Request(address, headers=headers), timeout=20) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_it_serves_until_ctrl_c(project: Project, port: int) -> None:
    with started(str(project.url), "--port", str(port)) as (process, line):
        link, _, token = line.split()[2].partition("?token=")
        assert line == f"dashboard on {link}?token={token} (Ctrl-C ends it)\n"
        assert link == f"http://127.0.0.1:{port}/dashboard/"
        assert len(token) > 40
        assert process.stdout is not None
        page = process.stdout.readline().split(": ")[1].strip()
        assert page == f"http://127.0.0.1:{port}/dashboard/studies/{project.study_id}?token={token}"
        assert get(f"http://127.0.0.1:{port}/api/studies")[0] == 401, (
            "other users of this machine get here too"
        )
        status, body = get(f"http://127.0.0.1:{port}/api/studies", token)
        ends_in_order(process, signal.SIGINT)
    assert (status, json.loads(body)["study_summaries"][0]["study_name"]) == (200, "digits-mlp")


def ends_in_order(process: subprocess.Popen[str], ending: signal.Signals) -> None:
    process.send_signal(ending)
    assert process.wait(timeout=20) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_on_other_addresses_it_makes_a_token_up_and_prints_the_link(project: Project, port: int) -> None:
    with started(str(project.url), "--port", str(port), "--host", "0.0.0.0") as (process, line):
        link = line.split()[2]
        assert f":{port}/dashboard/?token=" in link
        studies = f"http://127.0.0.1:{port}/api/studies"
        assert get(studies)[0] == 401
        assert get(studies, link.partition("token=")[2])[0] == 200
        ends_in_order(process, signal.SIGTERM)


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The one line of an exit with 2, in this process."""

    def refused(storage: object, *options: str) -> str:
        monkeypatch.setattr("sys.argv", ["perceptuna", *command(storage, *options)[3:]])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        assert (end.value.code, out) == (2, "")
        (line,) = err.splitlines()
        return line

    return refused


def test_a_port_that_is_taken_is_refused_with_one_that_is_free(
    project: Project, refusal: Callable[..., str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal(project.url, "--port", str(port))
    assert line.startswith(f"perceptuna: --port: {port} is taken; choose another, such as --port ")
    assert 0 < int(line.split()[-1]) != port


def test_a_host_that_is_not_this_machine_is_refused(project: Project, refusal: Callable[..., str]) -> None:
    assert "'192.0.2.1' is no address of this machine" in refusal(project.url, "--host", "192.0.2.1")


def test_an_empty_token_is_refused(project: Project, refusal: Callable[..., str]) -> None:
    assert "--token: is empty" in refusal(project.url, "--token", "")


def test_a_missing_database_is_refused_and_not_made(tmp_path: Path, refusal: Callable[..., str]) -> None:
    assert "no database at" in refusal(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_token_that_was_given_is_not_printed_and_looking_makes_no_artifact_folder(
    tmp_path: Path, port: int
) -> None:
    url = f"sqlite:///{tmp_path}/bare.db"
    optuna.create_study(study_name="bare", storage=url)
    with started(url, "--port", str(port), "--token", "my-own") as (process, line):
        assert process.stdout is not None
        printed = line + process.stdout.readline()
        assert "?token=…" in printed
        assert "my-own" not in printed
        assert get(f"http://127.0.0.1:{port}/dashboard/")[0] == 401
        assert get(f"http://127.0.0.1:{port}/api/studies/1", "my-own")[0] == 200
    assert not (tmp_path / "bare.db-artifacts").exists()


def test_it_needs_no_tensorflow_and_imports_the_rest_only_to_serve() -> None:
    heavy = "{'tensorflow', 'optuna', 'optuna_dashboard', 'pandas', 'waitress'}"
    code = (
        f"import sys, search.dashboard; print({heavy} & {{*sys.modules}}); "
        "import optuna_dashboard, waitress; print('tensorflow' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["set()", "False"]
