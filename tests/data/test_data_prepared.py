"""Prepared data on disk: written once, whole or not at all, the same from any process, with the test split sealed."""

from __future__ import annotations

import ast
import json
import os
import resource
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import search
from search.data import Components, DataRequest, DataSpec, load_prepared, prepare, read_source, spec_changes
from search.data.preparing.fitting import pixel_statistics
from search.data.preparing.sealed import open_test_split
from search.errors import CacheUnusable, DataError


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def digits(cache):
    return prepare(DataRequest("digits"), cache)


def test_digits_come_as_uint8_images_and_class_indices(digits):
    spec = digits.spec
    assert (spec.kind, spec.task, spec.input_shape) == ("image", "multiclass", (8, 8, 1))
    assert spec.class_names == tuple("0123456789")
    assert sum(spec.class_counts) == 1797 == spec.rows.train + spec.rows.validation + spec.rows.test
    x, y = digits.training()
    assert (x.shape, x.dtype, y.dtype) == ((spec.rows.train, 8, 8, 1), np.uint8, np.int32)
    assert isinstance(x, np.memmap)
    assert not x.flags.writeable


def test_pixels_of_the_training_rows_are_standardised(digits):
    x, _ = digits.training()
    entered = np.asarray(x, np.float64) * digits.spec.scale + digits.spec.offset
    assert (entered.mean(), entered.std()) == pytest.approx((0, 1), abs=1e-9)


def test_images_of_one_grey_are_no_division_by_zero():
    grey = np.full((20_000, 2, 2, 1), 7, np.uint8)
    assert pixel_statistics(grey, np.arange(20_000)) == (7.0, 1.0)


def test_the_parts_are_disjoint_and_complete(digits):
    parts = [digits.training(), digits.validation(), open_test_split(digits)]
    rows = np.concatenate([np.asarray(x).reshape(len(x), -1) for x, _ in parts])
    raw = read_source(DataRequest("digits")).x.reshape(1797, -1)
    assert sorted(map(bytes, rows)) == sorted(map(bytes, raw))


def test_the_same_request_is_not_prepared_again(digits, cache):
    before = digits.folder.stat().st_mtime_ns
    again = prepare(DataRequest("digits"), cache)
    assert again == digits
    assert again.folder.stat().st_mtime_ns == before


def test_another_seed_has_a_folder_of_its_own(digits, cache):
    assert prepare(DataRequest("digits", seed=1), cache).folder != digits.folder


def test_preparing_twice_gives_equal_bytes(digits, tmp_path):
    again = prepare(DataRequest("digits"), tmp_path)
    assert sorted(path.name for path in again.folder.iterdir()) == sorted(
        path.name for path in digits.folder.iterdir()
    )
    for path in digits.folder.iterdir():
        assert path.read_bytes() == (again.folder / path.name).read_bytes()


def test_many_at_once_agree_on_one_folder(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: prepare(DataRequest("digits"), tmp_path), range(4)))
    assert len({prepared.folder for prepared in found}) == 1
    assert list(tmp_path.iterdir()) == [found[0].folder]


def test_what_a_killed_process_left_is_removed_a_day_later(tmp_path):
    folder = prepare(DataRequest("digits"), tmp_path).folder
    shutil.rmtree(folder)
    old, new = tmp_path / f".{folder.name}-old", tmp_path / f".{folder.name}-new"
    for path in (old, new):
        path.mkdir()
    os.utime(old, (0, 0))
    prepare(DataRequest("digits"), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, new.name}


@pytest.mark.parametrize("name", ["train_y.npy", "components.npz"])
def test_an_incomplete_folder_is_prepared_again(tmp_path, name):
    prepared = prepare(DataRequest("digits"), tmp_path)
    (prepared.folder / name).unlink()
    with pytest.raises(DataError, match=f"lacks {name}"):
        load_prepared(prepared.folder)
    assert prepare(DataRequest("digits"), tmp_path).training()[1].shape == (prepared.spec.rows.train,)
    assert [path.name for path in tmp_path.iterdir()] == [prepared.folder.name]


