"""What early stopping costs and saves, by replay of recorded learning curves, none of which it ended.

    python -m benchmarks.patience

The curves are those of benchmarks/recorded: 384 configurations for 27 epochs on each of two data sets. Nothing is
trained.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.recorded import EPOCHS, FOLDER, configurations

PATIENCE = (3, 5, 7, 9, 10)
# Of all curves of a data set: those that a search is about.
TOP_SHARE = 0.1


@dataclass(frozen=True)
class Stopped:
    """What a patience does to one curve: the best value that it loses, and the share of epochs that it saves."""

    best: float
    lost: float
    saved: float


def stopped(curve: list[float], patience: int) -> Stopped:
    """As Keras's EarlyStopping, a higher value being better."""
    best, at = curve[0], 0
    ran = len(curve)
    for epoch, value in enumerate(curve):
        if value > best:
            best, at = value, epoch
        elif epoch - at >= patience:
            ran = epoch + 1
            break
    return Stopped(max(curve), max(curve) - best, 1 - ran / len(curve))


def lines(name: str) -> Iterator[str]:
    """Rows of a Markdown table, in points of accuracy and percent of the epochs."""
    curves = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["curves"]
    good = sorted((max(curve) for curve in curves.values()), reverse=True)[int(TOP_SHARE * len(curves))]
    schedules = [one.schedule for one in configurations()]
    for schedule in ("constant", "cosine"):
        chosen = [curve for index, curve in curves.items() if schedules[int(index)] == schedule]
        for patience in PATIENCE:
            found = [stopped(curve, patience) for curve in chosen]
            top = [100 * one.lost for one in found if one.best > good]
            lost = statistics.mean(100 * one.lost for one in found)
            saved = statistics.mean(100 * one.saved for one in found)
            of_top = f"{statistics.mean(top):.2f} (at most {max(top):.2f}, n = {len(top)})"
            yield f"| {name} | {schedule} | {patience} | {lost:.2f} | {of_top} | {saved:.0f} % |"


def main() -> None:
    print(
        f"| data | schedule | patience, of {EPOCHS} epochs | points lost | of the best tenth | epochs saved |"
    )
    print("|---" * 6 + "|")
    for name in ("cifar10", "fashion_mnist"):
        print("\n".join(lines(name)))


if __name__ == "__main__":
    main()
