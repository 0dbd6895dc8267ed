"""What early stopping costs and saves, by replay of recorded learning curves, none of which it ended.

    python -m benchmarks.patience

The curves are those of benchmarks/recorded: 384 configurations for 27 epochs on each of two data sets. Nothing is
trained.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.recorded import configurations, recorded

PATIENCE = (3, 5, 9)
# Of all curves of a data set: those that a search is about.
TOP_SHARE = 0.1


def stopped(curve: list[float], patience: int) -> tuple[float, float]:
    """Points of accuracy lost and percent of the epochs saved where Keras's EarlyStopping ends a curve."""
    best, at = curve[0], 0
    ran = len(curve)
    for epoch, value in enumerate(curve):
        if value > best:
            best, at = value, epoch
        elif epoch - at >= patience:
            ran = epoch + 1
            break
    return 100 * (max(curve) - best), 100 * (1 - ran / len(curve))


def lines(name: str) -> Iterator[str]:
    """Rows of a Markdown table, in points of accuracy and percent of the epochs."""
    curves = recorded(name)
    good = sorted(map(max, curves), reverse=True)[int(TOP_SHARE * len(curves))]
    for schedule in ("constant", "cosine"):
        chosen = [
            curve for one, curve in zip(configurations(), curves, strict=True) if one.schedule == schedule
        ]
        for patience in PATIENCE:
            lost, saved = zip(*(stopped(curve, patience) for curve in chosen), strict=True)
            top = [points for points, curve in zip(lost, chosen, strict=True) if max(curve) > good]
            of_top = f"{statistics.mean(top):.2f} (at most {max(top):.2f}, n = {len(top)})"
            yield (
                f"| {name} | {schedule} | {patience} | {statistics.mean(lost):.2f} | {of_top} "
                f"| {statistics.mean(saved):.0f} % |"
            )


def main() -> None:
    print("| data | schedule | patience | points lost | of the best tenth | epochs saved |")
    print("|---" * 6 + "|")
    for name in ("cifar10", "fashion_mnist"):
        print("\n".join(lines(name)))


if __name__ == "__main__":
    main()
