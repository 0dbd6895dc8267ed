"""Principal components of the training images, for networks that look at those in place of pixels."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np

from search.errors import DataError
from spaces import MOST_COMPONENTS

Array = np.ndarray[Any, Any]

COMPONENTS_FILE = "components.npz"
# Of the largest variance.
_NEGLIGIBLE = 1e-6
# More directions than are asked for, and rounds, make the last ones that are kept as good as the first.
_SPARE = 16
_ROUNDS = 2
# Of images as float32 at a time.
_BLOCK_BYTES = 100_000_000


@dataclass(frozen=True)
class Components:
    """The directions in which standardised pixels vary most, by falling variance; all float32.

    Shapes: mean (features,), variances (components,), directions (features, components), orthonormal. There are
    at most `MOST_COMPONENTS`, features or training images of them.
    """

    mean: Array
    variances: Array
    directions: Array

    def projection(self, count: int, whitening: float = 0.5) -> tuple[Array, Array]:
        """Kernel (features, count) and bias (count,) from standardised pixels to the first `count` components.

        Each component has mean 0. They are whitened half way: divided by the square root of their standard deviations.
        As they are, the first few would be all that a network sees at first; all alike, the last would be mostly noise
        (docs/results/components.md). One number more makes the mean of their variances 1, which initializers expect of
        inputs.

        Args:
            whitening: they are divided by this power of their standard deviations; 1 makes all alike.
        """
        variances = self.variances[:count].astype(np.float64)
        # Of what hardly varies, the variance is a matter of rounding.
        varies = variances > _NEGLIGIBLE * variances.max(initial=0.0)
        scale = np.where(varies, variances, 1.0) ** (-whitening / 2) * varies
        scale /= np.sqrt(np.mean(variances * scale**2)) or 1.0
        kernel = self.directions[:, :count] * scale.astype(np.float32)
        return kernel, -(self.mean @ kernel)

    def save(self, folder: Path) -> None:
        """As `components.npz` in `folder`."""
        with (folder / COMPONENTS_FILE).open("wb") as file:
            np.savez(file, mean=self.mean, variances=self.variances, directions=self.directions)
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote.

        Raises:
            DataError: it is not there, or damaged.
        """
        path = folder / COMPONENTS_FILE
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(**{name: arrays[name] for name in ("mean", "variances", "directions")})
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as exc:
            raise DataError(f"{path} cannot be read ({exc}); remove {folder} and prepare again") from exc


def component_count(features: int, rows: int) -> int:
    """How many components images of so many features have, by so many training rows."""
    return min(MOST_COMPONENTS, features, rows)


def fit_components(images: Array, rows: Array, scale: float, offset: float) -> Components:
    """Components of `images[rows]` as `x * scale + offset`.

    By subspace iteration from random directions, never with all pairs of pixels at once (Halko, Martinsson and Tropp
    2011, algorithm 4.4), so that time grows with the number of pixels and not with its cube. Seeded, and with the
    largest entry of each direction positive: the same images have the same components.

    Args:
        images: (images, height, width, channels) uint8.
        rows: int (rows,), those of the training split.
    """
    features = int(np.prod(images.shape[1:]))
    count = component_count(features, len(rows))
    standardised = _Standardised(images, rows, scale, offset)
    start = np.random.default_rng(0).standard_normal((features, min(features, count + _SPARE)), np.float32)
    basis = _orthonormal(start)
    for _ in range(_ROUNDS):
        basis = _orthonormal(standardised.covariance_times(basis))
    variances, rotation = np.linalg.eigh(basis.T @ standardised.covariance_times(basis))
    falling = np.argsort(variances)[::-1][:count]
    directions = basis @ rotation[:, falling]
    largest = np.abs(directions).argmax(axis=0)
    directions *= np.where(directions[largest, np.arange(count)] < 0, -1, 1)
    return Components(
        mean=standardised.mean.astype(np.float32),
        variances=np.maximum(variances[falling], 0).astype(np.float32),
        directions=np.ascontiguousarray(directions, dtype=np.float32),
    )


def _orthonormal(directions: Array) -> Array:
    """A basis of the same columns, made in their place: NumPy's QR would make float64 of them."""
    from scipy.linalg import qr

    basis, _ = qr(directions, overwrite_a=True, mode="economic", check_finite=False)
    return np.asarray(basis)


class _Standardised:
    """Training images as standardised float32 rows, a block at a time: all at once would be four times the file."""

    def __init__(self, images: Array, rows: Array, scale: float, offset: float) -> None:
        self._images, self._rows = images, np.sort(rows)
        self._scale, self._offset = np.float32(scale), np.float32(offset)
        self._features = int(np.prod(images.shape[1:]))
        self.mean = sum(block.sum(axis=0, dtype=np.float64) for block in self._blocks()) / len(rows)

    def covariance_times(self, basis: Array) -> Array:
        """The population covariance of the pixels times `basis`; both (features, directions) float32."""
        mean = self.mean.astype(np.float32)
        product = np.zeros_like(basis)
        for block in self._blocks():
            block -= mean
            product += block.T @ (block @ basis)
        return product / len(self._rows)

    def _blocks(self) -> Any:
        size = max(1, _BLOCK_BYTES // (4 * self._features))
        for start in range(0, len(self._rows), size):
            block = self._images[self._rows[start : start + size]].reshape(-1, self._features)
            yield block.astype(np.float32) * self._scale + self._offset
