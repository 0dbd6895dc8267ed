"""Whom a command tells what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search.driving.progress import Progress
    from search.settings.settings import StudySettings
    from search.study.study import Study


@dataclass(frozen=True)
class Reporter:
    """A listener for remarks, and for what a driven study does.

    Attributes:
        say: told a line that a user should read.
        progress: makes the listener of a study's trials, once the study is there.
    """

    say: Callable[[str], None]
    progress: Callable[[Study, StudySettings], Progress]
