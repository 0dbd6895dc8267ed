"""What a trial reached in each aim of its study: one value each, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.settings.aims import BYTES, BYTES_OF_A_PARAMETER, PARAMETERS, RESOURCES


def metrics_among(aims: Sequence[str]) -> list[str]:
    """The metrics behind the first aim: their values at the best epoch are kept."""
    return [aim for aim in aims[1:] if aim not in RESOURCES]


def resources_of(stored: Mapping[str, Any]) -> dict[str, float]:
    """What a trial's network takes, by resource, as far as it is kept."""
    found = {name: float(stored[name]) for name in RESOURCES if stored.get(name) is not None}
    if PARAMETERS in found:
        found[BYTES] = found[PARAMETERS] * BYTES_OF_A_PARAMETER
    return found


def aim_values(aims: Sequence[str], value: float, stored: Mapping[str, Any]) -> list[float]:
    """One for each of `aims`, the first of which reached `value`.

    Args:
        stored: what is kept of the trial, metrics at its best epoch by their names.

    Raises:
        KeyError: one is not known.
    """
    known = {**stored, **resources_of(stored)}
    return [value, *(float(known[aim]) for aim in aims[1:])]