def test_components_that_were_cut_off_are_fitted_again(tmp_path):
    prepared = prepare(DataRequest("digits"), tmp_path)
    path = prepared.folder / "components.npz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="or it is damaged"):
        load_prepared(prepared.folder)
    prepare(DataRequest("digits"), tmp_path)
    assert Components.load(prepared.folder).directions.shape == (64, 64)


def test_a_damaged_array_is_told(tmp_path):
    prepared = prepare(DataRequest("digits"), tmp_path)
    (prepared.folder / "train_x.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(DataError, match=r"train_x\.npy cannot be read"):
        prepared.training()


def test_a_folder_of_another_version_is_told(tmp_path):
    prepared = prepare(DataRequest("digits"), tmp_path)
    path = prepared.folder / "data.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
    with pytest.raises(DataError, match="not of this version"):
        load_prepared(prepared.folder)


def test_a_cache_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(CacheUnusable, match=r"cannot be written.*PERCEPTUNA_CACHE"):
        prepare(DataRequest("digits"), tmp_path / "cache")


def test_a_full_disk_is_told_and_nothing_is_left_on_it(mounted):
    """A real one: pages that are mapped and cannot be had are a signal, which no test of a fake would show."""
    cache = mounted("64k")
    with pytest.raises(
        CacheUnusable, match=r"0\.1 MB.*No space left on device; free some disk space, or name"
    ):
        prepare(DataRequest("digits"), cache)
    assert list(cache.iterdir()) == []


def test_a_limit_of_file_sizes_is_told_and_nothing_is_left(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(CacheUnusable, match=r"File too large; allow larger files \(ulimit -f\)"):
            prepare(DataRequest("digits"), tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_spec_survives_json(digits):
    assert DataSpec.model_validate_json(digits.spec.model_dump_json()) == digits.spec


def test_a_difference_is_told_in_words(tmp_path):
    def prepared(count, color, header="age,color,y"):
        rows = [f"{n % 50},{color[n % len(color)]},{'ab'[n % 2]}" for n in range(count)]
        path = tmp_path / "rows.csv"
        path.write_text("\n".join([header, *rows]))
        return prepare(DataRequest(str(path), target="y"), tmp_path / "cache").spec

    first = prepared(100, ["red", "green", "blue"])
    assert spec_changes(first, first) == []
    more = spec_changes(first, prepared(200, ["red", "green", "pink"]))
    assert "rows: train 70 -> 140" in more
    assert "column 'color' has 3 categories, 3 before, 2 of them the same" in more
    assert "column 'age' has other statistics" in more
    assert any("content" in sentence for sentence in more)
    other = spec_changes(first, prepared(100, ["red", "green", "blue"], "years,color,y"))
    assert "column 'age' is gone" in other
    assert "column 'years' is new" in other


def test_another_split_is_one_change_and_not_one_of_each_column(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(
        "age,size,y\n" + "".join(f"{i},{i * i % 7},{i % 2}\n" for i in range(100)), encoding="utf-8"
    )

    def prepared(seed):
        return prepare(DataRequest(str(path), target="y", seed=seed), tmp_path / "cache").spec

    assert spec_changes(prepared(0), prepared(1)) == ["seed of the split: 0 -> 1"]


def test_no_module_that_searches_opens_the_test_split():
    allowed = {Path("conclusion/confirmation/look.py")}
    root = Path(search.__file__).parent
    for path in root.rglob("*.py"):
        if path.relative_to(root) in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names = [node.value] if node.value in ("test_x.npy", "test_y.npy") else []
            assert not any(name.endswith(("data.sealed", ".npy")) for name in names), path


def test_importing_the_package_loads_nothing_heavy():
    heavy = ["tensorflow", "keras", "pandas", "sklearn", "PIL", "pyarrow", "optuna"]
    code = f"import sys, search.data; sys.exit(', '.join(set({heavy}) & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_reading_and_describing_a_table_needs_no_tensorflow(tmp_path):
    (tmp_path / "rows.csv").write_text("x,y\n" + "".join(f"{n},{n % 2}\n" for n in range(20)))
    code = (
        "import sys; from search.data import *; "
        f"describe(read_source(DataRequest({str(tmp_path / 'rows.csv')!r}, target='y'))); "
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
