"""What a terminal shows at three widths, held to snapshots."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import optuna
import pytest
from made_studies import made_study, made_trial
from optuna.trial import TrialState
from rich.cells import cell_len
from snapshots import REWRITE, WIDTHS, compare, screen

from search.analysis.facts.following import progress_from_json, progress_json
from search.analysis.facts.overview import Overview
from search.analysis.terminal.live_screen import LiveScreen
from search.analysis.terminal.live_table import LiveTable
from search.analysis.terminal.overview import overview_table
from search.analysis.terminal.study import study_view
from search.driving.dispatcher import Dispatcher
from search.driving.progress import Progress
from search.references.record import Reference
from search.study.study import Study
from search.text.printable import open_console
from search.workers.messages import EpochEvent, TrialOutcome
from spaces import Hyperparameters
from storage import StorageURL, open_storage

CTRL_C = "Ctrl-C: end after this epoch"
GO_ON = "perceptuna resume first"
Compare = Callable[..., None]


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    """Of a study of 24 trials on two workers."""
    to_fit = ("constant", "linear", "trees")
    return Progress(
        *("first", "val_accuracy", "maximize"),
        budget=24,
        epochs_of_a_trial=60,
        workers=2,
        to_fit=to_fit,
        clock=clock,
        started=clock(),
    )


@pytest.fixture
def hold(tmp_path: Path, progress: Progress) -> Compare:
    """Compare the live screen with the snapshots of a name."""

    def held(
        name: str, note: str = "", ctrl_c: str = CTRL_C, is_over: bool = False, height: int = 24
    ) -> None:
        for width in WIDTHS:
            shown = screen(LiveScreen(progress, note, ctrl_c, GO_ON, is_over), width, height)
            assert max(map(cell_len, shown.splitlines())) <= width
            assert shown.count("\n") < height
            compare(f"live-{name}-{width}", shown, tmp_path)

    return held


def train(told: Dispatcher, clock: Clock, trials: range, epochs: int = 8) -> None:
    """Two at a time; every fourth is pruned, trial 6 fails, and the last two go on running."""
    for number in trials:
        what = f"{32 + number}-{32 + number} relu, dropout 0.{number}, adam 1.{number}e-3, batch 32"
        told.trial_started(number, Hyperparameters(), what)
        for epoch in range(1, epochs + 1):
            clock.now += 1.5
            told.epoch_ended(EpochEvent(number, epoch, 0.9 - 0.5 / (epoch + 1) + 0.01 * (number * 5 % 7)))
        if number in trials[-2:]:
            continue
        if number % 4 == 3:
            told.trial_ended(number, TrialOutcome("pruned", epochs, reason=f"pruned at epoch {epochs}"))
        elif number == 6:
            told.trial_ended(number, TrialOutcome("failed", reason="out of memory: cannot allocate 12 GB"))
        else:
            value = 0.85 + 0.01 * (number * 5 % 7)
            told.trial_ended(number, TrialOutcome("complete", epochs, value))


def test_the_start(hold: Compare, progress: Progress, clock: Clock) -> None:
    clock.now += 4
    hold("start")
    told = Dispatcher(progress)
    for number in (0, 1):
        told.trial_started(number, Hyperparameters(), "64-64 relu, dropout 0.1, adam 1e-3, batch 32")
    clock.now += 7
    hold("first-trials")


def test_running_trials_and_failed_ones(hold: Compare, progress: Progress, clock: Clock) -> None:
    told = Dispatcher(progress)
    told.reference_ended(Reference(name="constant", metrics={"accuracy": 0.1}))
    told.reference_ended(Reference(name="linear", metrics={"accuracy": 0.8712}))
    train(told, clock, range(9))
    hold("running")
    hold("running-low", height=10)
    hold("interrupted", "interrupted: trials end at their next epoch", "Ctrl-C again: end at once")
    hold("over", is_over=True)


def test_what_a_service_tells_is_drawn_alike(progress: Progress, clock: Clock) -> None:
    progress.to_fit = ()
    train(Dispatcher(progress), clock, range(9))
    there = progress_from_json(json.loads(json.dumps(progress_json(progress))))
    here = screen(LiveScreen(progress), 100).splitlines()
    assert screen(LiveScreen(there), 100).splitlines()[2:] == here[2:]


@pytest.mark.parametrize("height", range(1, 30))
def test_at_no_height_half_a_screen_is_shown(progress: Progress, clock: Clock, height: int) -> None:
    """Rich would cut off what is too long, and with it how to end the study."""
    train(Dispatcher(progress), clock, range(12))
    for number in range(20, 40):
        progress.begin(number, "32 relu")
    lines = LiveScreen(progress, "", CTRL_C, GO_ON).lines(80, height)
    assert len(lines) <= height
    shown = ["".join(words for words, _ in line) for line in lines]
    assert shown[0].startswith("trials")
    assert height < 7 or shown[-1] == f"{CTRL_C}; go on by `{GO_ON}`"
    assert ("… and" in "\n".join(shown)) == (sum(line.startswith("running") for line in shown) == 1)


def on_disk(made: Study, folder: Path) -> Study:
    """The same study in a database, where looks at its test split would be."""
    url = StorageURL.parse(str(folder / "studies.db"))
    kept = optuna.create_study(
        storage=open_storage(url, create=True),
        study_name=made.name,
        direction=made.direction,
        load_if_exists=False,
    )
    kept.add_trials(made.optuna.trials)
    for name, value in made.optuna.user_attrs.items():
        kept.set_user_attr(name, value)
    return Study(made.name, url, kept)


@pytest.fixture
def ended() -> Study:
    trials = [
        made_trial(0, 0.91),
        made_trial(1, 0.87),
        made_trial(2, 0.5, TrialState.PRUNED, epochs=3),
        made_trial(3, 0.9412),
        made_trial(4, None, TrialState.FAIL, reason="out of memory: cannot allocate 12 GB"),
    ]
    return made_study(trials, trials=8)


def test_a_resumed_study_begins_with_what_is_there(
    tmp_path: Path, ended: Study, hold: Compare, clock: Clock
) -> None:
    progress = Progress.of(ended)
    progress.clock, progress.started, progress.workers = clock, clock(), 1
    for width in WIDTHS:
        shown = screen(LiveScreen(progress, "", CTRL_C, GO_ON), width)
        assert "about 0:09 left" in shown
        compare(f"live-resume-{width}", shown, tmp_path)


def test_the_plan_is_said_before_the_first_trial(tmp_path: Path, ended: Study) -> None:
    progress = Progress.of(ended, ("constant", "linear", "trees"))
    progress.workers = 2
    for width in WIDTHS:
        said: list[str] = []
        LiveTable(open_console(width=width), said.append).opened(ended, progress)
        assert max(map(len, said)) <= width
        compare(f"plan-{width}", "\n".join(said) + "\n", tmp_path)


def test_a_study_that_has_ended(tmp_path: Path, ended: Study) -> None:
    shown = on_disk(ended, tmp_path)
    for width in WIDTHS:
        compare(f"show-{width}", screen(study_view(shown, 5), width), tmp_path)
    failed = made_study([made_trial(0, None, TrialState.FAIL, reason="out of memory: cannot allocate 12 GB")])
    (tmp_path / "failed").mkdir()
    shown = on_disk(failed, tmp_path / "failed")
    for width in WIDTHS:
        compare(f"show-failed-{width}", screen(study_view(shown, 5), width), tmp_path)


def test_a_list_of_studies(tmp_path: Path) -> None:
    began = "2026-11-20T08:00:00"
    rows = [
        Overview(
            *("prices-of-houses", "running", "desk:4711", 14, 24),
            *("val_accuracy", 0.9412, "/data/houses.csv", None, began, 754.0),
        ),
        Overview(
            *("first", "finished", None, 1200, 1200, "val_rmse", 24700.44, "digits", None, began, 90000.0)
        ),
        Overview("first.finalize", "resumable", None, 2, 9, "val_rmse", None, "digits", "first"),
    ]
    for width in WIDTHS:
        shown = screen(overview_table(rows, {"first": "anna"}, datetime(2026, 11, 29)), width)
        assert "…" not in shown
        compare(f"list-{width}", shown, tmp_path)


def test_a_difference_is_a_page_that_the_message_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(REWRITE, raising=False)
    with pytest.raises(pytest.fail.Exception, match=r"look at .*live-start-80.html") as found:
        compare("live-start-80", "something else\n", tmp_path)
    assert "PERCEPTUNA_REWRITE_SNAPSHOTS=1" in str(found.value)
    assert "something&nbsp;else" in (tmp_path / "live-start-80.html").read_text()
