"""Before a search: what its rows hold, and what it will take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from perceptuna.errors import one_tree
from perceptuna.settings import Settings, plain
from search.given.asked import Rows

if TYPE_CHECKING:
    import pandas as pd

    from search.data import DataSummary
    from search.driving.remaining import Interval
    from search.forecast.forecast import Forecast
    from search.settings.settings import StudySettings

__all__ = ["Description", "Plan", "describe", "plan"]


def describe(data: Rows, y: Any = None, **settings: Unpack[Settings]) -> Description:
    """What rows hold, as a search would read them: what `perceptuna data show` does. Nothing is kept.

    Args:
        data, y, settings: as of `search`; those that say how rows are read and split matter here.

    >>> told = pt.describe(frame, target="kind")
    >>> told.rows, told.task, told.classes
    (100, 'binary', {'long': 50, 'short': 50})

    Raises:
        InputError: they are no rows, or cannot be read so.
    """
    from search.given.describing import described

    with one_tree():
        return Description(described(data, y, plain(settings)))


def plan(
    data: Rows = None,
    y: Any = None,
    *,
    config: str | Path | None = None,
    show: bool = True,
    **settings: Unpack[Settings],
) -> Plan:
    """What a search of the same words will take: what `perceptuna plan` does. Nothing is kept of it.

    A calibration of about a minute trains a few configurations. `study.plan()` forecasts one that is there.

    Args:
        data, y, config, settings: as of `search`.
        show: whether it says meanwhile what it does.

    >>> how = {"space": study.space, "trials": 4, "epochs": 1, "workers": 1}
    >>> ahead = pt.plan(frame, target="kind", show=False, **how)
    >>> ahead.trials, ahead.seconds.low <= ahead.seconds.middle <= ahead.seconds.high
    (4, True)

    Raises:
        InputError: what is asked for cannot be, or cannot be forecast.
    """
    from search.analysis.showing import write_line
    from search.forecast.plan import plan_rows

    with one_tree():
        file = None if config is None else Path(config)
        said = write_line if show else unsaid
        return Plan(None, *plan_rows(data, y, file, plain(settings), said))


class Description:
    """What `describe` found; it shows itself as `perceptuna data show` does.

    >>> pt.describe(frame, target="kind")
    data the DataFrame...
    """

    def __init__(self, record: DataSummary) -> None:
        self._record = record

    @property
    def rows(self) -> int:
        """How many there are, those of validation and test too.

        >>> pt.describe(frame, target="kind").rows
        100
        """
        return self._record.rows

    @property
    def task(self) -> str:
        """binary, multiclass or regression; multilabel or multioutput where several columns are targets.

        >>> pt.describe(frame, target="leaf").task
        'regression'
        """
        return self._record.task

    @property
    def classes(self) -> dict[str, int]:
        """How many rows each class has; empty where the target is a quantity, and where there are several.

        >>> pt.describe(frame, target="kind").classes
        {'long': 50, 'short': 50}
        """
        return dict(self._record.classes)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a search would leave out or treat in another way, and what to say for it not to.

        >>> pt.describe(frame.assign(id=range(100)), target="kind").notes[0]
        "column 'id' ..."
        """
        return self._record.notes

    def frame(self) -> pd.DataFrame:
        """The columns: a row for each, with its kind, how many values it lacks, how many it has, and which.

        >>> list(pt.describe(frame, target="kind").frame()["kind"])
        ['number', 'number']
        """
        import dataclasses

        import pandas as pd

        names = ["name", "kind", "missing", "distinct", "values"]
        rows = [dataclasses.astuple(column) for column in self._record.columns]
        return pd.DataFrame(rows, columns=names).set_index("name")

    def to_json(self) -> dict[str, Any]:
        """All of it, as `perceptuna data show --json` prints it.

        >>> pt.describe(frame, target="kind").to_json()["missing"]
        0
        """
        return self._record.to_json()

    def __repr__(self) -> str:
        from search.analysis.terminal.as_text import as_text
        from search.analysis.terminal.tables import data_view

        return as_text(data_view(self._record.source, self._record))

    def __dir__(self) -> list[str]:
        return [name for name in type(self).__dict__ if not name.startswith("_")]


class Plan:
    """What a study will take; it shows itself as `perceptuna plan` does.

    Forecasts have `low`, `middle` and `high`: nine in ten lie between the outer ones, if their assumptions hold.

    >>> pt.load_study("later").plan(trials=30)
    plan of later, from the ... trials of the study so far...
    """

    def __init__(self, name: str | None, record: Forecast, settings: StudySettings) -> None:
        self._name = name
        self._record = record
        self._settings = settings

    @property
    def trials(self) -> int:
        """How many are to come.

        >>> pt.load_study("later").plan(trials=30).trials > 20
        True
        """
        return self._record.trials

    @property
    def seconds(self) -> Interval:
        """How long they take, on the clock. `timeout` may end them before.

        >>> pt.load_study("later").plan(trials=30).seconds.middle > 0
        True
        """
        return self._record.seconds

    @property
    def epochs(self) -> Interval:
        """How many epochs all of them train, together.

        >>> pt.load_study("later").plan(trials=30).epochs.middle > 20
        True
        """
        return self._record.epochs

    def to_json(self) -> dict[str, Any]:
        """All of it, as `perceptuna plan --json` prints it: pruned trials, memory and disk too.

        >>> pt.load_study("later").plan(trials=30).to_json()["workers"]
        1
        """
        return self._record.to_json()

    def __repr__(self) -> str:
        from search.analysis.terminal.as_text import as_text
        from search.forecast.view import forecast_view

        return as_text(forecast_view(self._name, self._record, self._settings))

    def __dir__(self) -> list[str]:
        return ["epochs", "seconds", "to_json", "trials"]


def unsaid(text: str) -> None:
    """Where nothing is shown."""
