"""The cache folder says what it holds and is made smaller, and nobody loses data that is in use."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from search.data import DataRequest, PreparedData, prepare
from search.errors import DataError, InputError
from search.settings.settings import StudySettings
from search.study.cached_data import cache_limit, cached_data, clear_cache, keep_within
from search.study.data_cache import find_data, prepare_data, whole

DIGITS = StudySettings(data="digits")
DAY = 86400.0


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("PERCEPTUNA_CACHE", str(folder))
    monkeypatch.delenv("PERCEPTUNA_CACHE_LIMIT", raising=False)
    return folder


def prepared(cache: Path, seed: int = 0) -> PreparedData:
    return prepare(DataRequest("digits", seed=seed), cache)


def used(folder: Path, days_ago: float) -> None:
    """Let it have been used then."""
    then = time.time() - days_ago * DAY
    os.utime(folder / "data.json", (then, then))


def made_up(cache: Path, name: str, days_ago: float, size: int = 2_000_000) -> Path:
    """Something that looks like prepared data."""
    folder = cache / (name * 32)
    folder.mkdir(parents=True)
    (folder / "train_x.npy").write_bytes(b"0" * size)
    (folder / "data.json").write_text(json.dumps({"source": name, "kind": "table", "rows": {"train": 7}}))
    used(folder, days_ago)
    return folder


def test_what_is_there_is_told_with_size_use_and_whether_somebody_has_it(cache: Path) -> None:
    assert cached_data(cache) == []
    data, old = prepared(cache), made_up(cache, "a", 3)
    of_digits, of_old = cached_data(cache)
    assert (of_digits.source, of_digits.kind, of_digits.rows) == ("digits", "image", 1797)
    assert of_digits.bytes > 1797 * 64
    assert of_digits.in_use
    assert (of_old.folder, of_old.rows, of_old.in_use) == (old, 7, False)
    assert of_old.last_used == pytest.approx(time.time() - 3 * DAY, abs=60)
    del data
    assert not cached_data(cache)[0].in_use


def test_to_have_data_says_that_it_was_used(cache: Path) -> None:
    folder = prepared(cache).folder
    used(folder, 5)
    prepared(cache)
    assert cached_data(cache)[0].last_used == pytest.approx(time.time(), abs=60)


def test_data_that_another_process_has_stays_until_that_is_gone(cache: Path) -> None:
    folder = prepared(cache).folder
    code = (
        "import sys; from pathlib import Path; from search.data import load_prepared\n"
        "data = load_prepared(Path(sys.argv[1])); print('has it', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "has it\n"
        assert clear_cache(cache) == []
        assert keep_within(cache, 1) == []
        assert folder.is_dir()
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert [one.folder for one in clear_cache(cache)] == [folder]
    assert not folder.exists()


def test_what_was_not_used_for_longest_goes_first(cache: Path) -> None:
    oldest, older, new = (made_up(cache, name, days) for name, days in (("a", 9), ("b", 5), ("c", 1)))
    assert keep_within(cache, 100_000_000) == []
    assert [one.folder for one in keep_within(cache, 5_000_000)] == [oldest]
    assert [one.folder for one in clear_cache(cache, unused_for=3 * DAY)] == [older]
    assert [one.folder for one in cached_data(cache)] == [new]
    assert sorted(path.name for path in cache.iterdir()) == [new.name]


def test_preparing_data_makes_room_by_the_limit(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = made_up(cache, "a", 9)
    monkeypatch.setenv("PERCEPTUNA_CACHE_LIMIT", "1MB")
    data = prepare_data(DIGITS)
    assert data.folder.is_dir()
    assert not old.exists()


def test_nothing_else_below_the_folder_is_touched(cache: Path, tmp_path: Path) -> None:
    """A user may have named a folder with files of their own."""
    mine = made_up(tmp_path, "d", 9)
    own = cache / "thesis" / "data.json"
    own.parent.mkdir(parents=True)
    own.write_text("{}")
    (cache / ("e" * 32)).symlink_to(mine)
    (cache / ("f" * 32)).write_text("a file")
    assert clear_cache(cache) == []
    assert keep_within(cache, 1) == []
    assert own.exists()
    assert (mine / "data.json").exists()
    assert (cache / ("f" * 32)).exists()


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"rows": 3}'])
def test_damaged_data_is_told_and_removed(cache: Path, text: str | None) -> None:
    folder = made_up(cache, "a", 1)
    if text is None:
        (folder / "data.json").unlink()
    else:
        (folder / "data.json").write_text(text)
    (one,) = cached_data(cache)
    assert (one.source, one.rows, one.in_use) == (None, None, False)
    assert [removed.folder for removed in clear_cache(cache)] == [folder]


def test_received_data_and_what_is_known_of_sources_go_too(cache: Path) -> None:
    received = made_up(cache / "received", "a", 1)
    (cache / "known-sources").mkdir()
    assert [one.folder for one in clear_cache(cache)] == [received]
    assert not (cache / "known-sources").exists()


def test_a_study_whose_data_was_removed_prepares_it_again(cache: Path) -> None:
    data = prepared(cache)
    folder, spec = data.folder, data.spec
    del data
    assert len(clear_cache(cache)) == 1
    with pytest.raises(DataError):
        find_data(folder, spec.fingerprint)
    assert whole(PreparedData(folder, spec), DIGITS).folder == folder


def test_the_limit_is_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERCEPTUNA_CACHE_LIMIT", "2GB")
    assert cache_limit() == 2 * 10**9
    monkeypatch.setenv("PERCEPTUNA_CACHE_LIMIT", "much")
    with pytest.raises(InputError, match=r"\$PERCEPTUNA_CACHE_LIMIT: expected a size like 2GB .* 'much'"):
        cache_limit()
