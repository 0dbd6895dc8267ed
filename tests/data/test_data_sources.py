"""Choosing a source: what is not there, what is not known, and options out of range."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from refusals import refused

from search.data import BUILTIN_SOURCES, DataRequest, fingerprint_source, read_source
from search.errors import DataError
from search.study.data_cache import cache_folder


def test_a_misspelt_built_in_set_is_suggested(tmp_path):
    refused(DataRequest("fashion-mnst"), tmp_path, "'fashion-mnst'", "did you mean 'fashion_mnist'?")


def test_a_misspelt_file_is_suggested(tmp_path):
    (tmp_path / "houses.csv").write_text("x,y\n1,2\n")
    refused(DataRequest(str(tmp_path / "house.csv")), tmp_path, "house.csv", "did you mean 'houses.csv'?")


def test_a_missing_folder_is_told(tmp_path):
    refused(DataRequest(str(tmp_path / "gone" / "rows.csv")), tmp_path, "gone", "check the path")


def test_an_unknown_ending_is_told(tmp_path):
    (tmp_path / "rows.xlsx").write_bytes(b"")
    refused(DataRequest(str(tmp_path / "rows.xlsx")), tmp_path, "'.xlsx'", ".parquet")


@pytest.mark.parametrize(
    ("option", "value"), [("target", "y"), ("separator", ","), ("image_size", (8, 8)), ("task", "regression")]
)
def test_options_that_do_not_apply_to_a_built_in_set_are_refused(tmp_path, option, value):
    refused(DataRequest("digits", **{option: value}), tmp_path, "digits")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"val_fraction": 0.0}, "val_fraction must be above 0"),
        ({"test_fraction": 0.9}, "at most 0.5"),
        ({"val_fraction": 0.5, "test_fraction": 0.5}, "for training"),
        ({"seed": -1}, "seed"),
        ({"separator": "ab"}, "separator must be one character"),
        ({"image_size": (0, 8)}, "image_size"),
        ({"image_size": (8,)}, "image_size"),
        ({"task": "ranking"}, "'ranking'"),
    ],
)
def test_options_out_of_range_are_refused(options, part):
    with pytest.raises(DataError, match=part):
        DataRequest("digits", **options)


def test_digits_are_read_without_network():
    raw = read_source(DataRequest("digits"))
    assert (raw.x.shape, raw.x.max(), raw.given_test) == ((1797, 8, 8, 1), 16, 0)
    assert fingerprint_source(DataRequest("digits")) == fingerprint_source(DataRequest("digits", seed=4))


def test_fashion_mnist_is_read_from_its_four_files_with_its_test_split(tmp_path, monkeypatch):
    folder = tmp_path / "keras" / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for prefix, count in (("train", 40), ("t10k", 20)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        with gzip.open(folder / f"{prefix}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(bytes(8) + labels.tobytes())
        with gzip.open(folder / f"{prefix}-images-idx3-ubyte.gz", "wb") as file:
            file.write(bytes(16) + np.repeat(labels, 784).tobytes())
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path / "keras"))
    raw = read_source(DataRequest("fashion_mnist"))
    assert (raw.x.shape, raw.given_test, raw.class_names[9]) == ((60, 28, 28, 1), 20, "Ankle boot")
    assert (raw.x[:, 0, 0, 0] == raw.y).all()


@pytest.mark.parametrize("name", [name for name in BUILTIN_SOURCES if name != "digits"])
def test_a_set_that_cannot_be_downloaded_names_the_place_for_its_files(name, tmp_path, monkeypatch):
    """A download fails by an address on this machine that nothing answers at, in place of the network."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path / "keras"))
    refused(
        DataRequest(name), tmp_path, name, "could not be downloaded", str(tmp_path / "keras"), "datasets/"
    )


def test_a_user_without_a_home_has_a_private_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is in containers; a folder that another user made first is not trusted."""
    monkeypatch.delenv("PERCEPTUNA_CACHE", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))

    def no_home(name: str) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("platformdirs.user_cache_path", no_home)
    folder = cache_folder()
    assert folder == cache_folder() == tmp_path / f"perceptuna-cache-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(DataError, match="set \\$PERCEPTUNA_CACHE to a folder of your own"):
        cache_folder()
