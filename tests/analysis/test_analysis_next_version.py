"""Looking at a study that took over trials of an earlier one, and taking the best of them out again."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from search.analysis.facts.remarks import state_counts
from search.analysis.notebook import open_study
from search.analysis.report import write_report
from search.driving.note import note_text
from search.errors import InputError
from search.models.export import export_model
from search.models.replay import replay
from search.study.creation import create_study
from search.study.study import Study, load_study
from search.versions.adoption import adopt
from storage import StorageURL, artifact_folder


@pytest.fixture
def version(trained_study: Study, tmp_path: Path) -> Study:
    """Of the same space and settings, beside a copy of the trained study, without a trial of its own."""
    path = trained_study.url.sqlite_path
    assert path is not None
    # By SQLite: to close a file is to give up the locks of all connections of this process.
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(tmp_path / path.name)) as copy:
        source.backup(copy)
    url = StorageURL.parse(str(tmp_path / path.name))
    shutil.copytree(artifact_folder(trained_study.url), artifact_folder(url))
    old = load_study("real", url)
    adoption = adopt(old, old.settings, old.space, old.data, old.metric, allow_different=False)
    create_study("next", url, old.settings, old.space, old.data, adoption=adoption)
    return load_study("next", url)


def test_trials_of_the_earlier_study_are_told_apart(version: Study, tmp_path: Path) -> None:
    assert dict(state_counts(version)) == {"taken over": 6}
    note = note_text(version, version.best_trial())
    assert "**Continues** an earlier study: 6 of the 6 trials of study real came along" in note
    write_report(version, tmp_path / "next.html")
    page = (tmp_path / "next.html").read_text(encoding="utf-8")
    assert "6 of the 6 trials of study real came along; they do not count" in page
    assert "--from real" in page
    assert "No trial has begun yet." in page
    frame = open_study("next", version.url.full).trials_frame()
    assert list(frame["origin"]) == [f"trial {number} of real" for number in range(6)]


def test_its_best_is_exported_by_training_it_again(
    version: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In this process another test may have started it, with other threads.
    monkeypatch.setattr("search.machine.tensorflow_start.start_tensorflow", lambda threads: None)
    said: list[str] = []
    export_model(version, tmp_path / "best.keras", say=said.append)
    best = version.best_trial()
    assert best is not None
    assert said == [
        f"trial {best.number} is trial {best.number} of real, whose model did not come along: it is trained again "
        f"(`perceptuna export real --trial {best.number}` writes the same)"
    ]
    assert replay(version, best.number).equal


def test_a_trial_of_other_data_is_taken_from_where_it_was_trained(version: Study) -> None:
    other = version.data.model_copy(update={"fingerprint": "f" * 64})
    adoption = adopt(version, version.settings, version.space, other, version.metric, allow_different=True)
    create_study("other", version.url, version.settings, version.space, other, adoption=adoption)
    study = load_study("other", version.url)
    assert study.ranked() == [], "its values are of another quantity"
    assert study.not_comparable()[0].stored["adopted"].count("data") == 1
    with pytest.raises(
        InputError, match=r"other data, so training it here would .* `perceptuna export real --trial"
    ):
        replay(study, 0)
