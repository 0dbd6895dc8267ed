"""One real study that everything happens to: its driver and a worker are killed, it is interrupted, it is resumed.

The fixture tells the story once, by the command line and with real processes; each test looks at one thing in it.
"""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState
from real_commands import Command, Place, Said, called, in_state, training

from search.study.trial_record import training_seed, trial_record
from storage import artifact_folder
from storage.artifacts import model_file_name, study_artifacts, trial_artifacts

pytestmark = pytest.mark.slow

# So many that a trial takes seconds: the story needs moments at which some trial trains and another is done.
EPOCHS = 40
RUN = f"run crash --data digits --space one-structure.toml --trials 4 --epochs {EPOCHS} --workers 1 --seed 4"
# What differs between trials is compiled once.
ONE_STRUCTURE = """
version = 1
depth = 2
width = { low = 16, high = 128, log = true }
dropout = { low = 0.1, high = 0.4 }
learning_rate = { low = 3e-4, high = 3e-2, log = true }
"""


@dataclass
class Story:
    """What was seen on the way."""

    place: Place
    killed: Command
    acknowledged: list[FrozenTrial]
    orphans: list[FrozenTrial]
    interrupted: Command
    after_interrupt: list[FrozenTrial]
    ended_at_once: Command
    after_end: list[FrozenTrial]
    second: Said
    finished: Command


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    place = Place(tmp_path_factory.mktemp("crash"))
    (place.folder / "one-structure.toml").write_text(ONE_STRUCTURE)
    try:
        killed = place.start(RUN)
        place.until(
            lambda trials: all(in_state(trials, s) for s in (TrialState.COMPLETE, TrialState.RUNNING)),
            killed,
            stopped=True,
        )
        acknowledged = in_state(place.trials(), TrialState.COMPLETE, TrialState.PRUNED)
        killed.process.send_signal(signal.SIGKILL)
        killed.end()
        orphans = in_state(place.trials(), TrialState.RUNNING)

        interrupted = place.start("resume crash --add 2")
        # In the midst of its first epoch, which begins with TensorFlow's import.
        place.until(lambda trials: len(in_state(trials, TrialState.RUNNING)) == 1, interrupted)
        interrupted.process.send_signal(signal.SIGINT)
        interrupted.end()
        after_interrupt = place.trials()

        ended_at_once = place.start("resume crash")
        place.until(lambda trials: len(in_state(trials, TrialState.RUNNING)) == 1, ended_at_once)
        ended_at_once.process.terminate()
        time.sleep(0.2)
        ended_at_once.process.terminate()
        ended_at_once.end()
        after_end = place.trials()

        finished = place.start("resume crash --workers 2")
        place.until(lambda trials: len(in_state(trials, TrialState.RUNNING)) == 2, finished)
        # Both workers import TensorFlow now, so that each has a trial.
        time.sleep(1)
        finished.look()
        finished.workers()[0].kill()
        second = called("resume crash", place.url)
        finished.look()
        finished.end()
        yield Story(
            place,
            killed,
            acknowledged,
            orphans,
            interrupted,
            after_interrupt,
            ended_at_once,
            after_end,
            second,
            finished,
        )
    finally:
        for command in place.commands:
            command.process.kill()
            command.process.wait()
        optuna.logging.set_verbosity(optuna.logging.INFO)


def attempts(trials: list[FrozenTrial], number: int) -> list[FrozenTrial]:
    """All trials of the hyperparameters that were first tried as `number`."""
    return [trial for trial in trials if trial_record(trial).original == number]


def test_nothing_that_was_acknowledged_before_the_kill_is_lost(story: Story) -> None:
    assert story.acknowledged
    now = story.place.trials()
    for before in story.acknowledged:
        after = now[before.number]
        assert (after.state, after.value, after.params) == (before.state, before.value, before.params)
        assert after.intermediate_values == before.intermediate_values
        assert after.user_attrs == before.user_attrs


def test_a_killed_driver_takes_its_workers_along(story: Story) -> None:
    assert story.killed.children
    assert story.killed.survivors() == []


def test_orphans_are_run_again_with_their_hyperparameters_and_seed(story: Story) -> None:
    assert story.orphans
    for orphan in story.orphans:
        first, *others = attempts(story.place.trials(), trial_record(orphan).original)
        assert first.state is TrialState.FAIL
        assert first.user_attrs["requeued"] == "its driver died"
        for other in others:
            assert {**orphan.params, **other.params} == other.params
        ended = others[-1]
        assert ended.state in (TrialState.COMPLETE, TrialState.PRUNED)
        assert ended.user_attrs["seed"] == training_seed(4, orphan.number)


