"""How much room trials take: in the database, and for their artifacts."""

from __future__ import annotations

import sqlite3
import zipfile

from search.study.study import Study
from storage import StorageURL, artifact_folder

_REPORTS = 200
_COPIES = 50


def database_bytes(study: Study) -> tuple[float, float, float]:
    """Bytes of a database without trials, of one trial without its epochs, and of one epoch's report.

    From what is written last of many: the first rows of a table do not fill the pages that it takes.
    """
    measured = [trial.optuna for trial in study.finished()]
    at_first = _pages(study)
    extra = study.optuna.ask()
    for epoch in range(_REPORTS):
        extra.report(0.5, epoch)
    epoch_bytes = (_pages(study) - at_first) / _REPORTS
    before = _pages(study)
    copies = measured * (-(-_COPIES // len(measured)))
    study.optuna.add_trials(copies)
    reports = sum(len(trial.intermediate_values) for trial in measured)
    trial_bytes = max(0.0, (_pages(study) - before) / len(copies) - epoch_bytes * reports / len(measured))
    return max(0.0, at_first - trial_bytes * len(measured) - epoch_bytes * reports), trial_bytes, epoch_bytes


def _pages(study: Study) -> int:
    """Bytes of the study's SQLite file, its write-ahead log included."""
    assert study.url.sqlite_path is not None
    connection = sqlite3.connect(study.url.sqlite_path)
    query = "select page_count * page_size from pragma_page_count(), pragma_page_size()"
    size = connection.execute(query).fetchone()[0]
    connection.close()
    return int(size)


def artifact_bytes(url: StorageURL, trials: int) -> tuple[float, float]:
    """Bytes of one trial's curves, and of the best model, of which a study keeps one."""
    files = [path for path in artifact_folder(url).iterdir() if path.is_file()]
    models = [path.stat().st_size for path in files if zipfile.is_zipfile(path)]
    total = sum(path.stat().st_size for path in files)
    return (total - sum(models)) / trials, float(max(models, default=0))
