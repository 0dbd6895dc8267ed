"""Predict with an exported model, which needs Keras and nothing of perceptuna.

    python examples/predict.py prices.keras prices.csv

Prints a line for each row of the table: the quantity, or the class and its probability. `prices.json`, which `export`
writes beside the model, says what the columns are.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def main(model_file: Path, table: Path) -> None:
    facts = json.loads(model_file.with_suffix(".json").read_text(encoding="utf-8"))
    rows = pd.read_csv(table, dtype=str, keep_default_na=False)
    with start_up_log_hidden():
        import keras
        import tensorflow as tf

        model = keras.saving.load_model(model_file)
        answers = np.asarray(model({key: tf.constant(value) for key, value in inputs(facts, rows).items()}))
    print("\n".join(written(answers, facts["data"].get("class_names") or [])))


def inputs(facts: dict[str, Any], rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """A column of the table for each input of the model, (rows, 1): float64 or text."""
    return {
        column["input_name"]: input_of(column, rows[column["name"]]) for column in facts["data"]["columns"]
    }


def input_of(column: dict[str, Any], texts: pd.Series) -> np.ndarray:
    if column["kind"] != "number":
        return texts.to_numpy(object)[:, None]
    if column["boolean"]:
        texts = texts.str.lower().replace({"true": "1", "false": "0"})
    return pd.to_numeric(texts, errors="coerce").to_numpy("float64")[:, None]


def written(answers: np.ndarray, class_names: list[str]) -> Iterator[str]:
    """`answers` is (rows, units): quantities, or probabilities (with two classes, of the second one)."""
    if not class_names:
        return (f"{answer:g}" for answer in answers[:, 0])
    if answers.shape[1] == 1:
        answers = np.concatenate([1 - answers, answers], axis=1)
    return (f"{class_names[best]},{row[best]:.4f}" for row in answers for best in [int(row.argmax())])


@contextmanager
def start_up_log_hidden() -> Iterator[None]:
    """TensorFlow's libraries write to standard error as they start, whatever they are asked. Errors are shown."""
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(shown, held.read())
            raise
        finally:
            os.dup2(shown, 2)
            os.close(shown)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
