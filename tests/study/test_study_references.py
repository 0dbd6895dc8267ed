"""Reference models beside a study: kept and told while trials run, waited for at its end, and never its end."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from rich.console import Console
from study_fakes import FakeWorkers, complete
from study_made_before import answer
from workers_here import trained_here

from search.analysis.facts.beside import beside_of
from search.analysis.facts.remarks import remarks
from search.analysis.terminal.live_table import LiveTable
from search.data import PreparedData
from search.driving.dispatcher import Dispatcher
from search.driving.driver import Driver
from search.driving.listener import Listener
from search.driving.note import note_text
from search.driving.progress import Progress
from search.driving.reference_fits import fitting_of
from search.references.job import Job
from search.references.process import Fitting
from search.references.record import NAMES, Reference, References
from search.study.creation import create_study
from search.study.study import Study, load_study
from search.study.study_record import keep_study_facts
from storage import StorageURL

MakeDriver = Callable[..., Driver]
VALUES = {"constant": 0.1, "linear": 0.6, "trees": 0.9}


class Slow:
    """A process that says a line at every `pause`-th look."""

    def __init__(self, lines: list[str], pause: int = 4) -> None:
        self._lines, self._pause, self._looks = lines, pause, count(1)

    def read(self) -> bytes:
        due = self._lines and next(self._looks) % self._pause == 0
        return self._lines.pop(0).encode() if due else b""

    def ended(self) -> str | None:
        return None

    def close(self) -> None: ...


def fitting(lines: list[str]) -> Fitting:
    return Fitting(Job(folder="", x="", y="", names=NAMES, seed=0), lambda job: Slow(lines))


def lines(**reasons: str) -> list[str]:
    found = (
        Reference(
            name=name, metrics={} if name in reasons else {"accuracy": VALUES[name]}, reason=reasons.get(name)
        )
        for name in NAMES
    )
    return [f"{one.model_dump_json()}\n" for one in found]


def notes_of(study: Study) -> list[str]:
    shown = beside_of(study)
    assert shown is not None
    return shown.notes


class Heard(Listener):
    def __init__(self) -> None:
        self.found: list[str] = []

    def reference_ended(self, progress: Progress, reference: Reference) -> None:
        assert reference in progress.references.models
        self.found.append(reference.name)


def test_they_are_kept_and_told_and_waited_for_when_trials_are_quicker(
    driver: MakeDriver, study: Study
) -> None:
    heard, said = Heard(), list[str]()
    made = driver(FakeWorkers(1, complete), said, more=[heard], references=fitting(lines()), trials=2)
    assert made.run() == "budget"
    assert heard.found == list(NAMES)
    assert study.record.references.missing == ()
    assert "linear model, to compare networks with: val_accuracy 0.6000" in said
    assert remarks(study)[-1] == "No network was better than the boosted trees (0.9000 against 0.6000)."
    shown = beside_of(study)
    assert shown is not None
    assert [row[0] for row in shown.rows][1:] == ["constant", "linear model", "boosted trees"]
    words = "constant 0.1000, linear model 0.6000, boosted trees 0.9000"
    assert words in note_text(study, study.best_trial())


def test_the_live_table_has_a_line_for_them(study: Study) -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=80, height=24)
    told, table = Dispatcher(Progress.of(study)), LiveTable(console, print)
    console.print(table.drawn(told.progress))
    assert "constant" not in screen.getvalue()
    told.reference_ended(Reference(name="constant", metrics={"accuracy": 0.1}))
    console.print(table.drawn(told.progress))
    assert "against  constant 0.1000, linear model …, boosted trees …" in screen.getvalue()


def test_neither_driving_nor_showing_a_study_loads_scikit_learn() -> None:
    modules = "running.start, search.driving.driver, search.references.job, search.analysis.terminal.study"
    code = f"import sys, search.{modules}; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_of_a_loss_who_is_ahead_is_not_told(study: Study) -> None:
    found = References().having(Reference(name="trees", metrics={"accuracy": 0.9}))
    keep_study_facts(study.optuna, {"metric": "val_loss", "references": found})
    assert any(note.startswith("who is ahead is not told of val_loss") for note in notes_of(study))


def test_one_that_fails_is_a_remark_and_tried_again_by_a_resume(driver: MakeDriver, study: Study) -> None:
    said: list[str] = []
    made = driver(FakeWorkers(1, complete), said, references=fitting(lines(trees="out of luck")), trials=2)
    assert made.run() == "budget"
    assert "boosted trees, to compare networks with: not fitted, out of luck" in said
    assert notes_of(study) == ["boosted trees: out of luck"]
    assert study.record.references.missing == ("trees",)
    # The linear model, as good as the best network.
    assert remarks(study)[-1] == "No network was better than the linear model (0.6000 against 0.6000)."


def test_a_study_does_not_wait_for_them_for_ever(driver: MakeDriver, study: Study) -> None:
    said, clock = list[str](), count(step=20.0)
    made = driver(
        FakeWorkers(1, complete), said, lambda: next(clock), references=fitting(lines()[:1]), trials=1
    )
    assert made.run() == "budget"
    assert any(line.startswith("trials are done; waiting for what they are compared with") for line in said)
    assert study.record.references.missing == ("linear", "trees")
    assert notes_of(study) == ["not fitted yet: linear model, boosted trees"]


@pytest.mark.parametrize("ends", [{"timeout": 1e-9}, {"stop": True}])
def test_a_study_that_is_to_end_does_not_wait_for_them(
    driver: MakeDriver, study: Study, ends: dict[str, object]
) -> None:
    clock = count(step=3.0)
    if ends.pop("stop", False):
        keep_study_facts(study.optuna, {"stop_requested": True})
    made = driver(
        FakeWorkers(1, complete), clock=lambda: next(clock), references=fitting([]), trials=50, **ends
    )
    assert made.run() in ("timeout", "interrupted")


def test_ctrl_c_ends_the_waiting_and_not_the_study(driver: MakeDriver, study: Study) -> None:
    class Interrupted(Slow):
        def read(self) -> bytes:
            if len(study.finished()) == 1:
                signal.raise_signal(signal.SIGINT)
                self.read = lambda: b""  # type: ignore[method-assign]
            return super().read()

    said: list[str] = []
    job = Job(folder="", x="", y="", names=NAMES, seed=0)
    waiting = Fitting(job, lambda job: Interrupted([]))
    assert driver(FakeWorkers(1, complete), said, references=waiting, trials=1).run() == "budget"
    assert not any("interrupted" in line for line in said)
    assert study.record.references.missing == NAMES


def test_images_and_trainings_about_a_study_have_none(study: Study, digits: PreparedData) -> None:
    assert fitting_of(study, digits) is None
    table = PreparedData(digits.folder, digits.spec.model_copy(update={"kind": "table"}))
    of_table = create_study("table", study.url, study.settings, study.space, table.spec)
    beside = fitting_of(of_table, table)
    assert beside is not None
    assert beside.left == NAMES
    keep_study_facts(of_table.optuna, {"companion_of": "another"})
    assert fitting_of(of_table, table) is None


def test_a_study_of_a_table_has_them_in_its_database(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "a,b,label\n" + "".join(f"{i % 7},{i % 11},{'yn'[i % 7 > 3]}\n" for i in range(150))
    )
    with trained_here(references=True):
        said = answer(
            "run one --data t.csv --target label --space small --trials 1 --epochs 2 --json", tmp_path
        )
    events = [json.loads(line) for line in said.splitlines()]
    found = {event["reference"]: event["metrics"] for event in events if event["event"] == "reference_ended"}
    assert found.keys() == set(NAMES)
    assert found["trees"]["val_accuracy"] == 1.0
    study = load_study("one", StorageURL.of_file(tmp_path / "perceptuna.db"))
    assert study.record.references.missing == ()
    assert found["constant"]["val_crossentropy"] == pytest.approx(study.record.constant)
    assert [one["metrics"] for one in events[-1]["references"]] == list(found.values())
    shown = answer("show one", tmp_path)
    assert "boosted trees" in shown
    assert f"best network, trial {study.best_trial().number}" in shown  # type: ignore[union-attr]
    (best,) = events[-1]["leaderboard"]
    assert f"trial 0, val_accuracy {best['val_accuracy']:.4f}: " in shown, (
        "what was learnt from is cross-entropy"
    )
