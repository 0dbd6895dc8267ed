"""The note that the driver keeps: what it says, what stays of a person's words, and how rarely it is written."""

from __future__ import annotations

from collections.abc import Callable

import optuna_dashboard
import pytest
from study_fakes import SPACE, FakeWorkers, value_of, with_settings

from search.data import PreparedData
from search.driving.driver import Driver
from search.driving.note import END, NoteKeeper, escaped, merged, note_text
from search.settings.settings import StudySettings
from search.study.study import Study
from search.workers.messages import TrialOutcome, TrialTask
from storage import StorageURL
from storage.notes import read_note, write_note

MakeDriver = Callable[..., Driver]


def trained(task: TrialTask) -> TrialOutcome:
    """As a worker: with a model, of which the driver keeps the best."""
    return TrialOutcome("complete", 3, value_of(task), model=b"a model")


def versions(study: Study) -> int:
    """How often the note was written."""
    attributes = study.optuna._storage.get_study_system_attrs(study.optuna._study_id)
    return int(attributes.get("dashboard:note_ver", 0))


def test_the_driver_leaves_a_note_with_the_best_trial_and_how_to_go_on(
    study: Study, driver: MakeDriver
) -> None:
    driver(FakeWorkers(2, trained)).run()
    note = optuna_dashboard.get_note(study.optuna)
    best = study.best_trial()
    assert best is not None
    assert f"[trial {best.number}](trials?numbers={best.number})" in note
    assert f"    perceptuna resume one --storage sqlite:///{study.url.sqlite_path}" in note
    assert "1,257 rows to train on" in note
    assert "learning_rate = { low = 0.0001, high = 0.1, log = true }" in note
    assert note.rstrip().endswith(END)


def test_it_is_written_twice_in_a_short_study_whatever_the_number_of_trials(
    study: Study, driver: MakeDriver
) -> None:
    driver(FakeWorkers(2, trained), trials=20).run()
    assert versions(study) == 2


def test_a_study_that_changed_nothing_in_it_does_not_write_it(study: Study, settings: StudySettings) -> None:
    for _ in range(3):
        NoteKeeper(study).write()
    assert versions(study) == 1


def test_what_a_person_writes_below_the_line_stays(study: Study, driver: MakeDriver) -> None:
    driver(FakeWorkers(2, trained)).run()
    optuna_dashboard.save_note(study.optuna, read_note(study.optuna) + "My own words, ünïcode and all.\n")
    driver(FakeWorkers(2, trained), trials=9).run()
    note = optuna_dashboard.get_note(study.optuna)
    assert note.endswith(f"{END}\n\nMy own words, ünïcode and all.\n")
    assert "9 trials" in note


def test_a_note_without_the_line_is_a_persons_own() -> None:
    assert merged("Leave me alone.", "ours") == "Leave me alone."
    assert merged("", "ours").startswith("ours\n")


@pytest.mark.parametrize("length", [0, 1, 2045, 2046, 9000, 3])
def test_notes_of_any_length_replace_each_other(study: Study, length: int) -> None:
    write_note(study.optuna, "long " * 1000)
    write_note(study.optuna, "x" * length)
    assert read_note(study.optuna) == optuna_dashboard.get_note(study.optuna) == "x" * length


def test_names_of_strangers_are_text_and_passwords_are_masked(study: Study, digits: PreparedData) -> None:
    url = StorageURL.parse("postgresql://anna:geheim@db.example/studies?sslpassword=auch")
    path = "/data/*bold* [link](http://evil.example) <img src=x>|`code`\n# head.csv"
    settings = StudySettings(data=path)
    told = with_settings(study, settings)
    note = note_text(Study("one", url, told.optuna), None)
    assert "geheim" not in note
    assert "auch" not in note
    line = next(line for line in note.splitlines() if line.startswith("**Data:**"))
    assert (
        "\\*bold\\* \\[link\\]\\(http\\:\\/\\/evil\\.example\\) \\<img src\\=x\\>\\|\\`code\\`\\\\n\\# head"
        in line
    )
    assert escaped("a\nb \x1b[2J") == r"a\\nb \\u001b\[2J"
    assert SPACE.to_toml().splitlines()[1] in note
