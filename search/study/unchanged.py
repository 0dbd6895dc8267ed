"""A study goes on only with the space and the data that it was started with; a refusal says what changed."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from search.errors import DataError, InputError
from search.settings.data_options import COLUMN_OPTIONS, SPLIT_OPTIONS, option_words
from search.study.data_cache import prepare_data
from spaces import SpaceError, load_space, preset_names

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.settings.settings import StudySettings
    from search.study.study import Study


def refuse_changed_space(study: Study, settings: StudySettings) -> None:
    """A file may have been edited. A preset belongs to the program: the study's own copy of it is used.

    Raises:
        InputError: it was edited, or no longer loads; with what changed.
    """
    if settings.space in preset_names() or not Path(settings.space).exists():
        return
    try:
        data = study.data
        now = load_space(settings.space)
        if settings.model is not None:
            now = now.for_network(settings.model)
        now, _ = now.restricted_to(data.task, data.kind, data.components)
    except SpaceError as error:
        shown = "\n".join(f"  {line}" for line in str(error).splitlines())
        raise InputError(f"the space file of study '{study.name}' no longer loads:\n{shown}") from None
    if now.fingerprint != study.space.fingerprint:
        raise InputError(
            _changed(
                f"space {settings.space}",
                study.space.diff(now),
                "undo the change, or take its trials over into a study of the new space: "
                f"`perceptuna run NEW --from {study.name}{study.url.option}`",
            )
        )


def unchanged_data(study: Study, settings: StudySettings) -> PreparedData:
    """The data of an existing study.

    Raises:
        InputError: it is not what the study was started with; with what changed.
    """
    from search.data import BUILTIN_SOURCES, spec_changes

    then = study.data
    try:
        now = prepare_data(settings, then.version, before_training=True)
    except DataError as error:
        if (
            settings.data in BUILTIN_SOURCES
            or os.path.exists(settings.data)
            or settings.data != study.settings.data
        ):
            raise
        # Where everything was moved together, it lies in the current folder.
        name = Path(settings.data).name
        place = shlex.quote(name) if os.path.exists(name) else "PATH"
        raise InputError(
            f"the data of study '{study.name}' is not where it was: {error}. If it was moved or renamed, name its new "
            f"place, which is checked and kept: `perceptuna resume {study.name} --data {place}{study.url.option}` "
            "(finalize, ablate, replay and export take --data as well)"
        ) from error
    changes = spec_changes(then, now.spec)
    if not changes:
        return now
    advice = "bring the old data back, or start a new study"
    if now.spec.fingerprint == then.fingerprint:
        advice = (
            "the content is the same, but this version of perceptuna reads it in another way; start a new study, and "
            f"look at what it makes of the data by `{_show(settings)}`"
        )
    raise InputError(_changed(f"data {settings.data}", changes, advice))


def _show(settings: StudySettings) -> str:
    """The command that shows the data of these settings, as one can type it."""
    options = (
        "target",
        "task",
        "target_transform",
        "separator",
        *COLUMN_OPTIONS,
        "weight",
        "image_size",
        *SPLIT_OPTIONS,
    )
    said = [(name, value) for name in options if (value := getattr(settings, name)) not in (None, (), "none")]
    words = ["perceptuna", "data", "show", settings.data, *(["--no-header"] if not settings.header else [])]
    return shlex.join([*words, *(word for name, value in said for word in option_words(name, value))])


def _changed(what: str, differences: list[str], advice: str) -> str:
    shown = "\n".join(f"  {line}" for line in differences[:20]) or "  its content"
    return f"{what} is not what the study was started with; {advice}. What changed:\n{shown}"
