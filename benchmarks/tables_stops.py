"""What ending a training early keeps and saves, by curves of `benchmarks.tables_draws`, which nothing pruned."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np

from benchmarks.tables_curves import EPOCHS, PATIENCE, Draw

_AFTER = (5, 10, 15, 20, 30, 40)
_GO_ON = {"half": 1 / 2, "third": 1 / 3}
_PATIENCE = (5, 8, 10, 15)
_BEST = 0.1
_FEWEST = 10


def kept_table(draws: list[Draw]) -> Iterator[str]:
    """Markdown: of the best tenth on a table, how many are among the best when compared early, mean over the tables.

    By epochs, then by the seconds in which a typical training runs so many of its epochs.
    """
    yield f"| of the best tenth, among the best | {' | '.join(f'after {epochs}' for epochs in _AFTER)} |"
    yield "|---" * (1 + len(_AFTER)) + "|"
    for by_time in (False, True):
        for name, share in _GO_ON.items():
            cells = []
            for epochs in _AFTER:
                each = [_kept(of_table, epochs, share, by_time) for of_table in _by_table(draws)]
                cells.append(f"{statistics.mean(each):.0%} (least {min(each):.0%})" if each else "")
            yield f"| {name}{' by time' if by_time else ''} | {' | '.join(cells)} |"


def _kept(draws: list[Draw], epochs: int, share: float, by_time: bool) -> float:
    """Of one table."""
    typical = statistics.mean(draw.seconds / len(draw.curve) for draw in draws)
    upto = [round(epochs * typical * len(draw.curve) / draw.seconds) if by_time else epochs for draw in draws]
    early = [min(draw.curve[: max(1, to)]) for draw, to in zip(draws, upto, strict=True)]
    last = [min(draw.curve) for draw in draws]
    best = np.argsort(last)[: max(1, round(_BEST * len(draws)))]
    going_on = np.argsort(early, kind="stable")[: round(share * len(draws))]
    return len(np.intersect1d(best, going_on)) / len(best)


def patience_table(draws: list[Draw]) -> Iterator[str]:
    """Markdown: what less patience than they were trained with costs and saves."""
    yield f"| patience of {EPOCHS} epochs | % lost | of the best tenth | epochs saved, beside {PATIENCE} |"
    yield "|---" * 4 + "|"
    for patience in _PATIENCE:
        lost, of_best, saved = [], [], []
        for of_table in _by_table(draws):
            pairs = [_stopped(draw.curve, patience) for draw in of_table]
            best = np.argsort([min(draw.curve) for draw in of_table])[: max(1, round(_BEST * len(of_table)))]
            lost += [percent for percent, _ in pairs]
            of_best += [pairs[at][0] for at in best]
            saved += [share for _, share in pairs]
        if lost:
            of_best_text = f"{statistics.mean(of_best):.2f} (at most {max(of_best):.2f}, n = {len(of_best)})"
            yield (
                f"| {patience} | {statistics.mean(lost):.2f} | {of_best_text} | {statistics.mean(saved):.0%} |"
            )


def _stopped(curve: list[float], patience: int) -> tuple[float, float]:
    """How much worse in %, and which share of the epochs is saved, where Keras's EarlyStopping ends a curve."""
    best_at = 0
    for epoch, value in enumerate(curve):
        if value < curve[best_at]:
            best_at = epoch
        elif epoch - best_at >= patience:
            return 100 * (curve[best_at] / min(curve) - 1), 1 - (epoch + 1) / len(curve)
    return 0.0, 0.0


def _by_table(draws: list[Draw]) -> Iterator[list[Draw]]:
    for table in dict.fromkeys(draw.table for draw in draws):
        of_table = [draw for draw in draws if draw.table == table]
        if len(of_table) >= _FEWEST:
            yield of_table
