"""One study's settings: every default, the settings file, and what is kept with the study."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from search.errors import InputError
from search.precision import PrecisionName
from search.usage import expectation
from spaces import TomlDocument, baseline_names, did_you_mean, preset_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from search.data import DataRequest

SamplerName = Literal["tpe", "random", "gp", "qmc", "cmaes"]
PrunerName = Literal["hyperband", "asha", "median", "none"]
TaskName = Literal["classification", "regression"]

_STUDY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?")
_IMAGE_SIZE = re.compile(r"(\d{1,4})x(\d{1,4})")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(MB|GB|MiB|GiB)", re.IGNORECASE)
_BYTES = {"mb": 10**6, "gb": 10**9, "mib": 2**20, "gib": 2**30}
_SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
# Fewer epochs without a better metric may be noise, however short the training.
_LEAST_PATIENCE = 10


def parse_duration(text: str | float) -> float:
    """Seconds of `90`, `90s`, `15m`, `2h` or `1d`.

    Raises:
        ValueError: anything else, or nothing.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        seconds = float(text)
    else:
        match = _DURATION.fullmatch(str(text).strip())
        if match is None:
            raise ValueError(f"expected a duration like 90s, 15m or 2h, but got '{text}'")
        seconds = float(match[1]) * _SECONDS[match[2]]
    if not 0 < seconds <= 366 * 86400:
        raise ValueError(f"expected a duration between 1s and 366d, but got '{text}'")
    return seconds


def parse_size(text: str | int) -> int:
    """Bytes of `800MB`, `1.5GB` or `2GiB`; a whole number is bytes.

    Raises:
        ValueError: anything else, or less than 1 MB.
    """
    if isinstance(text, int) and not isinstance(text, bool):
        count = text
    else:
        match = _SIZE.fullmatch(str(text).strip())
        if match is None:
            raise ValueError(f"expected a size like 2GB or 1.5GiB, but got '{text}'")
        count = round(float(match[1]) * _BYTES[match[2].lower()])
    if not 10**6 <= count <= 10**15:
        raise ValueError(f"expected a size of at least 1MB, but got '{text}'")
    return count


def parse_image_size(text: str) -> tuple[int, int]:
    """Height and width in pixels, of `32x48`.

    Raises:
        ValueError: anything else.
    """
    match = _IMAGE_SIZE.fullmatch(text)
    if match is None or not all(1 <= int(side) <= 1024 for side in match.groups()):
        raise ValueError(f"expected HEIGHTxWIDTH, each 1 to 1024, such as 32x32, but got '{text}'")
    return int(match[1]), int(match[2])


def _check_image_size(text: str | None) -> str | None:
    if text is not None:
        parse_image_size(text)
    return text


