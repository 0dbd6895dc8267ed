"""Models as `export` writes them, of networks that nobody trained: to answer takes no training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from search.data import DataRequest, DataSpec, attach_preprocessing, prepare
from search.models.export import write_model

ROWS = 200
_TOWNS = ("Ghent", "Lille", "Bonn")


def customers(rows: int = ROWS, seed: int = 0) -> dict[str, list[str]]:
    """Columns as a CSV file has them, of every kind; numbers in euros with decimal commas; some values missing."""
    random = np.random.default_rng(seed)
    euros = [
        f"€ {random.integers(1, 9)}.{random.integers(100, 999)},{random.integers(10, 99)}"
        for _ in range(rows)
    ]
    return {
        "id": [f"c-{number:05d}" for number in range(rows)],
        "age": ["" if number % 9 == 4 else str(random.integers(18, 80)) for number in range(rows)],
        "income": euros,
        "town": [_TOWNS[random.integers(3)] for _ in range(rows)],
        "member": [str(bool(random.integers(2))).lower() for _ in range(rows)],
        "since": [f"{random.integers(1, 29):02d}.{random.integers(1, 13):02d}.2019" for _ in range(rows)],
        "debt": [f"{random.normal(5, 2):.3f}" for _ in range(rows)],
        "left": [("yes", "no", "maybe")[random.integers(3)] for _ in range(rows)],
    }


def write_csv(path: Path, columns: dict[str, list[str]], separator: str = ";") -> Path:
    lines = [columns.keys(), *zip(*columns.values(), strict=True)]
    path.write_text("".join(separator.join(line) + "\n" for line in lines), encoding="utf-8")
    return path


def saved_model(path: Path, request: DataRequest) -> tuple[Any, DataSpec]:
    """Write `path` and the facts beside it; the model as Keras has it, and its data."""
    import keras

    spec = prepare(request, path.parent / "cache").spec
    units = len(spec.class_names) if spec.task == "multiclass" else 1
    ends = {"multiclass": "softmax", "binary": "sigmoid", "regression": "linear"}
    keras.utils.set_random_seed(1)
    inputs = keras.Input(spec.input_shape, dtype="uint8" if spec.kind == "image" else "float32")
    features = keras.layers.Flatten()(keras.layers.Rescaling(spec.scale, spec.offset)(inputs))
    hidden = keras.layers.Dense(8, "tanh")(features)
    core = keras.Model(inputs, keras.layers.Dense(units, ends[spec.task])(hidden))
    model = attach_preprocessing(core, spec)
    write_model(path, {"perceptuna": "1", "data": json.loads(spec.model_dump_json())}, model)
    return model, spec
