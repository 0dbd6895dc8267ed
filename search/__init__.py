"""perceptuna: hyperparameter search for Keras multi-layer perceptrons.

What notebooks and scripts import is `perceptuna`, which stands on this.
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
