"""Augmentation moves whole pixels, mirrors half of the images, and invents nothing."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from search.training.augmentation import augment_images


def augmented(images: np.ndarray, counter: int, *, mirror: bool) -> np.ndarray:
    rows = tf.constant(images.reshape(len(images), -1))
    key, count = tf.constant([5], tf.uint64), tf.constant(counter, tf.uint64)
    moved = augment_images(rows, images.shape[1:], key, count, mirror)
    return moved.numpy().reshape(images.shape)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Every pixel differs from its neighbours and none is 0, so that a move can be told."""
    return np.random.default_rng(0).integers(1, 256, (64, 16, 16, 3), dtype=np.uint8)


def moves(image: np.ndarray, other: np.ndarray, most: int) -> list[tuple[int, int, bool]]:
    """Every (down, right, mirrored) that makes `other` of `image`."""
    found = []
    padded = {False: np.pad(image, ((most, most), (most, most), (0, 0)))}
    padded[True] = np.pad(image[:, ::-1], ((most, most), (most, most), (0, 0)))
    height, width = image.shape[:2]
    for mirrored, around in padded.items():
        for down in range(2 * most + 1):
            for right in range(2 * most + 1):
                if np.array_equal(around[down : down + height, right : right + width], other):
                    found.append((down - most, right - most, mirrored))
    return found


@pytest.mark.parametrize("mirror", [False, True])
def test_each_image_is_a_shift_of_up_to_an_eighth_with_zeros_moving_in(
    images: np.ndarray, mirror: bool
) -> None:
    """16 pixels: at most 2 in each direction; all nine-and-more combinations turn up in 64 images."""
    found = [
        moves(one, other, 2) for one, other in zip(images, augmented(images, 1, mirror=mirror), strict=True)
    ]
    assert all(len(ways) == 1 for ways in found)
    ways = [way for (way,) in found]
    assert {down for down, _, _ in ways} == {right for _, right, _ in ways} == {-2, -1, 0, 1, 2}
    mirrored = sum(flag for _, _, flag in ways)
    assert 16 < mirrored < 48 if mirror else mirrored == 0


def test_another_step_moves_otherwise_and_the_same_step_alike(images: np.ndarray) -> None:
    first = augmented(images, 1, mirror=True)
    assert np.array_equal(first, augmented(images, 1, mirror=True))
    assert not np.array_equal(first, augmented(images, 2, mirror=True))
