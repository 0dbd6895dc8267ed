"""What a search of the example's convolutional network takes on CIFAR-10, and what it reaches.

    CIFAR10_JPEG=FOLDER python -m benchmarks.own_network [--quick] [--trials 4] [--epochs 3]

One worker trains `examples/own_network.py`: its space, pruning as usual. Of each trial its hyperparameters, its end,
its value and its seconds are kept, and the CPU seconds of all of it. The best value is the best of so many, so a lucky
one.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.datasets import CIFAR10_JPEG
from benchmarks.measure import command_line, write_result

_EXAMPLES = Path(__file__).parents[1] / "examples"


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    data = "digits" if arguments.quick else os.environ.get(CIFAR10_JPEG)
    if not data:
        raise SystemExit(f"set {CIFAR10_JPEG} to the folder with train/ and test/")
    row = searched(data, arguments.trials, arguments.epochs)
    print(f"best val_accuracy {row['best']:.4f}, {row['cpu']:.0f} CPU seconds for {row['epochs']} epochs")
    print("raw numbers:", write_result("own-network", [row], arguments.quick))


def searched(data: str, trials: int, epochs: int) -> dict[str, Any]:
    """One search in a folder that is thrown away."""
    sys.path.insert(0, str(_EXAMPLES))
    import own_network

    with tempfile.TemporaryDirectory() as folder:
        study = own_network.search(
            data,
            name="own",
            storage=f"sqlite:///{folder}/studies.db",
            metric="val_accuracy",
            trials=trials,
            epochs=epochs,
            workers=1,
            show=False,
        )
        tried, best = study.optuna.get_trials(), study.best.validation
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "data": "digits" if data == "digits" else "CIFAR-10 (JPEG)",
        "most_epochs": epochs,
        "best": best,
        "epochs": sum(trial.user_attrs["epochs"] for trial in tried),
        "cpu": round(sum(one.ru_utime + one.ru_stime for one in used), 1),
        "trials": [
            {
                "hyperparameters": trial.params,
                "value": trial.value,
                "end": trial.user_attrs["stop_reason"],
                "parameters": trial.user_attrs["parameters"],
                "seconds": trial.user_attrs["seconds"],
            }
            for trial in tried
        ],
    }


if __name__ == "__main__":
    main()