def test_a_killed_worker_costs_its_trial_alone(story: Story) -> None:
    trials = story.place.trials()
    lost = [trial for trial in trials if trial.user_attrs.get("requeued") == "its worker died"]
    assert len(lost) == 1
    record = trial_record(lost[0])
    again = attempts(trials, record.original)[-1]
    assert again.params == lost[0].params
    assert again.state in (TrialState.COMPLETE, TrialState.PRUNED)
    # Either worker can be the one that was killed, and one of them goes on from where Ctrl-C ended its trial.
    later = f"go on after epoch {record.left_off.epoch}" if record.left_off else "be run again"
    assert f"trial {lost[0].number}: its worker died; it will {later}" in story.finished.text()


def test_no_second_driver_is_let_in(story: Story) -> None:
    assert story.second.code == 2
    assert "study 'crash' is being driven by host " in story.second.text
    assert "Traceback" not in story.second.text


def test_an_interrupted_study_says_how_to_go_on(story: Story) -> None:
    assert story.interrupted.end() == 130, story.interrupted.text()
    assert in_state(story.after_interrupt, TrialState.RUNNING) == []
    assert in_state(story.after_interrupt, TrialState.WAITING)
    assert "go on with: perceptuna resume crash --storage" in story.interrupted.text()
    assert "Traceback" not in story.interrupted.text()


def test_an_interrupted_trial_goes_on_from_its_last_epoch(story: Story) -> None:
    """Although a second command that went on with it was ended at once, and a worker was killed."""
    waiting = map(trial_record, in_state(story.after_interrupt, TrialState.WAITING))
    (left, original), *others = [(trial.left_off, trial.original) for trial in waiting if trial.left_off]
    assert others == []
    before = story.after_interrupt[left.trial].intermediate_values
    assert max(before) == left.epoch
    ended = trial_record(attempts(story.place.trials(), original)[-1])
    assert (ended.left_off, ended.began_anew) == (left, None)
    assert list(ended.intermediate_values) == list(range(1, (ended.epochs or 0) + 1))
    assert {epoch: ended.intermediate_values[epoch] for epoch in before} == before


def test_a_second_signal_ends_at_once_and_loses_nothing(story: Story) -> None:
    assert story.ended_at_once.end() == 130, story.ended_at_once.text()
    assert "ended at once; go on with: perceptuna resume crash" in story.ended_at_once.text()
    assert len(in_state(story.after_end, TrialState.RUNNING)) == 1
    assert "1 trial was running when the study was last left" in story.finished.text()


def test_resuming_tops_up_to_exactly_the_budget_that_was_raised_before_the_interruption(story: Story) -> None:
    assert story.finished.end() == 0, story.finished.text()
    trials = story.place.trials()
    assert len(story.place.study().finished()) == 6
    assert in_state(trials, TrialState.RUNNING, TrialState.WAITING) == []
    assert [trial.number for trial in trials] == list(range(len(trials)))


def test_no_process_is_left_behind(story: Story) -> None:
    for command in story.place.commands:
        assert command.survivors() == []


def _history_beside_a_curve(story: Story, trial: FrozenTrial) -> list[dict[str, str]]:
    """The rows of a trial's `history.csv`."""
    folder = artifact_folder(story.place.url)
    described = [json.loads(trial.system_attrs[f"artifacts:{name}"]) for name in trial_artifacts(trial)]
    files = {entry["filename"]: folder / entry["artifact_id"] for entry in described}
    assert sorted(files) == ["history.csv", "learning_curve.svg"]
    assert files["learning_curve.svg"].read_bytes().startswith(b"<svg")
    with files["history.csv"].open() as file:
        return list(csv.DictReader(file))


def test_every_complete_trial_has_its_curve_its_history_and_its_facts(story: Story) -> None:
    complete = in_state(story.place.trials(), TrialState.COMPLETE)
    assert complete
    for trial in complete:
        rows = _history_beside_a_curve(story, trial)
        facts = trial.user_attrs
        assert len(rows) == facts["epochs"] == len(trial.intermediate_values)
        best = rows[facts["best_epoch"] - 1]
        assert float(best["val_accuracy"]) == trial.value == facts["val_accuracy"]
        assert trial.value == max(trial.intermediate_values.values())
        assert float(best["accuracy"]) == facts["accuracy"]
        assert facts["gap"] == pytest.approx(facts["accuracy"] - facts["val_accuracy"])
        assert facts["parameters"] > 0
        assert facts["seconds"] > 0
        assert facts["stop_reason"]
        assert facts["host"]
        assert facts["seed"] == training_seed(4, trial_record(trial).original)


