"""A study for a service: its settings checked here first, then its files sent, then handed in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from search.client.service_client import ServiceClient, StudyRow
from search.errors import InputError, PerceptunaError
from search.settings.data_options import option_of
from search.settings.file_settings import FILE_SETTINGS, names_of
from search.settings.settings import load_settings
from search.settings.study_name import check_study_name


def hand_in(
    client: ServiceClient,
    study: str,
    settings: Mapping[str, Any],
    config: Path | None = None,
    *,
    priority: int = 0,
    note: str = "",
    notify_url: str | None = None,
) -> StudyRow:
    """Hand `study` in. Files of this machine that its settings name are sent; other names are those of the service.

    Args:
        settings: by name, before those of the file `config`; None where nothing is said.

    Raises:
        InputError: what is asked for cannot be; nothing was handed in, and no file was left there.
        ServiceFault: the service cannot be reached, or fails.
    """
    check_study_name(study)
    checked = load_settings(config, dict(settings))
    # What the service has defaults for is left to it.
    given = checked.model_dump(mode="json", exclude_unset=True)
    files = _files_here(given)
    sent: dict[Path, str] = {}
    try:
        for path in files.values():
            if path not in sent:
                sent[path] = client.upload(path)
        named = {name: sent[path] for name, path in files.items()}
        return client.hand_in(study, {**given, **named}, priority=priority, note=note, notify_url=notify_url)
    except InputError as error:
        for upload in sent.values():
            with suppress(PerceptunaError):
                client.remove_upload(upload)
        _refuse_missing(given, str(error))
        raise


def _refuse_missing(settings: Mapping[str, Any], refused: str) -> None:
    """Where the service has `refused` the name of a file, say of one that is not here what is said of it here.

    Raises:
        InputError, SpaceError: it is not here.
    """
    from search.data.reading.source import missing
    from spaces import load_baselines, load_space

    name = next((one for one in FILE_SETTINGS if refused.startswith(f"{option_of(one)}: ")), None)
    value = settings.get(name or "")
    if name is None or not isinstance(value, str) or Path(value).exists():
        return
    match name:
        case "space":
            load_space(value)
        case "baselines":
            load_baselines(value)
        case _:
            raise InputError(f"{missing(value)}; the service has none of that name either")


def _files_here(settings: Mapping[str, Any]) -> dict[str, Path]:
    """By setting, those that are files of this machine: not folders, nor what comes with perceptuna."""
    named = {name: value for name in FILE_SETTINGS if isinstance(value := settings.get(name), str)}
    return {
        name: Path(value)
        for name, value in named.items()
        if value not in names_of(name) and Path(value).is_file()
    }
