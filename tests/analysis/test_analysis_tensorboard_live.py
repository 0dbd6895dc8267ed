"""Event files of trials that are still running."""

from __future__ import annotations

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from search.analysis.tensorboard.live import LiveEvents, check_folder
from search.driving.dispatcher import Dispatcher
from search.driving.progress import Progress
from search.errors import InputError
from search.study.study import Study
from search.workers.messages import EpochEvent, TrialOutcome
from spaces import Hyperparameters

DONE = TrialOutcome(
    "complete",
    3,
    0.8,
    facts={"best_epoch": 2, "at_best": {"val_accuracy": 0.8}, "parameters": 100, "seconds": 1.5},
)


def epoch(number: int) -> EpochEvent:
    return EpochEvent(7, number, 0.1 * number, {"accuracy": 0.2 * number, "val_accuracy": 0.1 * number})


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder)).Reload()


def steps(folder: Path) -> list[int]:
    return [event.step for event in read(folder / "trial-00007" / "validation").Scalars("accuracy")]


@pytest.fixture
def remarks() -> list[str]:
    return []


@pytest.fixture
def live(trained_study: Study, tmp_path: Path, remarks: list[str]) -> Dispatcher:
    told = Dispatcher(Progress.of(trained_study), LiveEvents(tmp_path / "runs", remarks.append))
    told.opened(trained_study)
    told.trial_started(7, Hyperparameters(), "64 relu")
    return told


def test_an_epoch_is_there_as_soon_as_it_ended(live: Dispatcher, tmp_path: Path) -> None:
    live.epoch_ended(epoch(1))
    assert steps(tmp_path / "runs") == [1]
    live.epoch_ended(epoch(2))
    assert steps(tmp_path / "runs") == [1, 2]


def test_epochs_that_arrive_after_the_outcome_are_not_lost(live: Dispatcher, tmp_path: Path) -> None:
    live.epoch_ended(epoch(1))
    live.trial_ended(7, DONE)
    for late in (2, 3):
        live.epoch_ended(epoch(late))
    assert steps(tmp_path / "runs") == [1, 2, 3]
    result = read(tmp_path / "runs" / "trial-00007")
    assert (result.Scalars("best")[0].step, result.Scalars("best")[0].value) == (2, pytest.approx(0.8))


def test_an_outcome_whose_epochs_never_came_is_written_at_the_end(live: Dispatcher, tmp_path: Path) -> None:
    with live.driving():
        live.trial_ended(7, DONE)
    assert read(tmp_path / "runs" / "trial-00007").Scalars("seconds")[0].value == 1.5


def test_a_trial_that_is_run_again_leaves_nothing(live: Dispatcher, tmp_path: Path) -> None:
    live.epoch_ended(epoch(1))
    live.trial_requeued(7, "its worker died")
    live.epoch_ended(epoch(2))
    assert not (tmp_path / "runs" / "trial-00007").exists()


def test_a_folder_that_takes_no_more_is_said_once_and_ends_nothing(
    live: Dispatcher, tmp_path: Path, remarks: list[str]
) -> None:
    for number in (8, 9):
        (tmp_path / "runs" / f"trial-{number:05}").write_text("a file where a folder would be")
        live.trial_started(number, Hyperparameters(), "64 relu")
    assert len(remarks) == 1
    assert "no more is written" in remarks[0]


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="expected a folder"):
        check_folder(tmp_path / "file")
    with pytest.raises(InputError, match="does not exist; create it first"):
        check_folder(tmp_path / "none" / "runs")
