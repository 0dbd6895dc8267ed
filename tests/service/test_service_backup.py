"""A service is copied while it serves, and the copy serves the same users with the same files."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from service_fakes import Asker, handed_in, listening, made_service, made_study

import perceptuna as pt
from search.service.backing_up import copy_files
from search.service.folders import service_folder
from search.service.service import Service
from search.service.uploads import Uploads
from storage import StorageError, StorageURL
from storage.backup import back_up


@pytest.fixture
def service(tmp_path: Path) -> Service:
    made = made_service(tmp_path)
    return replace(made, uploads=Uploads(service_folder(made.url) / "uploads", 10_000))


def test_a_copy_that_was_taken_while_it_served_has_everything(service: Service, tmp_path: Path) -> None:
    token = service.users.add("anna", "user")
    made_study(service, "made", [0.5])
    folder = service_folder(service.url) / "studies" / "sent"
    folder.mkdir(parents=True)
    (folder / "driver.lock").write_text("123")
    (folder / "events.jsonl").write_text('{"event": "half')
    copy = tmp_path / "elsewhere" / "copy.db"
    copy.parent.mkdir()
    with listening(service) as port:
        anna = Asker(port, token)
        upload = anna.done("POST", "uploads", body=b"a,b\n1,2\n")["data"]
        anna.done("POST", "studies", handed_in("sent", data=upload, target="b"))
        back_up(service.url, copy)
        assert copy_files(service.url, copy) == 2
        assert copy_files(service.url, copy) == 2  # once more, over the first
    there = made_service(copy.parent)
    other = replace(
        there,
        url=StorageURL.of_file(copy),
        uploads=Uploads(service_folder(StorageURL.of_file(copy)) / "uploads", 10_000),
    )
    assert other.uploads.path("anna", upload.removeprefix("upload:")).read_bytes() == b"a,b\n1,2\n"
    assert not (service_folder(other.url) / "studies" / "sent" / "driver.lock").exists()
    words = [sys.executable, "-m", "search", "queue", "--json", "--storage", str(copy)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert '"study": "sent", "state": "queued", "owner": "anna"' in told


def test_what_is_beside_the_copy_is_replaced_only_by_force(service: Service, tmp_path: Path) -> None:
    made_study(service, "made", [0.5])
    (service_folder(service.url) / "uploads").mkdir(parents=True)
    copy = tmp_path / "copy.db"
    of_another = service_folder(StorageURL.of_file(copy)) / "uploads" / "theirs"
    of_another.parent.mkdir(parents=True)
    of_another.touch()
    with pytest.raises(pt.errors.DatabaseUnusable, match=r"copy\.db-service is there already"):
        pt.backup(copy, service.url.sqlite_path)
    assert of_another.exists()
    assert not copy.exists()
    pt.backup(copy, service.url.sqlite_path, force=True)
    assert not of_another.exists()


def test_where_there_is_no_service_there_is_nothing_to_copy(service: Service, tmp_path: Path) -> None:
    assert copy_files(service.url, tmp_path / "copy.db") == 0
    (service_folder(service.url) / "uploads").mkdir(parents=True)
    (tmp_path / "copy.db-service.partial").write_text("in the way")
    with pytest.raises(StorageError):
        copy_files(service.url, tmp_path / "copy.db")
