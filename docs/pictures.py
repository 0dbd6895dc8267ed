"""Draw the pictures of the documentation from a real study: the terminal while it runs and after, the dashboard,
the report, and TensorBoard.

.venv/bin/python -m docs.pictures [terminal] [dashboard] [report] [tensorboard]   # needs a Chromium; takes a minute
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.text import Text
from waitress import create_server

from search.analysis.report import write_report
from search.analysis.tensorboard.runs import trial_folder, write_study
from search.analysis.terminal.live_table import LiveTable
from search.analysis.terminal.study import study_view
from search.dashboard import dashboard_app
from search.driving.dispatcher import Listeners
from search.driving.progress import Progress
from search.running.start import start
from search.settings.settings import StudySettings
from search.study.study import Study, load_study
from search.workers.messages import EpochEvent
from storage import StorageURL, open_storage
from tests.headless_chromium import launched

IMAGES = Path(__file__).parent / "images"
COMMAND = "$ perceptuna run digits --space small --trials 40 --epochs 20"
SETTINGS = StudySettings(space="small", trials=40, epochs=20)


class Snapshot(LiveTable):
    """Keeps the live table as it was at two thirds of the study."""

    taken: RenderableType = ""

    def epoch_ended(self, progress: Progress, event: EpochEvent) -> None:
        trained = [trial for trial in list(progress.running.values()) if trial.epoch > 1]
        if progress.finished >= 2 * progress.budget // 3 and len(trained) > 1 and not self.taken:
            self.taken = self.drawn(progress)


def run_study(url: StorageURL) -> Snapshot:
    table = Snapshot(Console(force_terminal=True, width=110), print)
    start("digits", url, SETTINGS, Listeners(table))
    return table


def draw_terminal(live: RenderableType, study: Study) -> None:
    console = Console(record=True, width=118, force_terminal=True, file=open(os.devnull, "w"))  # noqa: SIM115
    show = Text("$ perceptuna show digits --top 5", "bold green")
    console.print(Group(Text(COMMAND, style="bold green"), live, show, study_view(study, 5)))
    console.print()  # the picture cuts the foot of its last line
    console.save_svg(str(IMAGES / "terminal.svg"), title="perceptuna")


def draw_dashboard(study: Study) -> None:
    """The study's page down to its three own charts, and its note."""
    server = create_server(dashboard_app(open_storage(study.url), study.url), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    base = f"http://127.0.0.1:{server.effective_port}/dashboard/studies/{study.optuna._study_id}"
    with launched("--no-proxy-server") as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 2250})
        page.goto(base)
        page.wait_for_selector("[id='user-defined-plot:time'] .scatterlayer .js-line")
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / "dashboard.png")
        page.set_viewport_size({"width": 1100, "height": 760})
        page.goto(f"{base}/note")
        page.get_by_text("perceptuna resume").wait_for()
        page.screenshot(path=IMAGES / "note.png")
    server.close()


def draw_report(study: Study, folder: Path) -> None:
    """On a desk, on a phone, and in the dark."""
    path = folder / "report.html"
    write_report(study, path, top=5)
    screens = {
        "report": {"viewport": {"width": 1180, "height": 1500}},
        "report-dark": {"viewport": {"width": 1180, "height": 1500}, "color_scheme": "dark"},
        "report-phone": {"viewport": {"width": 390, "height": 1000}, "device_scale_factor": 2},
    }
    with launched() as browser:
        for name, settings in screens.items():
            page = browser.new_page(**settings)
            page.goto(path.as_uri())
            page.screenshot(path=IMAGES / f"{name}.png")


def draw_tensorboard(study: Study, folder: Path) -> None:
    """The weights of the best trial after each epoch."""
    from tensorboard.program import TensorBoard

    best = study.ranked()[0].number
    write_study(study, folder / "runs", histograms=best)
    server = TensorBoard()
    # Of more than 40 runs it would select none at first.
    alone = str(trial_folder(Path("runs"), best))
    server.configure(argv=[None, "--logdir", alone, "--host", "127.0.0.1", "--port", "0"])
    with launched("--no-proxy-server") as browser, contextlib.chdir(folder):
        page = browser.new_page(viewport={"width": 1300, "height": 700})
        address = server.launch()
        page.wait_for_timeout(8000)  # it reads the files meanwhile
        page.goto(f"{address}#histograms")
        page.get_by_text("dense_1/kernel/histogram").first.wait_for()
        page.wait_for_timeout(2000)
        page.screenshot(path=IMAGES / "tensorboard.png")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        url = StorageURL.parse(str(Path(folder, "perceptuna.db")))
        live = run_study(url).taken
        study = load_study("digits", url)
        drawings = {
            "terminal": lambda: draw_terminal(live, study),
            "dashboard": lambda: draw_dashboard(study),
            "report": lambda: draw_report(study, Path(folder)),
            "tensorboard": lambda: draw_tensorboard(study, Path(folder)),
        }
        for name in sys.argv[1:] or drawings:
            drawings[name]()


if __name__ == "__main__":
    main()
