"""What a user sees while real workers train."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from search.driving.live_table import LiveTable
from search.driving.progress import Tally
from search.running.reporter import Reporter
from search.running.start import start
from search.settings.settings import StudySettings
from search.study.study import Study
from search.workers.messages import EpochEvent
from storage import StorageURL


class Watched(LiveTable):
    """Remembers the epochs that it was told of."""

    heard: list[EpochEvent]

    def epoch(self, event: EpochEvent) -> None:
        super().epoch(event)
        self.heard.append(event)


@pytest.mark.slow
def test_epochs_of_workers_reach_the_live_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERCEPTUNA_CACHE", str(tmp_path / "cache"))
    screen = io.StringIO()
    made: list[Watched] = []

    def make(study: Study, settings: StudySettings) -> Watched:
        tally = Tally(study.name, "", study.metric, study.direction, settings.trials)
        made.append(Watched(tally, Console(file=screen, force_terminal=True, width=100), settings.epochs))
        made[0].heard = []
        return made[0]

    settings = StudySettings(
        data="digits", space="small", trials=2, epochs=40, patience=40, workers=1, pruner="none"
    )
    said: list[str] = []
    finish = start(
        "live", StorageURL.parse(str(tmp_path / "studies.db")), settings, Reporter(said.append, make)
    )

    assert finish.ending == "budget"
    reported = {
        (trial.number, epoch): value
        for trial in finish.study.optuna.get_trials()
        for epoch, value in trial.intermediate_values.items()
    }
    # What is on its way when the last trial ends is not waited for.
    heard = {(event.number, event.epoch): event.value for event in made[0].heard}
    assert len(heard) > 20
    assert heard.items() <= reported.items()
    assert made[0].tally.epochs == len(reported) == 80
    assert "2/2" in screen.getvalue()
    assert any(line.startswith("pruning: none") for line in said)
