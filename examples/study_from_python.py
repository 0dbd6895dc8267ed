"""Run a study, look at it, and predict with its best model, from Python.

    python examples/study_from_python.py FOLDER

It trains for about half a minute; the study stays in FOLDER, where the notebook beside this file can look at it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from search import load_study


def main(folder: Path) -> None:
    database = folder / "studies.db"
    # Searching is the command's business: it starts worker processes, and can be killed and resumed.
    command = f"run digits --data digits --space small --trials 8 --epochs 5 --storage sqlite:///{database}"
    subprocess.run([sys.executable, "-m", "search", *command.split()], check=True)

    study = load_study("digits", database)
    print(study)

    trials = study.trials_frame()
    print(trials.groupby("state")[["epochs", "seconds"]].agg(["count", "mean"]).round(2))
    print(study.history(study.leaderboard()[0].trial))

    model = study.best_model()  # takes images as they are; the preprocessing is part of it
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8, 1).astype(np.uint8)
    predicted = np.argmax(model(images), axis=1)
    print(f"{np.mean(predicted == labels):.3f} of all digits are right, most of which it was trained on")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
