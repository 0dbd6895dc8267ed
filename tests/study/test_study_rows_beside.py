"""Rows that a program handed over go with a copy of the database, and go when no study has them any more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import optuna
import pytest
from digits_spec import digits_spec

from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.study import Study, delete_study, load_study
from spaces import Space
from spaces.parameters import Float
from storage import DatabaseUnusable, StorageURL, open_storage
from storage.backup import back_up
from storage.kept_rows import held, named_rows, remove_files, rows_folder
from storage.reading import reading

FIRST, SECOND = "frame-0123456789abcdef.parquet", "frame-fedcba9876543210.parquet"
SPACE_FILE = "space-0123456789abcdef.toml"


@pytest.fixture
def url(tmp_path: Path) -> StorageURL:
    return StorageURL.of_file(tmp_path / "studies.db")


def study_of(url: StorageURL, name: str, data: str, **settings: str) -> Study:
    """A study of rows in the folder, which are there, but for files that are named by a path."""
    folder = rows_folder(url)
    folder.mkdir(exist_ok=True)
    places = {key: str(folder / value) for key, value in {"data": data, **settings}.items()}
    for place in places.values():
        if Path(place).parent == folder:
            Path(place).write_text(Path(place).name)
    chosen = StudySettings.model_validate(places)
    space = Space(parameters={"learning_rate": Float(low=1e-4, high=1e-1, log=True)})
    return create_study(name, url, chosen, space, digits_spec())


def kept(url: StorageURL) -> set[str]:
    folder = rows_folder(url)
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_rows_go_with_the_last_study_that_has_them(url: StorageURL) -> None:
    one = study_of(url, "one", FIRST, validation=SECOND, space=SPACE_FILE)
    two = study_of(url, "two", FIRST)
    delete_study(one)
    assert kept(url) == {FIRST}
    delete_study(two)
    assert not rows_folder(url).exists()


def test_nothing_else_goes(url: StorageURL, tmp_path: Path) -> None:
    """Not what a user put there, nor what a study names elsewhere, whatever it is called."""
    elsewhere = tmp_path / "mine" / FIRST
    elsewhere.parent.mkdir()
    elsewhere.write_text("mine")
    mine = rows_folder(url) / "mine.parquet"
    studies = [
        study_of(url, "one", str(elsewhere)),
        study_of(url, "two", str(mine)),
        study_of(url, "three", f"../{tmp_path.name}/mine/{FIRST}"),
    ]
    mine.write_text("mine")
    for study in studies:
        delete_study(study)
    assert elsewhere.exists()
    assert kept(url) == {"mine.parquet"}


def test_rows_of_a_study_that_is_being_made_stay(url: StorageURL, tmp_path: Path) -> None:
    study, place = study_of(url, "one", FIRST), rows_folder(url) / FIRST
    shutil.copy(place, tmp_path / "handed over")
    with held(tmp_path / "handed over", place) as new:
        assert not new
        delete_study(study)
        assert kept(url) == {FIRST}
        again = study_of(url, "two", FIRST)
    remove_files(place.parent, [FIRST], needed=lambda name: name in named_rows_of(url))
    assert kept(url) == {FIRST}
    delete_study(again)
    assert kept(url) == set()
    with held(tmp_path / "handed over", place) as new:
        assert new
        assert place.read_text() == FIRST


def named_rows_of(url: StorageURL) -> set[str]:
    with reading(url) as connection:
        return set[str]().union(*named_rows(connection).values())


def test_a_copy_has_the_rows_of_its_studies_and_finds_them_beside_it(url: StorageURL, tmp_path: Path) -> None:
    study_of(url, "one", FIRST, validation=SECOND)
    (rows_folder(url) / SPACE_FILE).write_text("of no study")
    (rows_folder(url) / SECOND).unlink()  # by its user
    copy = StorageURL.of_file(tmp_path / "elsewhere" / "copy.db")
    (tmp_path / "elsewhere").mkdir()
    assert back_up(url, tmp_path / "elsewhere" / "copy.db").rows == 1
    assert kept(copy) == {FIRST}
    assert load_study("one", copy).settings.data == str(rows_folder(url) / FIRST)
    shutil.rmtree(rows_folder(url))
    found = load_study("one", copy).settings
    assert found.data == str(rows_folder(copy) / FIRST)
    assert found.validation == str(rows_folder(url) / SECOND)
    delete_study(load_study("one", copy))
    assert kept(copy) == set()


def test_the_rows_of_an_earlier_copy_are_replaced_only_by_force(url: StorageURL, tmp_path: Path) -> None:
    study_of(url, "one", FIRST)
    copy = StorageURL.of_file(tmp_path / "copy.db")
    rows_folder(copy).mkdir()
    (rows_folder(copy) / SECOND).write_text("earlier")
    with pytest.raises(DatabaseUnusable, match=r"copy.db-rows is there already.*--force"):
        back_up(url, tmp_path / "copy.db")
    back_up(url, tmp_path / "copy.db", force=True)
    assert kept(copy) == {FIRST}


@pytest.mark.parametrize("settings", [5, "no JSON", json.dumps([FIRST]), {"data": FIRST}, None])
def test_a_study_of_another_program_names_no_rows(url: StorageURL, settings: object) -> None:
    foreign = optuna.create_study(study_name="foreign", storage=open_storage(url, create=True))
    foreign.set_user_attr("settings", settings)
    assert named_rows_of(url) == set()
    assert back_up(url, url.sqlite_path.with_name("copy.db")).rows == 0  # type: ignore[union-attr]


def test_a_copy_that_the_disk_does_not_take_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storage.kept_rows.shutil.copyfile", full)
    folder = tmp_path / "studies.db-rows"
    with pytest.raises(OSError, match="No space"), held(tmp_path / "rows.parquet", folder / "rows.parquet"):
        pytest.fail("it is not there")
    assert list(folder.iterdir()) == []
