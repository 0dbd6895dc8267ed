"""Principal components: those of the exact decomposition, of the training rows alone, as initializers like inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.data import Components, DataRequest, prepare, searched_files
from search.data.preparing.components import COMPONENTS_FILE, fit_components
from search.errors import DataError
from spaces import MOST_COMPONENTS


def correlated_images(count: int, side: int, seed: int = 0) -> np.ndarray:
    """Smooth ones: neighbours are alike, so that the first components hold most of the variance."""
    random = np.random.default_rng(seed)
    walk = random.normal(size=(count, side, side, 3)).cumsum(axis=1).cumsum(axis=2)
    return np.clip(128 + 20 * walk, 0, 255).astype(np.uint8)


def exact(images: np.ndarray, scale: float, offset: float) -> tuple[np.ndarray, np.ndarray]:
    """Variances and directions by NumPy's singular value decomposition, float64."""
    x = images.reshape(len(images), -1).astype(np.float64) * scale + offset
    _, singular, directions = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    return singular**2 / len(x), directions.T


def test_all_components_of_small_images_are_the_exact_ones() -> None:
    images = correlated_images(500, 5)
    found = fit_components(images, np.arange(500), 1 / 60, -2.0)
    variances, directions = exact(images, 1 / 60, -2.0)
    assert found.directions.shape == (75, 75)
    assert found.variances == pytest.approx(variances, rel=1e-3, abs=1e-5)
    assert np.abs((found.directions * directions).sum(axis=0)[:40]) == pytest.approx(1, abs=1e-3)


def test_the_first_of_many_components_hold_as_much_as_they_can() -> None:
    """588 pixels, of which fewer directions are looked at and kept."""
    images = correlated_images(560, 14)
    found = fit_components(images, np.arange(560), 1 / 60, -2.0)
    variances, _ = exact(images, 1 / 60, -2.0)
    assert found.directions.shape == (588, MOST_COMPONENTS)
    assert np.allclose(found.directions.T @ found.directions, np.eye(MOST_COMPONENTS), atol=1e-4)
    for count in (16, 128, 256):
        assert found.variances[:count].sum() == pytest.approx(variances[:count].sum(), rel=1e-3)


def test_no_more_components_than_training_images() -> None:
    assert fit_components(correlated_images(30, 5), np.arange(12), 1 / 60, -2.0).variances.shape == (12,)


def test_images_of_one_grey_have_components_that_are_zero() -> None:
    grey = np.full((20, 4, 4, 1), 7, np.uint8)
    kernel, bias = fit_components(grey, np.arange(20), 1.0, -7.0).projection(4)
    assert np.isfinite(kernel).all()
    assert (grey.reshape(20, -1) - np.float32(7)) @ kernel + bias == pytest.approx(0)


def test_rows_outside_the_training_split_are_not_looked_at() -> None:
    images = correlated_images(300, 5)
    rows = np.random.default_rng(1).permutation(300)[:200]
    before = fit_components(images, rows, 1 / 60, -2.0)
    images[np.setdiff1d(np.arange(300), rows)] = 255
    after = fit_components(images, rows, 1 / 60, -2.0)
    assert np.array_equal(before.directions, after.directions)
    assert np.array_equal(before.mean, after.mean)


@pytest.mark.parametrize("count", [1, 8, 40])
def test_projected_rows_have_mean_zero_and_variance_one_over_all_components(count: int) -> None:
    images = correlated_images(500, 5)
    kernel, bias = fit_components(images, np.arange(500), 1 / 60, -2.0).projection(count)
    projected = (images.reshape(500, -1) / np.float32(60) - 2) @ kernel + bias
    assert projected.shape == (500, count)
    assert projected.mean(axis=0) == pytest.approx(0, abs=1e-4)
    assert projected.var() == pytest.approx(1, rel=1e-3)


def test_components_are_whitened_half_way() -> None:
    """Where one has four times the deviation of another, twice of it is left."""
    images = correlated_images(500, 5)
    found = fit_components(images, np.arange(500), 1 / 60, -2.0)
    kernel, bias = found.projection(40)
    projected = (images.reshape(500, -1) / np.float32(60) - 2) @ kernel + bias
    ratios = projected.std(axis=0) / np.sqrt(np.sqrt(found.variances[:40]))
    assert ratios == pytest.approx(ratios[0], rel=1e-2)


def test_directions_without_variance_are_left_out() -> None:
    """They would be divided by nearly nothing, and new images may well vary along them."""
    images = correlated_images(300, 4)
    images[:, 2:] = 90
    kernel, _ = fit_components(images, np.arange(300), 1 / 60, -2.0).projection(48)
    assert (np.abs(kernel).sum(axis=0) > 0).sum() == 24


@pytest.mark.parametrize("damage", [None, b"", b"not a zip file"])
def test_components_that_are_missing_or_damaged_are_refused(damage: bytes | None, tmp_path: Path) -> None:
    if damage is not None:
        (tmp_path / COMPONENTS_FILE).write_bytes(damage)
    with pytest.raises(DataError, match="prepare again"):
        Components.load(tmp_path)


def test_images_prepared_without_components_are_prepared_again(tmp_path: Path) -> None:
    folder = prepare(DataRequest("digits"), tmp_path).folder
    assert folder / COMPONENTS_FILE in searched_files(folder)
    before = Components.load(folder)
    (folder / COMPONENTS_FILE).unlink()
    assert prepare(DataRequest("digits"), tmp_path).folder == folder
    assert np.array_equal(Components.load(folder).directions, before.directions)


def test_tables_have_none(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b,y\n" + "".join(f"{i},{i % 7},{i % 2}\n" for i in range(60)))
    folder = prepare(DataRequest(str(tmp_path / "rows.csv"), target="y"), tmp_path / "cache").folder
    assert not (folder / COMPONENTS_FILE).exists()
    assert all(path.exists() for path in searched_files(folder))
