"""The folder of a study's artifacts belongs to the study: from wherever a command is called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from digits_spec import digits_spec

from search.dashboard.routes import LastingArtifacts
from search.dashboard.server import _other_folders
from search.driving.keeping import Keeping
from search.errors import InputError
from search.models.kept_model import kept_model
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.study import Study, load_study
from search.study.study_record import StudyFacts, keep_study_facts
from spaces import load_space
from storage import StorageURL
from storage.artifacts import FOLDER_SETTING
from storage.check import examine


@pytest.fixture
def made(url: StorageURL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    """A study that was started in `tmp_path / "start"` and keeps a model; the current folder is another now."""
    for name in ("start", "later"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "start")
    study = create_study("one", url, StudySettings(data="digits"), load_space("small"), digits_spec())
    trial = study.optuna.ask()
    Keeping(study).publish_model(trial.number, b"a model")
    study.optuna.tell(trial, 0.5)
    monkeypatch.chdir(tmp_path / "later")
    yield load_study("one", url)
    study.optuna._storage._backend.engine.dispose()  # type: ignore[attr-defined]


def test_every_command_finds_the_models_from_another_folder(made: Study, tmp_path: Path) -> None:
    (trial,) = made.finished()
    kept = kept_model(made, trial)
    assert kept is not None
    assert kept.read_bytes() == b"a model"
    companion = create_study(
        "one.finalize", made.url, made.settings, made.space, made.data, about=made, go_on="again"
    )
    assert companion.artifact_folder == made.artifact_folder
    assert not (tmp_path / "later" / "perceptuna-artifacts").exists()
    dashboard = LastingArtifacts(tmp_path / "none", lambda: _other_folders(made.optuna._storage, made.url))
    if made.url.sqlite_path is None:
        with dashboard.open_reader(kept.name) as file:
            assert file.read() == b"a model"
    told = [finding.text for finding in examine(made.url) if finding.text.startswith("all 1 artifacts of")]
    assert [text.rpartition(" are in ")[2] for text in told] == [str(made.artifact_folder)]


def test_a_folder_that_is_elsewhere_on_this_machine_can_be_named(
    made: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if made.url.sqlite_path is not None:
        pytest.skip("an SQLite file has its artifacts beside it")
    (trial,) = made.finished()
    made.artifact_folder.rename(tmp_path / "moved")
    with pytest.raises(InputError, match=f"is not there; .* name its place on this one in .{FOLDER_SETTING}"):
        kept_model(made, trial)
    monkeypatch.setenv(FOLDER_SETTING, str(tmp_path / "moved"))
    kept = kept_model(made, trial)
    assert kept is not None
    assert kept.read_bytes() == b"a model"


def test_a_study_of_before_has_the_folder_of_who_drives_it_next(
    url: StorageURL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def keep_all_but_the_folder(study: optuna.Study, facts: StudyFacts) -> None:
        facts.pop("artifact_folder", None)
        keep_study_facts(study, facts)

    with monkeypatch.context() as patch:
        patch.setattr("search.study.creation.keep_study_facts", keep_all_but_the_folder)
        study = create_study("one", url, StudySettings(data="digits"), load_space("small"), digits_spec())
    expected = study.artifact_folder
    Keeping(study)
    assert study.optuna.user_attrs.get("artifact_folder", str(expected)) == str(expected)
    study.optuna._storage._backend.engine.dispose()  # type: ignore[attr-defined]
