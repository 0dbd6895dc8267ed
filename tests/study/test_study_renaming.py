"""A study gets another name in place: trials, files and the studies about it go along."""

from __future__ import annotations

from pathlib import Path

import pytest
from digits_spec import digits_spec

from search.errors import InputError
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.renaming import rename_study
from search.study.study import Study, companions_of, load_study, study_names
from spaces import load_space
from storage import StorageURL, StudyBusy, study_lock
from storage.artifacts import study_artifacts

SETTINGS, SPACE = StudySettings(data="digits"), load_space("small")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """With one trial, a model's entry, and a companion."""
    url = StorageURL.parse(str(tmp_path / "studies.db"))
    made = create_study("old", url, SETTINGS, SPACE, digits_spec())
    made.optuna.tell(made.optuna.ask(), 0.5)
    entry = '{"artifact_id": "m", "filename": "model-0.keras", "mimetype": "", "encoding": null}'
    made.storage.set_study_system_attr(made.optuna._study_id, "artifacts:m", entry)
    go_on = "perceptuna finalize old --top 2 --storage old"
    create_study("old.finalize", url, SETTINGS, SPACE, made.data, (), made, go_on=go_on)
    return load_study("old", url)


def test_a_renamed_study_keeps_its_trials_its_files_and_its_companions(study: Study) -> None:
    before = study.optuna._study_id, study.identity, study_artifacts(study.optuna)
    assert rename_study(study, "new") == {"old": "new", "old.finalize": "new.finalize"}
    assert study_names(study.url) == ["new", "new.finalize"]
    renamed = load_study("new", study.url)
    assert (renamed.optuna._study_id, renamed.identity, study_artifacts(renamed.optuna)) == before
    assert [trial.value for trial in renamed.finished()] == [0.5]
    (companion,) = companions_of(renamed)
    assert companion.companion_of == "new"
    assert companion.go_on == "perceptuna finalize new --top 2 --storage old"


def test_a_name_that_is_none_or_taken_is_refused(study: Study) -> None:
    with pytest.raises(InputError, match="study name: expected 1 to 100 letters"):
        rename_study(study, "my study")
    create_study("other.finalize", study.url, SETTINGS, SPACE, digits_spec())
    with pytest.raises(InputError, match=r"there is a study 'other.finalize' already"):
        rename_study(study, "other")
    with pytest.raises(InputError, match="is about study 'old' and named after it"):
        rename_study(load_study("old.finalize", study.url), "alone")
    assert study_names(study.url) == ["old", "old.finalize", "other.finalize"]


@pytest.mark.parametrize("driven", ["old", "old.finalize"])
def test_what_is_driven_is_not_renamed(study: Study, driven: str) -> None:
    with study_lock(study.url, driven), pytest.raises(StudyBusy, match=f"study '{driven}' is being driven"):
        rename_study(study, "new")
    assert study_names(study.url) == ["old", "old.finalize"]


def test_a_companion_of_an_earlier_study_of_that_name_stays(study: Study) -> None:
    study.optuna.set_user_attr("identity", "another")
    assert rename_study(load_study("old", study.url), "new") == {"old": "new"}
