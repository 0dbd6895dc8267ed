"""What is kept of a trial at its best epoch, and that an accuracy is told beside a cross-entropy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from digits_spec import digits_spec
from rich.console import Console, RenderableType

from search.analysis.facts.leaderboard import leaderboard
from search.analysis.terminal.lines import PlainLines
from search.analysis.terminal.study import WIDE_ENOUGH, study_json, study_view
from search.analysis.terminal.trial import trial_json, trial_view
from search.driving.note import note_text
from search.driving.progress import Progress
from search.settings.settings import StudySettings
from search.study.at_best import at_best, beside, reached
from search.study.creation import create_study
from search.study.study import Study
from search.study.trial_facts import attributes_of
from search.workers.messages import TrialOutcome
from spaces import load_space
from storage import StorageURL

HISTORY = {
    "accuracy": [0.6, 0.9],
    "val_accuracy": [0.5, 0.8],
    "crossentropy": [0.7, 0.2],
    "val_crossentropy": [0.9, 0.25],
}


def of_crossentropies(folder: Path, *kept: dict[str, float]) -> Study:
    """Of a table, with a complete trial for each of `kept`."""
    data = digits_spec(kind="table", task="binary", class_names=("no", "yes"), class_counts=(50, 50))
    space, _ = load_space("small").restricted_to("binary", "table", 0)
    url = StorageURL.parse(str(folder / "s.db"))
    settings = StudySettings(data="t.csv", space="small", metric="val_crossentropy")
    study = create_study("one", url, settings, space, data)
    for facts in kept:
        trial = study.optuna.ask()
        space.suggest(trial)
        written = attributes_of(
            {"best_epoch": 2, "epochs": 2, "parameters": 9, "seconds": 1.0, "at_best": facts}
        )
        for name, fact in written.items():
            trial.set_user_attr(name, fact)
        study.optuna.tell(trial, facts["val_crossentropy"])
    return study


def words(what: RenderableType, width: int) -> list[str]:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(what)
    return capture.get().splitlines()


@pytest.mark.parametrize(
    ("metric", "kept"),
    [
        (
            "val_crossentropy",
            {"crossentropy": 0.2, "val_crossentropy": 0.25, "gap": -0.05, "val_accuracy": 0.8},
        ),
        ("val_accuracy", {"accuracy": 0.9, "val_accuracy": 0.8, "gap": 0.1}),
    ],
)
def test_the_accuracy_is_kept_with_a_crossentropy_and_nothing_more_with_an_accuracy(
    metric: str, kept: dict[str, float]
) -> None:
    assert at_best(HISTORY, metric, 2) == pytest.approx(kept)


def test_a_value_is_told_with_what_is_known_beside_it() -> None:
    kept = at_best(HISTORY, "val_crossentropy", 2)
    assert beside("val_crossentropy", kept) == {"val_accuracy": 0.8}
    assert reached("val_crossentropy", 0.25, kept) == "val_crossentropy 0.2500, val_accuracy 0.8000"
    assert reached("val_crossentropy", 0.25, {}) == "val_crossentropy 0.2500"
    assert reached("val_accuracy", 0.8, kept) == "val_accuracy 0.8000"


def test_the_accuracy_of_a_study_of_a_table_is_said_where_its_best_is_looked_for(tmp_path: Path) -> None:
    study = of_crossentropies(tmp_path, at_best(HISTORY, "val_crossentropy", 2))
    assert study_json(study, 1)["leaderboard"][0]["val_accuracy"] == 0.8
    shown = "\n".join(words(study_view(study, 3), 160))
    assert "best configuration  trial 0, val_accuracy 0.8000: depth" in shown
    head = words(trial_view(trial_json(study, 0)), 80)[0]
    assert head == "trial 0 of study one: complete, val_crossentropy 0.2500, val_accuracy 0.8000"
    assert "0.2500, val_accuracy 0.8000 by [trial 0]" in note_text(study, study.best_trial())
    told: list[str] = []
    ended = TrialOutcome("complete", 2, 0.25, facts={"at_best": at_best(HISTORY, "val_crossentropy", 2)})
    PlainLines(told.append).trial_ended(
        Progress("one", "val_crossentropy", "minimize", budget=1, epochs_of_a_trial=2), 0, ended
    )
    assert "trial 0 complete: val_crossentropy 0.2500, val_accuracy 0.8000 |" in told[0]


@pytest.mark.parametrize(("more", "is_beside"), [(0, False), (len("val_accuracy") + 2, True)])
def test_it_is_a_column_where_words_still_have_room_and_below_where_they_have_not(
    tmp_path: Path, more: int, is_beside: bool
) -> None:
    study = of_crossentropies(tmp_path, at_best(HISTORY, "val_crossentropy", 2))
    head, first, below, *_ = words(study_view(study, 3), WIDE_ENOUGH + more)[2:]
    assert ("val_accuracy" in head) == ("0.8000" in first) == is_beside
    assert below.startswith("      val_accuracy 0.8000: ") != is_beside


def test_a_study_of_an_earlier_version_that_kept_none_is_shown_as_it_was(tmp_path: Path) -> None:
    kept: dict[str, Any] = at_best(HISTORY, "val_crossentropy", 2)
    del kept["val_accuracy"]
    study = of_crossentropies(tmp_path, kept)
    assert "accuracy" not in "\n".join(words(study_view(study, 3), 160))
    assert "val_accuracy" not in leaderboard(study)[0].to_json()
