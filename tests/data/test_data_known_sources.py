"""A source that was hashed before is known by size, times and inode; whatever may have changed is hashed again."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from search.data.reading.images import fingerprint_folder
from search.data.reading.known_digests import FOLDER, SETTLED_SECONDS, WORTH_BYTES, KnownDigests

LARGE = b"a" * WORTH_BYTES


def later() -> float:
    """A minute on: files that were written just now have been left alone."""
    return time.time() + 60


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_bytes(LARGE)
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


class Reader:
    """Digests of one file, and how often it was read for them."""

    def __init__(self, cache: Path, path: Path) -> None:
        self.cache, self.path, self.reads = cache, path, 0

    def digest(self) -> str:
        return KnownDigests(self.cache, later).of(self.path, [self.path], self._read)

    def _read(self) -> str:
        self.reads += 1
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def test_a_file_is_read_once(cache: Path, file: Path) -> None:
    reader = Reader(cache, file)
    assert {reader.digest() for _ in range(3)} == {hashlib.sha256(LARGE).hexdigest()}
    assert reader.reads == 1
    assert KnownDigests(cache).of_file(file) == hashlib.sha256(LARGE).hexdigest()


def test_another_content_is_read_again_though_size_and_time_are_the_same(cache: Path, file: Path) -> None:
    reader, then = Reader(cache, file), file.stat()
    reader.digest()
    file.write_bytes(b"b" * WORTH_BYTES)
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert file.stat().st_mtime_ns == then.st_mtime_ns
    assert reader.digest() == hashlib.sha256(b"b" * WORTH_BYTES).hexdigest()
    other = file.with_name("other.csv")
    other.write_bytes(b"c" * WORTH_BYTES)
    os.utime(other, ns=(then.st_atime_ns, then.st_mtime_ns))
    os.replace(other, file)
    assert reader.digest() == hashlib.sha256(b"c" * WORTH_BYTES).hexdigest()
    assert reader.reads == 3


def test_what_was_written_just_now_is_not_kept(cache: Path, file: Path) -> None:
    """The next write may have the same time, on a file system whose clock is coarse."""
    assert SETTLED_SECONDS > 2
    assert KnownDigests(cache).of_file(file) == hashlib.sha256(LARGE).hexdigest()
    assert not cache.exists()


def test_what_changes_while_it_is_read_is_not_kept(cache: Path, file: Path) -> None:
    def read() -> str:
        file.write_bytes(b"b" * WORTH_BYTES)
        return "of what it was"

    assert KnownDigests(cache, later).of(file, [file], read) == "of what it was"
    assert not cache.exists()


def test_small_files_are_hashed_each_time(cache: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.csv"
    small.write_bytes(b"a,b\n")
    KnownDigests(cache, later).of_file(small)
    assert not cache.exists()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"seen": 1}', b"\xff"])
def test_what_is_no_whole_entry_is_not_believed(cache: Path, file: Path, damage: bytes) -> None:
    reader = Reader(cache, file)
    digest = reader.digest()
    (entry,) = (cache / FOLDER).iterdir()
    entry.write_bytes(damage)
    assert reader.digest() == digest
    assert reader.reads == 2
    assert str(file) not in entry.read_text()  # the cache does not tell where data is


def test_a_cache_that_cannot_be_written_keeps_nothing(cache: Path, file: Path) -> None:
    cache.write_bytes(b"in the way")
    reader = Reader(cache, file)
    assert reader.digest() == reader.digest()
    assert reader.reads == 2


def test_a_folder_of_images_is_known_until_one_of_them_changes(cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "animals"
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.png").write_bytes(LARGE)

    def digest(known: bool = True) -> str:
        return fingerprint_folder(folder, KnownDigests(cache if known else None, later))

    first = digest()
    assert digest() == digest(known=False) == first
    (folder / "dog" / "1.png").rename(folder / "dog" / "2.png")
    second = digest()
    assert second != first
    (folder / "cat" / "1.png").write_bytes(b"b" * WORTH_BYTES)
    third = digest()
    assert third == digest(known=False)
    assert len({first, second, third}) == 3
