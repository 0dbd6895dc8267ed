"""Whether models of some data can have a temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search.data import DataSpec


def why_not_calibrated(data: DataSpec) -> str | None:
    """Why they have none, said of their study, or None."""
    if data.of_quantities:
        return "is a regression, which answers no probabilities"
    return "has several labels, whose probabilities no one number would correct" if data.targets else None
