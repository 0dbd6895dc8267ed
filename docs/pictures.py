"""Draw the pictures of the README from a real study: the terminal while it runs and after, and the dashboard.

.venv/bin/python docs/pictures.py       # needs a Chromium; takes about a minute
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from pathlib import Path

from optuna_dashboard import wsgi
from playwright.sync_api import sync_playwright
from rich.console import Console, Group, RenderableType
from rich.text import Text
from waitress import create_server

from search.analysis.terminal_study import study_view
from search.launch import start
from search.progress import LiveTable, Tally
from search.settings import StudySettings
from search.study import Study, load_study
from search.trial import EpochEvent
from storage import StorageURL, artifact_folder, open_artifacts, open_storage

IMAGES = Path(__file__).parent / "images"
COMMAND = "$ perceptuna run digits --space small --trials 40 --epochs 20"
SETTINGS = StudySettings(space="small", trials=40, epochs=20)


class Snapshot(LiveTable):
    """Keeps the live table as it was at two thirds of the study."""

    taken: RenderableType = ""

    def epoch(self, event: EpochEvent) -> None:
        super().epoch(event)
        trained = [row for row in self._rows.values() if row.epoch > 1]
        if self.tally.finished >= 2 * self.tally.budget // 3 and len(trained) > 1 and not self.taken:
            self.taken = self._draw()


def run_study(url: StorageURL) -> Snapshot:
    made: list[Snapshot] = []

    def make(study: Study, settings: StudySettings) -> Snapshot:
        tally = Tally(study.name, "", study.metric, study.direction, settings.trials)
        made.append(Snapshot(tally, Console(force_terminal=True, width=110), settings.epochs))
        return made[0]

    start("digits", url, SETTINGS, make, print)
    return made[0]


def draw_terminal(live: RenderableType, study: Study) -> None:
    console = Console(record=True, width=116, force_terminal=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(
        Group(Text(COMMAND, style="bold green"), live, "", Text("$ perceptuna show digits", "bold green"))
    )
    console.print(study_view(study, 5))
    console.save_svg(str(IMAGES / "terminal.svg"), title="perceptuna")


def draw_dashboard(study: Study) -> None:
    store = open_artifacts(artifact_folder(study.url))
    server = create_server(wsgi(open_storage(study.url), store), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    base = f"http://127.0.0.1:{server.effective_port}/dashboard/studies/{study.optuna._study_id}"
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.goto(base)
        page.wait_for_selector(".scatterlayer .point")
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / "dashboard.png")
        browser.close()
    server.close()


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        url = StorageURL.parse(str(Path(folder, "perceptuna.db")))
        live = run_study(url).taken
        study = load_study("digits", url)
        draw_terminal(live, study)
        draw_dashboard(study)


if __name__ == "__main__":
    main()
