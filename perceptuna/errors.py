"""Errors of the Python door, in one tree; what lies below it is turned into it here alone.

PerceptunaError
├── InputError           what was asked for cannot be: nothing was written
│   ├── DataError        ... of the rows
│   ├── SpaceError       ... of the space
│   ├── DatabaseUnusable ... of the database
│   └── StudyBusy        ... somebody else drives the study
├── StorageError         trouble with the database while it was used: the study can be resumed
├── CacheUnusable        the folder of prepared data takes none
├── ClusterLost          the cluster went away: the study can be resumed
├── MachineFault         this machine lets no worker start or no trial be trained: the study can be resumed
├── ServiceFault         a team's service cannot be reached, or fails
└── StudyStopped         the study cannot go on
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from search.errors import (
    CacheUnusable,
    ClusterLost,
    DataError,
    InputError,
    MachineFault,
    PerceptunaError,
    ServiceFault,
    StudyStopped,
)

__all__ = [
    "CacheUnusable",
    "ClusterLost",
    "DataError",
    "DatabaseUnusable",
    "InputError",
    "MachineFault",
    "PerceptunaError",
    "ServiceFault",
    "SpaceError",
    "StorageError",
    "StudyBusy",
    "StudyStopped",
]


class SpaceError(InputError):
    """A space, or a set of hyperparameters, is not one that can be searched."""


class DatabaseUnusable(InputError):
    """`storage` names nothing that can be used."""


class StudyBusy(InputError):
    """Another process, or another thread of this one, drives the study."""


class StorageError(PerceptunaError):
    """The database or the folder of artifacts failed while it was in use. What was told before is kept."""


@contextmanager
def one_tree() -> Iterator[None]:
    """Errors of spaces and of storage inside are those of this file, in the same words."""
    import spaces.errors
    import spaces.toml_document
    import storage.errors
    from search.machine.lacking import lacking

    try:
        yield
    except PerceptunaError:
        raise
    except (spaces.errors.SpaceError, spaces.toml_document.TomlError) as error:
        raise SpaceError(str(error)) from None
    except storage.errors.DatabaseUnusable as error:
        raise DatabaseUnusable(str(error)) from None
    except storage.errors.StudyBusy as error:
        raise StudyBusy(str(error)) from None
    except Exception as error:
        fault = storage.errors.translate(error)
        if fault is not None:
            raise StorageError(str(fault)) from error
        if refused := lacking(error, known=True):
            raise MachineFault(refused) from error
        raise
