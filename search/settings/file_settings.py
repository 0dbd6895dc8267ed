"""Settings that name a file, each with the names of what needs none."""

from __future__ import annotations

FILE_SETTINGS = ("data", "validation", "test", "space", "baselines")


def names_of(setting: str) -> tuple[str, ...]:
    """What comes with perceptuna for one of `FILE_SETTINGS`; any other value is a path."""
    from search.data import BUILTIN_SOURCES
    from spaces import AUTO, baseline_names, preset_names

    match setting:
        case "data":
            return BUILTIN_SOURCES
        case "space":
            return AUTO, *preset_names()
        case "baselines":
            return tuple(baseline_names())
        case _:
            return ()
