"""From what a user hands in to a study of the queue: validated by the rules and in the sentences of `perceptuna run`.

Nothing that a user sends is code, and no path leads out of the data folder and the user's own uploads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from search.driving.webhook import Webhook
from search.errors import InputError
from search.running.start import check_choices
from search.service.queue import QueuedStudy
from search.settings.data_options import COLUMN_OPTIONS, SPLIT_OPTIONS, option_of
from search.settings.file_settings import FILE_SETTINGS, names_of
from search.settings.settings import StudySettings, load_settings
from search.settings.study_name import check_study_name

UPLOAD = "upload:"
LARGEST_PRIORITY = 100

_NAMES_OF_COLUMNS = (*COLUMN_OPTIONS, *SPLIT_OPTIONS, "target", "weight", "separator")
# Kept beside the settings, since they may change while the study waits.
OF_THE_QUEUE = ("trials", "workers", "timeout")


def _text(text: str) -> str:
    """Raises ValueError where a database cannot hold `text`."""
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("expected text, but got half a sign of UTF-16 or a zero byte")
    return text


Note = Annotated[str, Field(max_length=2000), AfterValidator(_text)]


class HandedIn(BaseModel):
    """A study as it is handed in: `settings` are those of `perceptuna run`, by name, with `_` for `-`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    study: str
    settings: dict[str, Any]
    priority: int = Field(0, ge=-LARGEST_PRIORITY, le=LARGEST_PRIORITY)
    note: Note = ""
    notify_url: str | None = Field(None, max_length=2000)


def queued_study(
    given: HandedIn, owner: str, data: Path | None, upload: Callable[[str], Path], key: str | None = None
) -> QueuedStudy:
    """What `owner` hands in, all of it found to be possible; its data is read later.

    Args:
        data: the folder of data, None where there is none.
        upload: where the upload of an id is; raises InputError where there is none.
        key: by which the same is known when it is handed in twice.

    Raises:
        InputError, SpaceError, TomlError: what cannot be.
    """
    check_study_name(given.study)
    try:
        _text(json.dumps(given.settings, ensure_ascii=False))
    except ValueError as error:
        raise InputError(f"settings: {error}") from None
    settings = {name: value for name, value in given.settings.items() if value is not None}
    _refuse_code(settings)
    for name in FILE_SETTINGS:
        if isinstance(value := settings.get(name), str) and value not in names_of(name):
            settings[name] = str(_path(name, value, data, upload))
    read = load_settings(None, settings)
    if read.threads > 1:
        raise InputError("--threads: a slot of this service is one thread; ask for more workers")
    _refuse_to_train_here(read)
    check_choices(read)
    if given.notify_url is not None:
        Webhook.parse(given.notify_url)
    kept = {name: value for name, value in settings.items() if name not in OF_THE_QUEUE}
    return QueuedStudy(
        study=given.study,
        owner=owner,
        settings=json.dumps(kept),
        trials=read.trials,
        workers=read.workers,
        timeout=read.timeout,
        priority=given.priority,
        note=given.note,
        key=key,
        request=digest_of(given),
        notify=given.notify_url,
    )


def digest_of(given: HandedIn) -> str:
    """Tells one request from another."""
    told = given.model_dump(exclude={"notify_url"} if given.notify_url is None else None)
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _refuse_to_train_here(settings: StudySettings) -> None:
    if settings.trains_here:
        raise InputError("--workers: a service trains in worker processes, so expected at least 1, but got 0")


def _refuse_code(settings: dict[str, Any]) -> None:
    """Functions are named `module:function`, whatever setting takes one; names of columns and files may look alike."""
    for name, value in settings.items():
        texts = value if isinstance(value, list) else [value]
        for text in texts if name not in FILE_SETTINGS and name not in _NAMES_OF_COLUMNS else ():
            if isinstance(text, str) and ":" in text:
                raise InputError(
                    f"{option_of(name)}: a service runs no code of its users, so expected no ':', but got '{text}'"
                )


def _path(setting: str, value: str, data: Path | None, upload: Callable[[str], Path]) -> Path:
    """The file that a user named. It is resolved: what it leads to lies within, whatever links there are."""
    if value.startswith(UPLOAD):
        return upload(value.removeprefix(UPLOAD))
    option = option_of(setting)
    if data is None:
        raise InputError(
            f"{option}: this service has no folder of data; send the file, then name it by '{UPLOAD}ID', "
            f"or name one of {', '.join(names_of(setting)) or 'your uploads'}"
        )
    try:
        path = (data / value).resolve()
        there = path.is_relative_to(data.resolve()) and path.exists()
    except (OSError, ValueError, RuntimeError):
        there = False
    if not there:
        raise InputError(
            f"{option}: expected a file within the service's folder of data, but got '{value[:200]}'"
        )
    return path


def changed_budget(changes: dict[str, Any]) -> dict[str, Any]:
    """`changes` of trials, workers and timeout, validated as settings are; None for workers and timeout is no limit.

    Raises:
        InputError: a value cannot be.
    """
    said = {name: value for name, value in changes.items() if name in OF_THE_QUEUE}
    read = load_settings(None, {"data": "digits", **said})
    _refuse_to_train_here(read)
    return {name: None if value is None else getattr(read, name) for name, value in said.items()}
