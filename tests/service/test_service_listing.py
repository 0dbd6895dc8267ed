"""Lists of large studies: what is over is counted in the database, and found out anew when something happened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from service_fakes import made_service, made_study

from search.analysis.facts.overview import Overview, overviews
from search.service import listing
from search.service.listing import good_for, listed, row_of
from search.service.queue import QueuedStudy
from search.service.remembered import Remembered
from search.service.states import State
from storage import StorageURL
from storage.study_storage import StudyStorage


def test_a_study_that_is_over_is_listed_without_reading_its_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    service = replace(made_service(tmp_path), rows=Remembered(good_for, lambda: now))
    study = made_study(service, "over", [0.5, 0.9, 0.7])
    assert service.queue.add(QueuedStudy("over", "anna", "{}", 3, state=State.FINISHED))
    queued = service.queue.find("over")
    read: list[int] = []
    trials = StudyStorage.get_all_trials

    def counted(storage: StudyStorage, study_id: int, *given: object, **named: object) -> object:
        read.append(study_id)
        return trials(storage, study_id, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(StudyStorage, "get_all_trials", counted)
    row = listed(service, "over", queued)
    assert read == []
    assert (row.finished, row.best, row.metric) == (3, 0.9, "val_accuracy")
    assert row == row_of(service, "over", queued)
    assert read != []

    now, read[:] = 1800.0, []
    assert listed(service, "over", queued) == row
    assert read == []
    # Somebody goes on with it from a shell.
    study.optuna.add_trial(study.optuna.get_trials()[1])
    assert listed(service, "over", queued) == row
    now += 3
    assert listed(service, "over", queued).finished == 4


def test_a_list_counts_all_studies_once_however_long_its_rows_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, counted = 0.0, list[int]()
    service = replace(made_service(tmp_path), rows=Remembered(good_for, lambda: now))
    for name in ("one", "two", "three"):
        made_study(service, name, [0.5])
        assert service.queue.add(QueuedStudy(name, "anna", "{}", 1, state=State.FINISHED))
    row = listing.row_of

    def slowly(*given: Any) -> listing.Row:
        nonlocal now
        now += 60.0
        return row(*given)

    def counting(url: StorageURL) -> list[Overview]:
        counted.append(1)
        return overviews(url)

    monkeypatch.setattr(listing, "overviews", counting)
    monkeypatch.setattr(listing, "row_of", slowly)
    rows = listing.rows_of_list(service, listing.names(service))
    assert [row.finished for row in rows] == [1, 1, 1]
    assert counted == [1]
