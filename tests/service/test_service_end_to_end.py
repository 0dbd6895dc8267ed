"""A table is sent, a network is searched for it by a real study, and rows are answered."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import signal
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from service_fakes import Asker

from benchmarks.service_process import ServiceProcess
from search.service.folders import service_folder
from search.service.users import Users
from storage import StorageURL, open_storage


@pytest.fixture
def service(tmp_path: Path) -> ServiceProcess:
    return ServiceProcess(tmp_path, tmp_path / "cache", slots=1, module="search", waiting="search.waiting")


@pytest.fixture
def anna(service: ServiceProcess) -> Iterator[Asker]:
    token = Users(open_storage(StorageURL.of_file(service.storage), create=True)).add("anna", "user")
    service.start()
    yield Asker(service.port, token)
    assert service.end() == 0
    assert answering() == []


def answering() -> list[psutil.Process]:
    """Processes of this test that answer rows."""
    return [
        one
        for one in psutil.Process().children(recursive=True)
        if one.status() != psutil.STATUS_ZOMBIE and "search.service.answering_process" in one.cmdline()
    ]


def concluded_through_kills(anna: Asker, service: ServiceProcess) -> dict[str, Any]:
    """Have `prices` finalized; when a training has ended, the driver and the service are killed."""
    asked = {"top": 1, "seeds": 2, "ensemble": 1}
    job = anna.done("POST", "studies/prices/finalize", asked)["study"]
    while (row := anna.done("GET", f"studies/{job}"))["finished"] == 0:
        assert row["state"] in ("queued", "running"), row["reason"]
        time.sleep(0.2)
    service.kill()
    lease = service_folder(StorageURL.of_file(service.storage)) / "studies" / job / "driver.lock"
    os.kill(int(lease.read_text().split()[0]), signal.SIGKILL)
    service.start()
    while (row := anna.done("GET", f"studies/{job}"))["state"] != "finished":
        assert row["state"] in ("queued", "running"), row["reason"]
        time.sleep(0.2)
    assert (row["finished"], row["budget"]) == (3, 3)
    told = anna.done("GET", "studies/prices/conclusion")
    assert anna("POST", "studies/prices/finalize", asked).status == 200
    assert anna.done("GET", "studies/prices/conclusion") == told
    packed = anna("GET", "studies/prices/conclusion/model", Accept="application/zip")
    with zipfile.ZipFile(io.BytesIO(packed.body)) as files:
        assert json.loads(files.read("model.json"))["conclusion"] == told["finalized"]
    found: dict[str, Any] = told
    return found


@pytest.mark.slow
def test_from_a_table_to_answers_and_a_conclusion(anna: Asker, service: ServiceProcess) -> None:
    chance = random.Random(0)
    rows = [[f"{chance.random():.3f}", chance.choice(["north", "south"])] for _ in range(300)]
    table = "size,side,price\n" + "".join(
        f"{size},{side},{float(size) * 10 + (side == 'north'):.2f}\n" for size, side in rows
    )
    sent = anna.done("POST", "uploads", body=table.encode())
    settings = {"data": sent["data"], "target": "price", "trials": 1, "epochs": 3, "known": False}
    anna.done("POST", "studies", {"study": "prices", "settings": settings})
    # The stream ends with the study.
    events = [
        line for line in anna("GET", "studies/prices/events").text.split("\n") if line.startswith("event: ")
    ]
    assert events[0] == "event: driver_started"
    assert "event: trial_ended" in events
    assert events[-2:] == ["event: budget", "event: end"]
    row = anna.done("GET", "studies/prices")
    assert (row["state"], row["finished"], row["metric"]) == ("finished", 1, "val_rmse")
    assert row["best"] > 0
    assert row["reference"] > 0

    asked = {"rows": [{"size": 0.5, "side": "north"}, {"size": None, "side": "west"}]}
    first = anna.done("POST", "studies/prices/predictions", asked)
    answers = first["answers"]
    assert [set(one) for one in answers] == [{"prediction"}] * 2
    assert any("side" in remark for remark in first["remarks"])
    (process,) = answering()
    assert anna.done("POST", "studies/prices/predictions", asked) == first
    assert answering() == [process]  # the one that has the model
    process.kill()
    assert anna.done("POST", "studies/prices/predictions", asked) == first
    told = anna("POST", "studies/prices/predictions", body=b"size,side\n0.5,north\n", Content_Type="text/csv")
    assert told.headers["content-type"].startswith("text/csv")
    (from_csv,) = csv.DictReader(io.StringIO(told.text))
    assert float(from_csv["prediction"]) == pytest.approx(answers[0]["prediction"], rel=1e-6)
    refused = anna.refused(422, "POST", "studies/prices/predictions", {"rows": [{"sizes": 1}]})
    assert "the request lacks" in refused
    for wrong in ({"rows": []}, {"rows": [[1]]}, {"rows": [{"size": {"a": 1}}]}, [1]):
        assert "rows: expected" in anna.refused(422, "POST", "studies/prices/predictions", wrong)

    page = anna("GET", "studies/prices/report")
    assert "prices: perceptuna report" in page.text
    assert page.headers["content-security-policy"].startswith("sandbox")
    told = concluded_through_kills(anna, service)
    assert len(told["looks"]) == 1
    assert told["looks"][0]["value"] == told["finalized"]["test"]["value"]
    assert "Confirmed and tested" in anna("GET", "/studies/prices").text
    assert (
        anna.refused(409, "POST", "studies/prices/pause")
        == "study 'prices' is finished, so there is nothing to pause"
    )
    assert "nothing is left to do; raise its trials first" in anna.refused(
        422, "POST", "studies/prices/resume"
    )
    assert anna("DELETE", "studies/prices").status == 204
    assert anna.done("GET", "studies")["studies"] == []
