"""NPZ files that claim, hide or break: refused before they are unpacked, never run, never a traceback."""

from __future__ import annotations

import io
import pickle
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from search.data import DataRequest, read_source
from search.data.reading.archive import Archive, open_archive
from search.errors import DataError

VECTORS = np.random.default_rng(0).normal(size=(40, 5))
LABELS = np.arange(40) % 2
TERABYTES = 10**13


def as_npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def header(shape, descr="<f8", version=(1, 0)):
    file = io.BytesIO()
    write = (
        np.lib.format.write_array_header_1_0 if version == (1, 0) else np.lib.format.write_array_header_2_0
    )
    write(file, {"shape": shape, "fortran_order": False, "descr": descr})
    return file.getvalue()


def archive_of(path, **files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.npy", content)
    return DataRequest(str(path))


def claim_size(path, name, size):
    """Let the archive's directory say that `name` unpacks to `size` bytes, in the fields of large files."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.getinfo(f"{name}.npy").file_size = size
        archive._didModify = True


def test_a_header_of_more_rows_than_the_file_holds_is_refused(tmp_path):
    request = archive_of(tmp_path / "a.npz", x=header((10**12, 5)) + bytes(400), y=as_npy(LABELS))
    with pytest.raises(DataError, match=r"1000000000000, 5.*400 bytes"):
        read_source(request)


def test_what_does_not_fit_into_memory_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.npz"
    rows = TERABYTES // 8
    request = archive_of(path, x=header((rows,)) + bytes(10_000_000), y=header((rows,), "|u1"))
    claim_size(path, "x", len(header((rows,))) + TERABYTES)
    claim_size(path, "y", len(header((rows,), "|u1")) + rows)
    assert path.stat().st_size < 20_000
    with pytest.raises(DataError, match=r"needs about .* GB of memory, but .* are free"):
        read_source(request)


def test_a_bomb_that_nobody_asked_for_is_not_unpacked(tmp_path, monkeypatch):
    request = archive_of(tmp_path / "a.npz", x=as_npy(VECTORS), y=as_npy(LABELS), z=as_npy(np.zeros(10**6)))
    opened = []
    read = Archive.read
    monkeypatch.setattr(Archive, "read", lambda self, name: opened.append(name) or read(self, name))
    assert (read_source(request).x == VECTORS).all()
    assert opened == ["x", "y"]


def test_no_pickle_is_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    objects = header((40,), "|O") + pickle.dumps([Trap()] * 40)
    for name in ("x", "y"):
        content = {"x": as_npy(VECTORS), "y": as_npy(LABELS), name: objects}
        with pytest.raises(DataError, match="can run code"):
            read_source(archive_of(tmp_path / "a.npz", **content))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "content",
    [
        header((40, 5)) + bytes(39 * 40),
        header((40, 5)) + bytes(41 * 40),
        header((-40, -5)) + bytes(1600),
        header((40, 5), "|V0"),
        b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 9000,
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b"{" * 9000,
        b"\x93NUMPY\x09\x00" + bytes(90),
        b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (40,".ljust(118),
        b"",
        b"text",
    ],
)
def test_an_array_that_is_not_what_its_header_says_is_refused(tmp_path, content):
    with pytest.raises(DataError, match="not a sound NPZ"):
        read_source(archive_of(tmp_path / "a.npz", x=content, y=as_npy(LABELS)))


def test_an_encrypted_archive_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    request = archive_of(path, x=as_npy(VECTORS), y=as_npy(LABELS))
    content = path.read_bytes().replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01")
    path.write_bytes(content.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"))
    with pytest.raises(DataError, match="encrypted"):
        read_source(request)


def test_text_that_is_none_is_refused(tmp_path):
    labels = np.frombuffer(np.full(40, 0x7FFFFFFF, dtype="<u4").tobytes(), dtype="<U1")
    with pytest.raises(DataError, match="do not exist"):
        read_source(archive_of(tmp_path / "a.npz", x=as_npy(VECTORS), y=as_npy(labels)))


@given(
    arrays.arrays(
        st.one_of(
            arrays.integer_dtypes(endianness="?"),
            arrays.unsigned_integer_dtypes(endianness="?"),
            arrays.floating_dtypes(endianness="?"),
            arrays.boolean_dtypes(),
            arrays.unicode_string_dtypes(endianness="?"),
            arrays.byte_string_dtypes(),
        ),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
    ),
    st.booleans(),
)
@settings(max_examples=60)
def test_every_array_comes_back_as_numpy_reads_it(tmp_path_factory, array, columns_first):
    path = tmp_path_factory.getbasetemp() / "back.npz"
    np.savez(path, x=np.asfortranarray(array) if columns_first else array)
    with open_archive(path) as archive:
        archive.header("x")
        back = archive.read("x")
    expected = np.load(path)["x"]
    assert (back.shape, back.dtype) == (expected.shape, expected.dtype.newbyteorder("="))
    assert back.tobytes() == expected.astype(back.dtype).tobytes()


SOUND = io.BytesIO()
np.savez_compressed(SOUND, x=VECTORS, y=LABELS)


@given(
    st.lists(st.tuples(st.integers(0, len(SOUND.getvalue()) - 1), st.integers(0, 255)), max_size=8),
    st.integers(0),
)
@example([], 100)
@settings(max_examples=150)
def test_a_damaged_archive_is_read_whole_or_refused(tmp_path_factory, flips, cut):
    content = bytearray(SOUND.getvalue())
    for place, value in flips:
        content[place] = value
    if 0 < cut < len(content):
        del content[cut:]
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(content)
    with suppress(DataError):
        raw = read_source(DataRequest(str(path)))
        assert (raw.x == VECTORS).all()
        assert (raw.y == LABELS).all()


@given(st.binary(max_size=400), st.binary(max_size=400))
@settings(max_examples=150)
def test_any_header_is_read_or_refused(tmp_path_factory, first, second):
    path = tmp_path_factory.getbasetemp() / "header.npz"
    for start in (b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00", b""):
        with suppress(DataError):
            read_source(archive_of(path, x=start + first, y=start + second))
