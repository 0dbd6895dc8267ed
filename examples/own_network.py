"""Search a network of one's own: a small CNN with four hyperparameters of its own.

    python examples/own_network.py            # CIFAR-10, which Keras downloads
    python examples/own_network.py digits     # 8 x 8 pixels, in a minute

Workers import `build` by the name of this file, so that what searches stands below `if __name__ == "__main__"`, and
names the function.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras

import perceptuna as pt

SPACE = pt.Space(
    learning_rate=pt.log(3e-4, 1e-2),
    batch_size=[64, 128],
    schedule="cosine",
    extra={
        "filters": pt.log(8, 32),
        "kernel": [3, 5],
        "blocks": (1, 2),
        "dense_dropout": (0.0, 0.5),
    },
)


def build(hyperparameters: dict[str, Any], inputs: Any) -> keras.Model:
    """Blocks of a convolution and pooling, each with twice the filters of the last one, and one Dense layer."""
    layers = [
        keras.Input(inputs.shape, dtype=inputs.dtype),
        keras.layers.Rescaling(inputs.scale, inputs.offset),
    ]
    for block in range(hyperparameters["blocks"]):
        filters = hyperparameters["filters"] * 2**block
        layers += [
            keras.layers.Conv2D(filters, hyperparameters["kernel"], padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
        ]
    layers += [
        keras.layers.Flatten(),
        keras.layers.Dropout(hyperparameters["dense_dropout"]),
        keras.layers.Dense(inputs.units, activation=inputs.activation),
    ]
    return keras.Sequential(layers)


def search(data: str, **settings: Any) -> pt.Study:
    """The study of this network for images by name, or in a folder."""
    return pt.search(data, space=SPACE, model=f"{Path(__file__).stem}:build", **settings)


if __name__ == "__main__":
    study = search(sys.argv[1] if len(sys.argv) > 1 else "cifar10", trials=20, epochs=10)
    print(study.leaderboard())
