"""perceptuna: hyperparameter search for Keras multi-layer perceptrons.

In a notebook or a script:

    from search import load_study

    study = load_study("my-first")
    study                    # the leaderboard
    study.trials_frame()     # every trial as a row of a pandas DataFrame
    study.best_model()       # a keras.Model
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search.analysis.notebook import NotebookStudy

__all__ = ["load_study"]


def load_study(name: str, storage: str | Path | None = None) -> NotebookStudy:
    """A study to look at, running or finished. Reads only.

    Args:
        storage: a URL or an SQLite file; $PERCEPTUNA_STORAGE or `perceptuna.db` when not given, as for every
            command.

    Raises:
        InputError: there is no such study.
        DatabaseUnusable: there is no such database.
    """
    # Imported here: `import search` stays cheap.
    from search.analysis.notebook import open_study

    return open_study(name, storage)
