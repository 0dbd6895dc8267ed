"""Where the facts of a model file are: in a JSON file beside it."""

from __future__ import annotations

from pathlib import Path


def facts_beside(output: Path) -> Path:
    """The file of a model's facts."""
    return output.with_suffix(".json")