def test_every_pruned_trial_has_a_reason_its_curve_and_its_history(story: Story) -> None:
    for trial in in_state(story.place.trials(), TrialState.PRUNED):
        assert trial.user_attrs["stop_reason"] == f"pruned at epoch {max(trial.intermediate_values)}"
        rows = _history_beside_a_curve(story, trial)
        reported = {int(row["epoch"]): float(row["val_accuracy"]) for row in rows}
        assert reported == trial.intermediate_values
        assert all(0 <= float(row["accuracy"]) <= 1 for row in rows)


def test_only_the_best_trials_model_is_kept(story: Story) -> None:
    study = story.place.study()
    best = study.best_trial()
    assert best is not None
    assert list(study_artifacts(study.optuna).values()) == [model_file_name(best.number)]
    artifacts = 2 * len(in_state(story.place.trials(), TrialState.COMPLETE, TrialState.PRUNED)) + 1
    folder = artifact_folder(story.place.url)
    stored = [path for path in folder.rglob("*") if path.is_file()]
    lost = [
        name
        for trial in story.place.trials()
        if "requeued" in trial.user_attrs
        for name in trial_artifacts(trial)
    ]
    assert len(stored) == artifacts + len(lost)


# Each of these commands starts TensorFlow, as does the model; here it is started once.
_ONE_AFTER_THE_OTHER = """
import sys
from search.cli import main
prepared, *lines = sys.argv[1:]
for line in lines:
    sys.argv = ["perceptuna", *line.split()]
    try:
        main()
    except SystemExit as end:
        assert not end.code, line
import keras, numpy as np
model = keras.models.load_model("best.keras")
x, y = np.load(f"{prepared}/validation_x.npy"), np.load(f"{prepared}/validation_y.npy")
print("evaluated:", (model.predict(x, verbose=0).argmax(axis=1) == y).mean())
"""


@pytest.fixture(scope="module")
def afterwards(story: Story) -> str:
    """The best trial is exported and evaluated, and trials are trained again; what these commands printed.

    One that was run again after a kill where it was complete, and one that was pruned where there is one.
    """
    place = story.place
    complete, pruned = (in_state(place.trials(), state) for state in (TrialState.COMPLETE, TrialState.PRUNED))
    again = [trial for trial in complete if "original_number" in trial.user_attrs]
    # One that went on from a checkpoint first, where it was not pruned.
    again.sort(key=lambda trial: trial_record(trial).epochs_before, reverse=True)
    lines = ["export crash -o best.keras"]
    lines += [f"replay crash --trial {trial.number}" for trial in ((again or complete)[0], *pruned[:1])]
    (prepared,) = [path.parent for path in (place.folder / "cache").glob("*/data.json")]
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            _ONE_AFTER_THE_OTHER,
            str(prepared),
            *(f"{line} --storage {place.url}" for line in lines),
        ],
        cwd=place.folder,
        env={**os.environ, "PERCEPTUNA_CACHE": str(place.folder / "cache")},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_exported_model_reproduces_the_value(story: Story, afterwards: str) -> None:
    place, best = story.place, story.place.study().best_trial()
    assert best is not None
    assert "wrote best.keras and" in afterwards
    facts = json.loads((place.folder / "best.json").read_text())
    assert (facts["trial"], facts["value"]) == (best.number, best.value)
    (evaluated,) = re.findall(r"evaluated: (\S+)", afterwards)
    assert float(evaluated) == pytest.approx(best.value, abs=1e-6)


def test_a_trial_that_is_trained_again_is_the_same_to_the_last_bit(story: Story, afterwards: str) -> None:
    same = re.findall(
        r"trial (\d+): val_accuracy is the same to the last bit after each of (\d+) epoch", afterwards
    )
    pruned = in_state(story.place.trials(), TrialState.PRUNED)
    assert len(same) == 1 + bool(pruned)
    for number, epochs in same:
        assert int(epochs) == story.place.trials()[int(number)].user_attrs["epochs"]


def test_a_study_is_stopped_from_another_terminal(tmp_path: Path) -> None:
    """Its workers only pretend."""
    place = Place(tmp_path)
    stopped = place.start(
        "run crash --data digits --space small --trials 1000 --workers 1", "benchmarks.soak_driver"
    )
    try:
        place.until(lambda trials: bool(training(trials)), stopped)
        stop = called("stop crash", place.url)
        assert stop.code == 0, stop.text
        assert "asked study 'crash' to stop; go on later with `perceptuna resume crash" in stop.text
        assert stopped.end() == 130, stopped.text()
    finally:
        stopped.process.kill()
        stopped.process.wait()
    assert in_state(place.trials(), TrialState.RUNNING) == []
    assert "go on with: perceptuna resume crash" in stopped.text()
