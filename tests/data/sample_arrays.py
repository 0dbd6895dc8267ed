"""Rows for files of arrays."""

from __future__ import annotations

import numpy as np

_random = np.random.default_rng(0)
VECTORS = _random.normal(size=(40, 5))
IMAGES = _random.integers(0, 256, size=(40, 4, 6), dtype=np.uint8)
LABELS = np.arange(40) % 2
