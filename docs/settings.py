"""The page of all settings of a study, from their fields: the site makes it anew (site_pages.py)."""

from __future__ import annotations

from typing import Any

from search.settings.settings import StudySettings

HEAD = """\
# Settings

What a user can choose for a study. Each is an option of [`perceptuna run`](commands.md#perceptuna-run)
(`--val-fraction`), a line of the file that `--config` names (`val_fraction = 0.2`), and an argument of
[`pt.search`](python.md#settings-and-space). What a study was started with is kept with it; `perceptuna show STUDY
--json` has it under `settings`. The command line wins over the file, and the file over these defaults.

| setting | what it is | default |
|---|---|---|
"""


def reference() -> str:
    """The page, in Markdown."""
    fields = StudySettings.model_fields
    return HEAD + "".join(
        f"| `{name}` | {field.description} | {_default(field.default, required=field.is_required())} |\n"
        for name, field in fields.items()
    )


def _default(value: Any, *, required: bool) -> str:
    if required:
        return "has to be said"
    if value is None or value == ():
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
