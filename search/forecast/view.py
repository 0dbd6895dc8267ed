"""A forecast as text for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from search.analysis.terminal.tables import facts_table, plain_table
from search.driving.remaining import Interval, span
from search.forecast.forecast import Forecast
from search.settings.settings import StudySettings
from search.text.formats import clock, fine_size, plural
from search.text.printable import printable


def forecast_view(name: str | None, forecast: Forecast, settings: StudySettings) -> RenderableType:
    """`perceptuna plan`."""
    what = f"a new study of {settings.data}" if name is None else name
    head = Text.assemble(("plan of ", "dim"), (printable(what), "bold"), f", from {forecast.basis}")
    facts = facts_table()
    if forecast.split:
        facts.add_row("split", printable(forecast.split))
    facts.add_row("trials", f"{forecast.trials:,} on {plural(forecast.workers, 'worker')}")
    facts.add_row("wall time", span(forecast.seconds) + _cut(forecast))
    most = forecast.trials * settings.epochs
    facts.add_row("epochs", f"{_interval(forecast.epochs, '{:,.0f}')}, of at most {most:,}")
    facts.add_row("pruned", _interval(forecast.pruned, "{:.0%}"))
    if forecast.worker_memory is not None:
        facts.add_row("memory", f"{fine_size(forecast.worker_memory)} for each worker")
    if forecast.database_bytes is not None and forecast.artifact_bytes is not None:
        database, artifacts = fine_size(forecast.database_bytes), fine_size(forecast.artifact_bytes)
        facts.add_row("disk", f"database {database}, artifacts {artifacts}")
    return Group(head, facts, *_rungs(forecast), Text(_ASSUMPTIONS, style="dim"))


_ASSUMPTIONS = "What it assumes, and how far off it was: docs/forecast.md."


def _cut(forecast: Forecast) -> str:
    if forecast.timeout is None or forecast.timeout > forecast.seconds.high:
        return ""
    return f"; --timeout ends it at {clock(forecast.timeout)}"


def _rungs(forecast: Forecast) -> list[RenderableType]:
    if not forecast.rungs:
        return []
    rows = (
        ("all" if rung.bracket is None else str(rung.bracket), f"{rung.epoch:,}", f"{rung.trials:,.0f}")
        for rung in forecast.rungs
    )
    headers = ["bracket", "compared after epoch", "trials that come so far"]
    return [plain_table(headers, rows, right=range(3))]


def _interval(interval: Interval, form: str) -> str:
    low, middle, high = (form.format(bound) for bound in (interval.low, interval.middle, interval.high))
    return f"{middle} ({low} to {high})"
