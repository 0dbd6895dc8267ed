"""The record of looks at a test split: killed between any two steps, two at once, deleted studies, earlier versions."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conclusion_calls import Story, unopened

from search.study.creation import create_study
from search.study.look import Look
from search.study.record_of_looks import by_others, looks, new_look, own, record_look, record_seen
from search.study.study import Study, delete_study


@dataclass(frozen=True)
class Killed:
    """What `killed_finalize.py` printed, and its folder."""

    folder: Path
    found: dict[str, Any]

    def facts(self, name: str) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text())
        return read

    def told(self, name: str) -> str:
        return " ".join((self.folder / f"{name}.told").read_text().split())


@pytest.fixture(scope="module")
def killed(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """A copy of the searched study, whose trainings are all there and whose split nobody has opened."""
    folder = tmp_path_factory.mktemp("killed")
    database = unopened(story.place, folder).url.sqlite_path
    assert database is not None
    script = Path(__file__).with_name("killed_finalize.py")
    command = "finalize", "one", "--top", "2", "--seeds", "2"
    printed = subprocess.run(
        [sys.executable, script, database, folder, *command], capture_output=True, text=True, check=True
    ).stdout
    return Killed(folder, json.loads(printed.splitlines()[-1]))


def test_killed_between_any_two_steps_the_same_command_ends_with_one_look_and_its_value(
    killed: Killed,
) -> None:
    assert killed.found["kills"] == [-9] * 6
    assert killed.found["done"] == 0
    (look,) = killed.found["record"]
    facts = killed.facts("model")
    assert facts["conclusion"]["test"] == look
    assert facts["conclusion"]["test"]["value"] == look["measured"]["accuracy"]
    assert (killed.folder / "model.keras").stat().st_size > 1000
    assert "The test split was opened once, for this value." in killed.told("model")
    assert "warning" not in killed.told("model")


def test_two_at_once_have_one_look_of_one_model(killed: Killed) -> None:
    """Or the second comes while the first has the trainings, and is refused with that."""
    (look,) = killed.found["record_of_both"]
    codes = dict(zip(("a", "b"), killed.found["both"], strict=True))
    assert 0 in codes.values()
    for name, code in codes.items():
        if code == 2:
            assert "is being driven" in killed.told(name)
            continue
        assert code == 0
        assert killed.facts(name)["conclusion"]["test"] == look
        assert "The test split was opened once, for this value." in killed.told(name)


@pytest.fixture
def two(story: Story) -> Iterator[tuple[Study, Study]]:
    """Two studies of a split that no other has."""
    like = story.place.study("one")
    data = like.data.model_copy(update={"fingerprint": "another table"})
    studies = [create_study(name, like.url, like.settings, like.space, data) for name in ("x", "y")]
    yield studies[0], studies[1]
    for study in story.place.study("x"), story.place.study("y"):
        delete_study(study)
    with like.storage._backend.engine.begin() as connection:
        connection.exec_driver_sql("delete from perceptuna_looks where opened like '%\"x.finalize\"%'")


def looked(study: Study, trained: int) -> Look:
    """At the split, for the model of a training in the companion of `study`."""
    companion = Study(f"{study.name}.finalize", study.url, study.optuna)
    record_look(study, f"model {trained}", new_look(study, companion, trial=1, trained=trained))
    return record_seen(
        study,
        f"model {trained}",
        value=trained / 10,
        interval=None,
        measured={"accuracy": 0.5},
        intervals_beside={},
    )


def test_a_look_of_the_same_model_is_the_same_look_and_keeps_its_value(two: tuple[Study, Study]) -> None:
    first = looked(two[0], 3)
    assert (first.number, first.value) == (1, 0.3)
    again = record_seen(two[0], "model 3", value=0.9, interval=None, measured={}, intervals_beside={})
    assert again == first
    assert looked(two[0], 4).number == 2


def test_the_looks_of_a_deleted_study_stay_and_are_its_own(two: tuple[Study, Study], story: Story) -> None:
    first, second = two
    looked(first, 3)
    delete_study(first)
    assert [look.value for look in looks(second)] == [0.3]
    assert by_others(second, looks(second)) == {"x (deleted)": 1}
    anew = create_study("x", second.url, second.settings, second.space, second.data)
    assert own(anew, looks(anew)) == []
    assert by_others(anew, looks(anew)) == {"x (deleted)": 1}


def test_looks_of_earlier_versions_are_read_and_kept_when_their_study_goes(
    two: tuple[Study, Study],
) -> None:
    first, second = two
    for number, value in ((1, 0.5), (2, None)):
        look = {
            "number": number,
            "date": f"2026-11-2{number}T10:00:00+01:00",
            "by": "ann",
            "trial": 3,
            "companion": "x.finalize",
            "trained": 25,
            "rows": 270,
            "value": value,
            "interval": None,
            "measured": {},
        }
        first.optuna.set_user_attr(f"test_split_opened_{number}", json.dumps(look))
    looked(second, 7)
    before = looks(second)
    assert [(look.number, look.value) for look in before] == [(1, 0.5), (2, None), (3, 0.7)]
    assert by_others(second, before) == {"x": 2}
    delete_study(first)
    assert looks(second) == before
    create_study("x", second.url, second.settings, second.space, second.data)
