"""What a user sees while real workers train."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from search.analysis.terminal.live_table import LiveTable
from search.driving.dispatcher import Listeners
from search.driving.listener import Listener
from search.driving.progress import Progress
from search.running.start import start
from search.settings.settings import StudySettings
from search.study.study import Study
from search.workers.messages import EpochEvent
from storage import StorageURL


class Epochs(Listener):
    """Remembers those that it was told of."""

    def __init__(self) -> None:
        self.heard: list[EpochEvent] = []

    def opened(self, study: Study, progress: Progress) -> None:
        self.progress = progress

    def epoch_ended(self, progress: Progress, event: EpochEvent) -> None:
        self.heard.append(event)


@pytest.mark.slow
def test_epochs_of_workers_reach_the_live_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERCEPTUNA_CACHE", str(tmp_path / "cache"))
    screen = io.StringIO()
    said: list[str] = []
    epochs, table = Epochs(), LiveTable(Console(file=screen, force_terminal=True, width=100), said.append)
    space = tmp_path / "one-structure.toml"
    space.write_text("version = 1\ndepth = 1\nwidth = { low = 4, high = 16 }\n")
    settings = StudySettings(
        data="digits", space=str(space), trials=2, epochs=40, patience=40, workers=1, pruner="none"
    )
    url = StorageURL.parse(str(tmp_path / "studies.db"))
    finish = start("live", url, settings, Listeners(epochs, table))

    assert finish.ending == "budget"
    reported = {
        (trial.number, epoch): value
        for trial in finish.study.optuna.get_trials()
        for epoch, value in trial.intermediate_values.items()
    }
    # What is on its way when the last trial ends is not waited for.
    heard = {(event.number, event.epoch): event.value for event in epochs.heard}
    assert len(heard) > 20
    assert heard.items() <= reported.items()
    assert epochs.progress.epochs == len(reported) == 80
    assert "2/2" in screen.getvalue()
    assert any(line.startswith("pruning: none") for line in said)
