"""What can go wrong, by who has to act. The command line alone turns these into exit codes.

PerceptunaError
├── InputError        the user's input is wrong: exit 2, nothing was written
│   └── DataError     ... in the data source (search/data)
├── CacheUnusable     the folder of prepared data takes none: exit 3, nothing was lost
├── ClusterLost       the cluster went away: exit 3, resumable
├── MachineFault      this machine lets no worker start or no trial be trained: exit 3, resumable
├── ServiceFault      a team's service cannot be reached, or fails: exit 3
└── StudyStopped      the study cannot go on: exit 1
"""

from __future__ import annotations


class PerceptunaError(Exception):
    """Base of every error that search raises on purpose."""


class InputError(PerceptunaError):
    """The user asked for something that cannot be: says what was expected, what came, what to do.

    Further lines of the message are indented by two blanks: another line break is taken for part of a name.
    """


class DataError(InputError):
    """The data source cannot be used as asked."""


class CacheUnusable(PerceptunaError):
    """Prepared data cannot be written, for a reason of the disk or the folder."""


class ClusterLost(PerceptunaError):
    """The cluster does not answer any more. What ran is run again when the study is resumed."""


class MachineFault(PerceptunaError):
    """The machine lets no worker start or no trial be trained: says what it refuses, and what to do."""


class ServiceFault(PerceptunaError):
    """A team's service cannot be reached, or fails. What was handed in to it before goes on there."""


class StudyStopped(PerceptunaError):
    """No trial of this study can succeed, so it must stop."""
