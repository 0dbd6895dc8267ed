"""Event files, read back by TensorBoard itself, and seen in a browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from headless_chromium import NEEDS_CHROMIUM, launched
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util.tensor_util import make_ndarray

from search.analysis.tensorboard.runs import TrialWriter, write_study
from search.errors import InputError
from search.study.history import history_of
from search.study.study import Study


@pytest.fixture(scope="session")
def event_files(trained_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tensorboard") / "runs"
    assert write_study(trained_study, folder) == 6
    return folder


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder)).Reload()


def test_scalars_of_train_and_validation_are_those_of_the_history(
    trained_study: Study, event_files: Path
) -> None:
    best = trained_study.ranked()[0]
    history = history_of(trained_study, best)
    trial = event_files / f"trial-{best.number:05}"
    for part, prefix in (("train", ""), ("validation", "val_")):
        for name in ("loss", "accuracy"):
            events = read(trial / part).Scalars(name)
            assert [event.step for event in events] == list(range(1, len(history["loss"]) + 1))
            assert [event.value for event in events] == pytest.approx(history[f"{prefix}{name}"])
    result = read(trial)
    assert result.Scalars("best")[0].value == pytest.approx(best.value)
    assert result.Scalars("best")[0].step == best.best_epoch
    assert result.Scalars("parameters")[0].value == best.parameters


def test_the_hparams_tab_has_every_trial_with_what_was_tried(trained_study: Study, event_files: Path) -> None:
    experiment = metadata.parse_experiment_plugin_data(
        read(event_files).PluginTagToContent("hparams")[metadata.EXPERIMENT_TAG]
    )
    names = {info.name for info in experiment.hparam_infos}
    for trial in trained_study.finished():
        found = read(event_files / f"trial-{trial.number:05}").PluginTagToContent("hparams")
        start = metadata.parse_session_start_info_plugin_data(found[metadata.SESSION_START_INFO_TAG])
        assert set(start.hparams) == names
        assert start.hparams["width"].number_value == trial.params["width"]
        end = metadata.parse_session_end_info_plugin_data(found[metadata.SESSION_END_INFO_TAG])
        assert end.end_time_secs >= start.start_time_secs


def test_a_writer_is_used_epoch_by_epoch_and_leaves_out_what_is_not_finite(tmp_path: Path) -> None:
    """As a worker uses it: what has been written can be read while the trial runs."""
    with TrialWriter(tmp_path, 3, {"width": 32, "nesterov": True, "activation": "relu"}) as writer:
        writer.epoch(1, {"loss": 2.0, "val_loss": float("nan")})
        writer.epoch(2, {"loss": 1.0, "val_loss": 1.5})
        assert [event.value for event in read(tmp_path / "trial-00003" / "train").Scalars("loss")] == [2, 1]
        writer.end("pruned")
    assert [event.step for event in read(tmp_path / "trial-00003" / "validation").Scalars("loss")] == [2]


def test_a_folder_that_holds_something_is_refused(trained_study: Study, event_files: Path) -> None:
    with pytest.raises(InputError, match="new or empty folder"):
        write_study(trained_study, event_files)
    with pytest.raises(InputError, match="does not exist"):
        write_study(trained_study, event_files / "no" / "where")


def test_without_tensorboard_the_extra_is_named(
    trained_study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"perceptuna\[tensorboard\]"):
        write_study(trained_study, tmp_path / "runs")


@pytest.fixture(scope="session")
def weights(trained_study: Study, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What `--histograms` of the best trial says, and the folder of that trial."""
    best, folder = trained_study.ranked()[0], tmp_path_factory.mktemp("weights")
    words = ["tensorboard", "real", "-o", "runs", "--histograms", str(best.number)]
    done = subprocess.run(
        [sys.executable, "-m", "search", *words, "--storage", str(trained_study.url)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, folder / "runs" / f"trial-{best.number:05}"


def test_a_trial_that_is_trained_again_for_its_weights_is_the_stored_one(
    trained_study: Study, weights: tuple[str, Path]
) -> None:
    best, said = trained_study.ranked()[0], weights[0].splitlines()
    assert said[0].startswith(f"training trial {best.number} again for its weights: ")
    assert re.fullmatch(r"trained again in \d+\.\d s, with the start of TensorFlow", said[1])
    assert "is the same to the last bit" in said[2]
    assert said[3].startswith("wrote 6 trials; ")


def test_weights_of_each_epoch_and_the_model_lie_beside_the_trials_scalars(
    trained_study: Study, weights: tuple[str, Path]
) -> None:
    best = trained_study.ranked()[0]
    read_back = read(weights[1] / "train")
    epochs = list(range(1, (best.epochs or 0) + 1))
    assert [event.step for event in read_back.Scalars("loss")] == epochs
    for name in ("dense_1/kernel", "head/bias"):
        assert [event.step for event in read_back.Tensors(f"{name}/histogram")] == epochs
    first, *_, last = (
        make_ndarray(event.tensor_proto) for event in read_back.Tensors("head/kernel/histogram")
    )
    assert first[:, 2].sum() == last[:, 2].sum() > 0  # rows are left edge, right edge, count
    assert not np.array_equal(first, last)
    (model,) = read_back.Tensors("keras")
    layers = json.loads(make_ndarray(model.tensor_proto).item())["config"]["layers"]
    assert [layer["config"]["name"] for layer in layers][-1] == "head"
    assert any("dense_1" in node.name for node in read_back.Graph().node)
    # Further names would be further charts, of this trial alone.
    assert read_back.Tags()["scalars"] == read(weights[1].parent / "trial-00000" / "train").Tags()["scalars"]
    assert not [tag for tag in read_back.Tags()["tensors"] if tag.startswith("epoch_")]
    assert read(weights[1] / "validation").Tags()["tensors"] == []


def test_weights_of_a_trial_that_is_not_there_are_refused_and_nothing_is_written(
    trained_study: Study, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"--histograms: study .* has trials 0 to 5, but got 9"):
        write_study(trained_study, tmp_path / "runs", histograms=9)
    assert not (tmp_path / "runs").exists()


def test_writing_imports_no_tensorflow(trained_study: Study, tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from search.analysis.tensorboard.runs import write_study
from search.study.study import load_study
from storage import StorageURL
write_study(load_study("real", StorageURL.parse({str(trained_study.url.sqlite_path)!r})), Path("runs"))
print([name for name in ("tensorflow", "keras", "pandas") if name in sys.modules])
"""
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "[]\n", done.stderr


@NEEDS_CHROMIUM[0]
@NEEDS_CHROMIUM[1]
def test_tensorboard_shows_every_trial_in_its_hparams_tab(
    event_files: Path, unused_port: int, tmp_path: Path
) -> None:
    words = ["--logdir", str(event_files), "--host", "127.0.0.1", "--port", str(unused_port)]
    address = f"http://127.0.0.1:{unused_port}"
    program = [sys.executable, "-m", "tensorboard.main", *words]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(program, stdout=log, stderr=log)
    try:
        _wait_for(address)
        with launched("--no-proxy-server") as browser:
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.set_default_timeout(30_000)
            page.goto(f"{address}/#hparams")
            page.get_by_text("trial-00005").first.wait_for()
            assert page.get_by_text("best val_accuracy").count() >= 1
            page.goto(f"{address}/#timeseries")
            page.get_by_text("trial-00000/validation").first.wait_for()
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(address: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(300):
        try:
            opener.open(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("TensorBoard did not answer")
