"""Files over HTTP: those of the folder of data, those that users send, and no others."""

from __future__ import annotations

import errno
import http.client
import json
import os
from pathlib import Path

import pytest
from service_fakes import Team

from search.settings.data_options import COLUMN_OPTIONS
from search.settings.file_settings import FILE_SETTINGS
from search.settings.settings import StudySettings


@pytest.mark.parametrize(
    "path", ["../team.db", "/etc/passwd", "link/passwd", "nothing.csv", ".\0", "x" * 5000]
)
@pytest.mark.parametrize("setting", sorted(FILE_SETTINGS))
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
    "aims",
    "callbacks",
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
    new = of_text - {*FILE_SETTINGS, *PLAIN}
    assert not new, (
        f"{new}: add it to FILE_SETTINGS in file_settings.py where it names a file, else to PLAIN here"
    )


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


def test_a_full_disk_is_told(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*path: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert "free some disk space" in team.anna.refused(503, "POST", "uploads", body=b"a,b\n1,2\n")
