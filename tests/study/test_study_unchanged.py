"""A study goes on with data that is read as it was when the study began, or is refused with what changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from study_fakes import SPACE

from search.data import DataSpec
from search.errors import DataError, InputError
from search.settings.settings import StudySettings
from search.study.creation import create_study
from search.study.data_cache import prepare_again, prepare_data
from search.study.unchanged import unchanged_data
from storage import StorageURL


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> StudySettings:
    folder = tmp_path_factory.mktemp("unchanged") / "my data"
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 256, size=(60, 4, 4), dtype=np.uint8)
    np.savez(folder / "rows.npz", x=images, y=np.arange(60) % 3)
    return StudySettings(data=str(folder / "rows.npz"), task="classification")


@pytest.fixture(scope="module")
def spec(settings: StudySettings) -> DataSpec:
    return prepare_data(settings).spec


# What an earlier version of the program may have made of the very same file.
READ_BEFORE = {
    "another split": ({"given_validation": True}, "given validation: True -> False"),
    "other rows": ({"rows": {"train": 40, "validation": 10, "test": 10}}, "rows: train 40 -> 42"),
    "other classes": ({"class_names": ("0", "1", "two")}, "class '2' is new"),
    "classes in another order": ({"class_names": ("1", "0", "2")}, "in another order"),
    "labels of other rows": ({"class_counts": (19, 21, 20)}, "class '0' has 20 rows, 19 before"),
    "other pixels": ({"scale": 0.0123}, "scale: 0.0123 -> "),
    "another task": ({"task": "regression"}, "task: regression -> multiclass"),
}


@pytest.mark.parametrize("how", READ_BEFORE)
def test_data_that_is_read_in_another_way_is_refused_with_what_changed(
    tmp_path: Path, settings: StudySettings, spec: DataSpec, how: str
) -> None:
    changes, told = READ_BEFORE[how]
    before = DataSpec.model_validate({**spec.model_dump(), **changes})
    study = create_study("one", StorageURL.parse(str(tmp_path / "studies.db")), settings, SPACE, before)
    with pytest.raises(InputError, match="reads it in another way") as error:
        unchanged_data(study, settings)
    assert told in str(error.value)
    assert f"`perceptuna data show '{settings.data}' --task classification`" in str(error.value)


def test_the_last_digits_of_another_machine_are_no_change(
    tmp_path: Path, settings: StudySettings, spec: DataSpec
) -> None:
    before = spec.model_copy(update={"scale": spec.scale * (1 + 1e-12), "offset": spec.offset * (1 - 1e-12)})
    study = create_study("one", StorageURL.parse(str(tmp_path / "studies.db")), settings, SPACE, before)
    assert unchanged_data(study, settings).spec == spec


def test_data_is_prepared_again_only_as_it_was(settings: StudySettings, spec: DataSpec) -> None:
    rows = Path(settings.data)
    kept = rows.read_bytes()
    assert prepare_again(spec, settings).spec == spec
    try:
        np.savez(rows, x=np.zeros((60, 4, 4), np.uint8), y=np.arange(60) % 3)
        with pytest.raises(DataError, match=r"rows\.npz has changed meanwhile.*bring it back"):
            prepare_again(spec, settings)
        rows.unlink()
        with pytest.raises(DataError, match=r"cannot be prepared again: .*there is no such file"):
            prepare_again(spec, settings)
    finally:
        rows.write_bytes(kept)


def test_training_may_follow_in_the_process_that_prepared_the_data(tmp_path: Path) -> None:
    """TensorFlow takes its number of threads once, and preparing vectors is its first use: a process of its own."""
    np.savez(tmp_path / "rows.npz", x=np.random.default_rng(0).normal(size=(40, 3)), y=np.arange(40) % 2)
    code = (
        "import sys\n"
        "from search.study.data_cache import prepare_data\n"
        "from search.settings.settings import StudySettings\n"
        "from search.machine.tensorflow_start import start_tensorflow\n"
        "prepare_data(StudySettings(data=sys.argv[1], threads=3), before_training=True)\n"
        "start_tensorflow(3)\n"
        "import tensorflow as tf\n"
        "print(tf.config.threading.get_intra_op_parallelism_threads())\n"
        "start_tensorflow(2)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "rows.npz")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "3\n"
