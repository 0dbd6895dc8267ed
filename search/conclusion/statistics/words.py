"""Differences in words: shares in points, other metrics in their own unit; ± is half a 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Mapping

from search.conclusion.statistics.intervals import Difference
from search.settings.metrics import direction_of, metric_of, sign_of
from search.text.formats import plural


def factor_sentence(factor: str, gain: Difference, metric: str, judged_by: str = "") -> str:
    """What one factor is worth: `gain` is `metric` with it minus without it.

    `dropout is worth 2.1 ± 0.4 points here`, `dropout costs 1.2 ± 0.4 points here`, or `dropout makes no
    difference that 5 seeds can show (+0.1 ± 0.4 points)`; `judged_by` in
    place of the seeds. A metric to be minimised is turned, so that what is worth something lowers it.
    """
    worth = sign_of(direction_of(metric)) * gain.mean
    if gain.half is None or gain.interval is None:
        return f"{factor} {_changes(worth, metric)} with {plural(gain.count, 'seed')}, too little to tell from chance"
    low, high = gain.interval
    if low <= 0 <= high:
        signed = amount(worth, gain.half, metric, signed=True)
        return (
            f"{factor} makes no difference that {judged_by or plural(gain.count, 'seed')} can show ({signed})"
        )
    verb = "is worth" if worth > 0 else "costs"
    return f"{factor} {verb} {amount(abs(worth), gain.half, metric)} here"


def amount(value: float, half: float | None, metric: str, *, signed: bool = False) -> str:
    """A difference of `metric`: `2.1 ± 0.4 points`, or `0.021 ± 0.004 of val_loss`."""
    scale, unit = unit_of(metric)
    digits = _digits(scale * (abs(value) if half is None else half), metric)
    rounded = round(scale * value, digits) + 0.0  # there is no negative zero
    text = f"{rounded:{'+' if signed else ''},.{digits}f}".replace("-", "−")
    spread = "" if half is None else f" ± {scale * half:,.{digits}f}"
    return f"{text}{spread} {unit}"


def level(value: float, half: float | None, metric: str) -> str:
    """A value of `metric`: `56.2 ± 1.1 %`, or `2.41 ± 0.20`; with `half` None without ±."""
    scale, unit = (100.0, " %") if _is_share(metric) else (1.0, "")
    digits = _digits(scale * (abs(value) / 100 if half is None else half), metric)
    spread = "" if half is None else f" ± {scale * half:,.{digits}f}"
    return f"{scale * value:,.{digits}f}{spread}{unit}"


def level_beside(value: float, beside: Mapping[str, float], metric: str) -> str:
    """A value of `metric` and what is told beside it, by name: `0.2115 (accuracy 90.7 %)`."""
    told = ", ".join(f"{name.removeprefix('val_')} {level(of, None, name)}" for name, of in beside.items())
    return level(value, None, metric) + (f" ({told})" if told else "")


def level_between(value: float, interval: tuple[float, float] | None, metric: str) -> str:
    """A value of `metric` whose interval does not lie around it: `92.2 % (88.4 to 94.9)`."""
    if interval is None:
        return level(value, None, metric)
    scale, unit = (100.0, " %") if _is_share(metric) else (1.0, "")
    low, high = (scale * bound for bound in interval)
    digits = _digits((high - low) / 2, metric)
    return f"{scale * value:,.{digits}f}{unit} ({low:,.{digits}f} to {high:,.{digits}f})"


def _changes(worth: float, metric: str) -> str:
    if not worth:
        return "changes nothing"
    return f"{'gains' if worth > 0 else 'loses'} {amount(abs(worth), None, metric)}"


def unit_of(metric: str) -> tuple[float, str]:
    """What a difference of `metric` is multiplied by to be told, and its unit: 100 and `points` for shares."""
    return (100.0, "points") if _is_share(metric) else (1.0, f"of {metric}")


def _is_share(metric: str) -> bool:
    return metric_of(metric).unit != "its own"


def _digits(spread: float, metric: str) -> int:
    """Decimals that show two figures of `spread`; of points one figure, and tenths at least."""
    if not spread:
        return 1
    first = -math.floor(math.log10(spread))
    return min(12, max(1, first) if _is_share(metric) else max(0, first + 1))