class StudySettings(BaseModel):
    """What a user can choose for a study; the field's description is the help text of its option."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    data: str = Field("digits", description="rows to learn from", min_length=1)
    target: str | None = Field(None, description="column to predict, for tables")
    task: TaskName | None = Field(None, description="inferred from the target when not given")
    header: bool = Field(True, description="first row of a CSV names the columns")
    separator: str | None = Field(None, description="between the columns of a CSV; found when not given")
    image_size: Annotated[str | None, AfterValidator(_check_image_size)] = Field(
        None, description="resize the images of a folder, in pixels: 32x48 is 32 high and 48 wide"
    )
    val_fraction: float = Field(0.15, ge=0.01, le=0.5, description="share of rows that trials are judged on")
    test_fraction: float = Field(0.15, ge=0.01, le=0.5, description="share of rows sealed until the end")
    space: str = Field("mlp", description="a preset (mlp, small, wide) or a TOML file", min_length=1)
    baselines: Annotated[str | None, Field(min_length=1)] = Field(
        None, description="known configurations to run first: cifar10_mlp or a TOML file"
    )
    allow_outside: bool = Field(False, description="run baselines that are outside the space too")
    trials: int = Field(50, ge=1, le=1_000_000, description="finished trials the study is to have")
    timeout: Annotated[
        float | None, BeforeValidator(lambda value: None if value is None else parse_duration(value))
    ] = Field(None, description="stop after this time of this command: 90s, 15m, 2h")
    epochs: int = Field(30, ge=1, le=100_000, description="most epochs of a trial")
    patience: int | None = Field(
        None, ge=1, le=100_000, description="epochs without a better metric before a trial ends"
    )
    metric: str | None = Field(None, description="what to optimise: val_accuracy, val_loss, val_mae …")
    sampler: SamplerName = Field("tpe", description="how configurations are chosen")
    pruner: PrunerName = Field("asha", description="how hopeless trials are ended early")
    seed: int = Field(0, ge=0, lt=2**32, description="of the split, the sampler and every trial")
    workers: int | None = Field(None, ge=1, le=1024, description="trials at the same time")
    precision: PrecisionName = Field(
        "auto",
        description="of matrix products; auto: bfloat16 for images of 784 values or more where the processor has it",
    )
    threads: int = Field(1, ge=1, le=1024, description="threads of each worker")
    trial_timeout: Annotated[
        float | None, BeforeValidator(lambda value: None if value is None else parse_duration(value))
    ] = Field(None, description="end a trial at the next epoch after this time; its best epoch so far counts")
    memory_limit: Annotated[
        int | None, BeforeValidator(lambda value: None if value is None else parse_size(value))
    ] = Field(None, description="of each worker: 2GB, 1.5GiB; a configuration that needs more is not trained")

    def data_request(self) -> DataRequest:
        """What `search.data` needs to know."""
        from search.data import DataRequest

        return DataRequest(
            source=self.data,
            target=self.target,
            task=self.task,
            header=self.header,
            separator=self.separator,
            image_size=parse_image_size(self.image_size) if self.image_size else None,
            val_fraction=self.val_fraction,
            test_fraction=self.test_fraction,
            seed=self.seed,
        )

    def patience_within(self, epochs: int) -> int:
        """The patience of a trial of at most so many epochs.

        By itself it grows with them: a tenth of the epochs ends good trainings, a third hardly any
        (docs/results/policies.md).
        """
        return self.patience or max(_LEAST_PATIENCE, math.ceil(epochs / 3))

    def with_absolute_paths(self) -> StudySettings:
        """Resuming from another folder must find the same files. Built-in names win over files of that name."""
        from search.data import BUILTIN_SOURCES

        builtin = {"data": BUILTIN_SOURCES, "space": preset_names(), "baselines": baseline_names()}
        changes = {
            name: str(Path(value).absolute())
            for name, known in builtin.items()
            if (value := getattr(self, name)) is not None and value not in known and os.path.exists(value)
        }
        return self.model_copy(update=changes)

    def changed(self, changes: dict[str, Any]) -> StudySettings:
        """With the values of some options in place of these.

        Raises:
            InputError: a value cannot be.
        """
        settings, _ = load_settings(None, {**self.model_dump(), **changes})
        return settings


def check_study_name(name: str) -> str:
    """`name`, when it is fit for file names and URLs.

    Raises:
        InputError: it is not.
    """
    if _STUDY_NAME.fullmatch(name) is None:
        raise InputError(
            f"study name: expected 1 to 100 letters, digits, '.', '_' or '-', beginning with a letter or digit, "
            f"but got {quote_name(name)}; try '{_safe_name(name)}'"
        )
    return name


def quote_name(name: str) -> str:
    """A name as it came, in quotes, on one line and not longer than a line."""
    return repr(name if len(name) <= 40 else name[:40] + "…")


def _safe_name(name: str) -> str:
    ascii_name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")
    return ascii_name[:100] or "my-study"


def load_settings(
    config: Path | None, command_line: dict[str, Any], inherited: Mapping[str, Any] | None = None
) -> tuple[StudySettings, dict[str, Any]]:
    """Settings from a TOML file and the command line, which wins.

    Args:
        command_line: option values by field name; None where the user gave none.
        inherited: what holds where neither says anything, in place of the defaults.

    Returns:
        The settings, and what the file says of the command itself (`storage`).

    Raises:
        InputError: all that is wrong, a line each.
    """
    from_file, line_of = _read_config(config) if config is not None else ({}, lambda key: None)
    storage = {"storage": from_file.pop("storage")} if "storage" in from_file else {}
    if not isinstance(storage.get("storage", ""), str):
        came = storage["storage"]
        raise InputError(
            f"{config}, line {line_of('storage')}: storage: expected text in quotes, but got {came!r}"
        )
    given = {name: value for name, value in command_line.items() if value is not None}
    try:
        return StudySettings.model_validate({**(inherited or {}), **from_file, **given}), storage
    except ValidationError as error:
        lines = [_explain(problem, given, config, line_of) for problem in error.errors()]
        raise InputError("\n".join(lines)) from None


def _read_config(path: Path) -> tuple[dict[str, Any], Any]:
    document = TomlDocument.read(path)
    return dict(document.entries), lambda key: document.line_of((key,))


def _explain(problem: Any, given: dict[str, Any], config: Path | None, line_of: Any) -> str:
    """One validation error as a sentence with its place: the option, or file and line."""
    key = str(problem["loc"][0])
    place = f"--{key.replace('_', '-')}" if key in given else f"{config}, line {line_of(key)}: {key}"
    if problem["type"] == "extra_forbidden":
        return f"{place}: no such setting{did_you_mean(key, [*StudySettings.model_fields, 'storage'])}"
    return f"{place}: {expectation(problem)}"
