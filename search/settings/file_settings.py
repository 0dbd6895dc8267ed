"""Settings that name a file, each with the names of what needs none."""

from __future__ import annotations

from search.data import BUILTIN_SOURCES
from spaces import AUTO, baseline_names, preset_names

NAMES: dict[str, tuple[str, ...]] = {
    "data": BUILTIN_SOURCES,
    "validation": (),
    "test": (),
    "space": (AUTO, *preset_names()),
    "baselines": tuple(baseline_names()),
}
"""By setting, what comes with perceptuna; any other value is a path."""
