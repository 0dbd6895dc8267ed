"""Run a study, look at it, and predict with its best model, from Python.

    python examples/study_from_python.py FOLDER

It trains for about half a minute; the study stays in FOLDER, where the notebook beside this file can look at it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import perceptuna as pt


def main(folder: Path) -> None:
    study = pt.search(
        "digits", name="digits", space="small", trials=8, epochs=5, storage=folder / "studies.db"
    )
    print(study)

    trials = study.trials_frame()
    print(trials.groupby("state")[["epochs", "seconds"]].agg(["count", "mean"]).round(2))
    print(study.history())

    model = study.best_model()  # takes images as they are; the preprocessing is part of it
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8, 1).astype(np.uint8)
    right = np.mean(model.predict(images) == labels)
    print(f"{right:.3f} of all digits are right, most of which it was trained on")


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(Path(sys.argv[1]))
