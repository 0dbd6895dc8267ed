"""The metric as a user says it: by its name, by what mistakes cost, or as a function of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from search.errors import InputError
from search.settings.aims import RESOURCES
from search.settings.costs import COST, costs_said
from search.settings.own_metrics import DIRECTIONS, own_metric_in, own_metric_said

Said = Mapping[str, Any]


def metric_said(
    from_file: Said, command_line: Said, place: Callable[[str], str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of a file and of the command line, with a metric's whole name in place of `cost` and `direction`.

    Args:
        place: of an entry of the file, for messages.

    Raises:
        InputError: the costs are none, a function cannot be imported, or nobody says which way it is better.
    """
    direction = command_line.get("direction")
    if direction is not None and command_line.get("metric") is None and "metric" in from_file:
        from_file, command_line = {**from_file, "direction": direction}, {**command_line, "direction": None}
    return _one(from_file, place), _one(command_line, lambda option: f"--{option}")


def _one(said: Said, place: Callable[[str], str]) -> dict[str, Any]:
    """The first aim is the metric; with a metric alone there are no aims, whatever was said before it."""
    aims = [said["aims"]] if isinstance(said.get("aims"), str) else list(said.get("aims") or [])
    if not aims:
        settings = _of_metric(said, place)
        return settings if settings.get("metric") is None else {**settings, "aims": ()}
    if said.get("metric") not in (None, aims[0]):
        raise InputError(f"{place('metric')}: the first --aim is the metric; leave --metric out")
    settings = _of_metric({**said, "metric": aims[0]}, place)
    others = aims[1:]
    return {**settings, "aims": (settings["metric"], *others) if others or aims[0] in RESOURCES else ()}


def _of_metric(said: Said, place: Callable[[str], str]) -> dict[str, Any]:
    settings = {name: value for name, value in said.items() if name not in ("cost", "direction")}
    metric, cost, direction = settings.get("metric"), said.get("cost"), said.get("direction")
    if direction not in (None, *DIRECTIONS):
        raise InputError(f"{place('direction')}: expected maximize or minimize, but got '{direction}'")
    if cost is not None:
        settings["metric"] = f"val_{_of_costs(cost, metric, place('cost'))}"
    elif isinstance(metric, str) and ":" in metric and own_metric_in(metric.removeprefix("val_")) is None:
        settings["metric"] = f"val_{own_metric_said(metric.removeprefix('val_'), direction).name}"
        return settings
    if direction is not None:
        raise InputError(
            f"{place('direction')}: is said of a metric of your own alone, --metric module:function; leave it out"
        )
    return settings


def _of_costs(cost: Any, metric: Any, place: str) -> str:
    if metric not in (None, f"val_{COST}"):
        raise InputError(f"{place}: it is a metric itself, val_{COST}; leave out --metric {metric}")
    try:
        return costs_said(str(cost)).metric
    except ValueError as error:
        raise InputError(f"{place}: {error}") from None
