"""Augmentation moves whole pixels, mirrors half of the images, and invents nothing."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from digits_spec import digits_spec

from search.training.graph.augmentation import augment_images
from search.training.graph.draws import Draws
from search.training.network.dimensions import largest_shift
from spaces import Hyperparameters


def augmented(images: np.ndarray, step: int, *, mirror: bool, most: tuple[int, int] = (2, 2)) -> np.ndarray:
    rows = tf.constant(images.reshape(len(images), -1))
    draws = Draws(tf.constant([5], tf.uint64), tf.constant(step, tf.uint64))
    pixels = tf.constant(most[0]), tf.constant(most[1])
    moved = augment_images(rows, images.shape[1:], draws, pixels, mirror)
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
def test_each_image_is_a_shift_with_zeros_moving_in(images: np.ndarray, mirror: bool) -> None:
    """At most 2 pixels in each direction, and all of them turn up in 64 images."""
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


def test_down_and_right_have_bounds_of_their_own_and_none_is_a_flip_alone(images: np.ndarray) -> None:
    moved = augmented(images, 1, mirror=False, most=(0, 3))
    ways = [moves(one, other, 3) for one, other in zip(images, moved, strict=True)]
    assert {down for ((down, _, _),) in ways} == {0}
    assert {right for ((_, right, _),) in ways} == {-3, -2, -1, 0, 1, 2, 3}
    flipped = augmented(images, 1, mirror=True, most=(0, 0))
    mirrored = [np.array_equal(one[:, ::-1], other) for one, other in zip(images, flipped, strict=True)]
    kept = [np.array_equal(one, other) for one, other in zip(images, flipped, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 16 < sum(mirrored) < 48


@pytest.mark.parametrize(
    ("shape", "augment", "shift", "pixels"),
    [
        ((32, 32, 3), "shift", 0.125, (4, 4)),
        ((28, 28, 1), "shift_flip", 0.1, (3, 3)),
        ((100, 50, 1), "shift", 0.29, (29, 14)),
        ((8, 8, 1), "shift", 0.01, (1, 1)),
        ((32, 32, 3), "flip", 0.125, (0, 0)),
        ((32, 32, 3), "none", 0.125, (0, 0)),
    ],
)
def test_the_largest_shift_is_a_share_of_each_side_in_whole_pixels_at_least_one(
    shape: tuple[int, ...], augment: str, shift: float, pixels: tuple[int, int]
) -> None:
    one = Hyperparameters.from_values({"augment": augment, "shift": shift})
    assert largest_shift(one, digits_spec(input_shape=shape)) == pixels


def test_tables_are_not_shifted() -> None:
    table = digits_spec(kind="table", input_shape=(9,))
    assert largest_shift(Hyperparameters(augment="shift"), table) == (0, 0)
