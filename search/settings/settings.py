"""One study's settings: every default, the settings file, and what is kept with the study."""

from __future__ import annotations

import math
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from search.errors import InputError
from search.machine.cores import available_cores
from search.machine.memory import WORKER_BYTES, total_memory
from search.settings.data_options import (
    COLUMN_OPTIONS,
    SPLIT_OPTIONS,
    ColumnNames,
    option_of,
    over,
    target_names,
)
from search.settings.own_policies import is_own
from search.settings.said_metric import metric_said
from search.text.quantities import parse_duration, parse_image_size, parse_size
from search.text.usage import expectation
from spaces import AUTO, DataKind, TomlDocument, baseline_names, did_you_mean, preset_for, preset_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from search.data import DataRequest

SAMPLERS = ("tpe", "nsgaii", "random", "gp", "qmc", "cmaes")
PRUNERS = ("hyperband", "asha", "median", "none")
TargetTransform = Literal["none", "log", "auto"]
TaskName = Literal["classification", "regression"]
PrecisionName = Literal["auto", "float32", "bfloat16"]

# What a setting without a default is, for who forgot it.
_REQUIRED = {"data": "rows to learn from (digits, FILE.csv, FILE.parquet, FILE.npz or a FOLDER of images)"}
# Settings that studies of earlier versions do not have.
_LATER = frozenset(
    (
        *COLUMN_OPTIONS,
        *SPLIT_OPTIONS,
        "split_seed",
        "target_transform",
        "weight",
        "folds",
        "model",
        "callbacks",
        "aims",
        "max_parameters",
        "max_latency",
        "max_bytes",
    )
)
_EPOCHS_OF: dict[DataKind, int] = {"image": 30, "vector": 60, "table": 60}
# Fewer epochs without a better metric may be noise, however short the training.
_LEAST_PATIENCE = 10


def _check_image_size(text: str | None) -> str | None:
    if text is not None:
        parse_image_size(text)
    return text


def _names_of_code(value: object) -> tuple[str, ...]:
    """One text, or several."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(one, str) and one.strip() for one in texts):
        raise ValueError(f"expected module:name, or several, but got {value!r}")
    return tuple(texts)


def _policy(names: tuple[str, ...], value: object) -> str:
    """One of `names`, or `module:name`."""
    if isinstance(value, str) and (value in names or is_own(value)):
        return value
    *others, last = (f"'{name}'" for name in names)
    module, dot, name = str(value).partition("(")[0].rpartition(".")
    meant = f" (did you mean '{module}:{name}'?)" if dot else did_you_mean(str(value), names)
    raise ValueError(
        f"expected {', '.join(others)} or {last}, or module:name of your own, but got {value!r}{meant}"
    )


def _names_of_aims(value: object) -> tuple[str, ...]:
    """One text, or several."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(one, str) and one.strip() for one in texts):
        raise ValueError(
            f"expected val_accuracy or the like, then parameters, latency or bytes, but got {value!r}"
        )
    return tuple(texts)


def _at_most(value: object) -> object:
    """Bytes of `200kB`, `2MB` or a number of them."""
    return None if value is None else parse_size(value, least=1)  # type: ignore[arg-type]


_Text = Annotated[str | None, Field(min_length=1)]
_NamesOfCode = Annotated[tuple[str, ...], BeforeValidator(_names_of_code)]
_Seconds = Annotated[
    float | None, BeforeValidator(lambda value: None if value is None else parse_duration(value))
]


class StudySettings(BaseModel):
    """What a user can choose for a study; the field's description is the help text of its option."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    data: str = Field(description="rows to learn from", min_length=1)
    target: Annotated[str | None, BeforeValidator(target_names)] = Field(
        None, description="column to predict, for tables; several, a,b or once for each, by one network"
    )
    task: TaskName | None = Field(
        None, description="classification or regression; inferred from the target when not given"
    )
    target_transform: TargetTransform = Field(
        "none",
        description="learn a quantity as it is, none, or its log; auto: log where that is much less skewed",
    )
    header: bool = Field(True, description="first row of a CSV names the columns")
    separator: str | None = Field(None, description="between the columns of a CSV; found when not given")
    drop: ColumnNames = Field((), description="columns of a table that are left out; a,b or once for each")
    category: ColumnNames = Field((), description="columns that are categories, whatever is in them")
    number: ColumnNames = Field((), description="columns that are numbers; what is none counts as missing")
    date: ColumnNames = Field((), description="columns that are dates; what is none counts as missing")
    weight: _Text = Field(
        None,
        description="column, or array of an NPZ file, that says how much each row counts, in training and in metrics",
    )
    text: ColumnNames = Field((), description="columns that are texts, read by their words")
    image_size: Annotated[str | None, AfterValidator(_check_image_size)] = Field(
        None, description="resize the images of a folder, in pixels: 32x48 is 32 high and 48 wide"
    )
    val_fraction: float = Field(0.15, ge=0.01, le=0.5, description="share of rows that trials are judged on")
    test_fraction: float = Field(0.15, ge=0.01, le=0.5, description="share of rows sealed until the end")
    group: _Text = Field(
        None, description="column whose equal values stay on one side of the split: customer"
    )
    time: _Text = Field(None, description="column of dates or numbers: the past trains, the latest rows test")
    split_column: _Text = Field(
        None, description="column that says which rows are for what: train, validation (or val), test"
    )
    validation: _Text = Field(None, description="file of the validation rows, with the same columns")
    test: _Text = Field(None, description="file of the test rows, with the same columns")
    split_seed: int | None = Field(
        None, ge=0, lt=2**32, description="of the split alone, which has that of --seed otherwise"
    )
    space: str = Field(
        AUTO,
        min_length=1,
        description="a preset (tables, mlp, small, wide), a TOML file, or auto: tables for tables and vectors, mlp for "
        "images",
    )
    model: Annotated[str | None, Field(min_length=1)] = Field(
        None, description="a function of your own that builds the network: module:name"
    )
    callbacks: _NamesOfCode = Field(
        (), description="a Keras callback of your own in every training: module:name; once for each"
    )
    known: bool = Field(
        True, description="begin with configurations that are known to be good, where the space has them"
    )
    baselines: Annotated[str | None, Field(min_length=1)] = Field(
        None, description="known configurations to run first: cifar10_mlp or a TOML file"
    )
    allow_outside: bool = Field(False, description="run baselines that are outside the space too")
    trials: int = Field(50, ge=1, le=1_000_000, description="finished trials the study is to have")
    timeout: _Seconds = Field(None, description="stop after this time of this command: 90s, 15m, 2h")
    epochs: int = Field(
        _EPOCHS_OF["image"],
        ge=1,
        le=100_000,
        description="most epochs of a trial",
    )
    patience: int | None = Field(
        None, ge=1, le=100_000, description="epochs without a better metric before a trial ends"
    )
    metric: str | None = Field(
        None, description="what to optimise: val_accuracy, val_rmse …, or module:function of your own"
    )
    aims: Annotated[tuple[str, ...], BeforeValidator(_names_of_aims)] = Field(
        (),
        description="in place of --metric, once for each of several aims: a metric first, then parameters, latency, "
        "bytes or another metric",
    )
    max_parameters: int | None = Field(
        None, ge=1, le=10**12, description="weights of a network at most; one of more is not trained"
    )
    max_latency: float | None = Field(
        None,
        gt=0,
        le=60_000,
        description="milliseconds a row at most, on one thread of a worker; a slower network is not trained",
    )
    max_bytes: Annotated[int | None, BeforeValidator(_at_most)] = Field(
        None, description="of a network's weights at most: 200kB, 2MB; one of more is not trained"
    )
    sampler: Annotated[str, BeforeValidator(partial(_policy, SAMPLERS))] = Field(
        "tpe",
        description="how configurations are chosen: tpe, nsgaii, random, gp, qmc, cmaes, or module:name of your own",
    )
    pruner: Annotated[str, BeforeValidator(partial(_policy, PRUNERS))] = Field(
        "asha",
        description="how hopeless trials are ended early: asha, hyperband, median, none, or module:name of your own",
    )
    folds: int | None = Field(
        None,
        ge=2,
        le=20,
        description="judge a trial by its mean over so many folds of training and validation rows",
    )
    seed: int = Field(0, ge=0, lt=2**32, description="of the split, the sampler and every trial")
    workers: int | None = Field(
        None,
        ge=0,
        le=1024,
        description="trials at the same time; 0: one, trained in the process of the command",
    )
    precision: PrecisionName = Field(
        "auto",
        description="of matrix products: float32, bfloat16 or auto, which is bfloat16 for images of 784 values or more "
        "where the processor has it",
    )
    threads: int = Field(1, ge=1, le=1024, description="threads of each worker")
    trial_timeout: _Seconds = Field(
        None, description="end a trial at the next epoch after this time; its best epoch so far counts"
    )
    memory_limit: Annotated[
        int | None, BeforeValidator(lambda value: None if value is None else parse_size(value))
    ] = Field(None, description="of each worker: 2GB, 1.5GiB; a configuration that needs more is not trained")

    @model_serializer(mode="wrap")
    def _written(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What came later is written only where it was said: a study without it is kept as it always was."""
        written: dict[str, Any] = write(self)
        return {name: value for name, value in written.items() if name not in _LATER or self._is_said(name)}

    def _is_said(self, name: str) -> bool:
        return bool(getattr(self, name) != type(self).model_fields[name].default)

    def data_request(self) -> DataRequest:
        """What `search.data` needs to know."""
        from search.data import DataRequest

        return DataRequest(
            source=self.data,
            target=self.target,
            task=self.task,
            target_transform=self.target_transform,
            header=self.header,
            separator=self.separator,
            drop=self.drop,
            category=self.category,
            number=self.number,
            date=self.date,
            text=self.text,
            image_size=parse_image_size(self.image_size) if self.image_size else None,
            val_fraction=self.val_fraction,
            test_fraction=self.test_fraction,
            seed=self.seed if self.split_seed is None else self.split_seed,
            group=self.group,
            time=self.time,
            split_column=self.split_column,
            validation=self.validation,
            test=self.test,
            weight=self.weight,
        )

    def local_workers(self) -> int:
        """Trials at the same time on this machine: by itself one a core, and never more than there are to train.

        By itself no more than memory holds, either: workers share the rows, so it is their own that counts.
        """
        if self.trains_here:
            return 1
        if self.workers is None:
            return min(available_cores(), max(1, total_memory() // WORKER_BYTES), self.trials)
        return min(self.workers, self.trials)

    @property
    def trains_here(self) -> bool:
        """Whether trials are trained in the process that drives the study."""
        return self.workers == 0

    @property
    def most_epochs(self) -> int:
        """Of a trial, those of all its folds together."""
        return self.epochs * (self.folds or 1)

    def patience_within(self, epochs: int) -> int:
        """The patience of a trial of at most so many epochs.

        By itself it grows with them: a tenth of the epochs ends good trainings, a third hardly any
        (docs/results/policies.md).
        """
        return self.patience or max(_LEAST_PATIENCE, math.ceil(epochs / 3))

    def for_data(self, kind: DataKind) -> StudySettings:
        """With what the kind of the data decides where the user has not: the space and the epochs."""
        changes: dict[str, Any] = {}
        if self.space == AUTO:
            changes["space"] = preset_for(kind)
        if "epochs" not in self.model_fields_set:
            changes["epochs"] = _EPOCHS_OF[kind]
        return self.model_copy(update=changes)

    def with_absolute_paths(self) -> StudySettings:
        """Resuming from another folder must find the same files. Built-in names win over files of that name."""
        from search.data import BUILTIN_SOURCES

        builtin = {"data": BUILTIN_SOURCES, "space": [AUTO, *preset_names()], "baselines": baseline_names()}
        builtin |= {"validation": (), "test": ()}
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
        return load_settings(None, {**self.model_dump(), **changes})


def load_settings(
    config: Path | None, command_line: dict[str, Any], inherited: Mapping[str, Any] | None = None
) -> StudySettings:
    """Settings from a TOML file and the command line, which wins.

    Args:
        command_line: option values by field name; None where the user gave none.
        inherited: what holds where neither says anything, in place of the defaults.

    Raises:
        InputError: all that is wrong, a line each.
    """
    from_file, line_of = _read_config(config) if config is not None else ({}, lambda key: None)
    from_file.pop("storage", None)
    from_file, command_line = metric_said(
        from_file, command_line, lambda key: f"{config}, line {line_of(key)}: {key}"
    )
    given = {name: value for name, value in command_line.items() if value not in (None, [])}
    try:
        return StudySettings.model_validate(over(over(inherited or {}, from_file), given))
    except ValidationError as error:
        lines = [_explain(problem, given, config, line_of) for problem in error.errors()]
        raise InputError("\n  ".join(lines)) from None


def storage_in(config: Path | None) -> str | None:
    """The `storage` that a settings file names: it is the command's, and no setting of the study.

    Raises:
        InputError: it is no text.
    """
    if config is None:
        return None
    entries, line_of = _read_config(config)
    storage = entries.get("storage")
    if storage is not None and not isinstance(storage, str):
        raise InputError(
            f"{config}, line {line_of('storage')}: storage: expected text in quotes, but got {storage!r}"
        )
    return storage


def _read_config(path: Path) -> tuple[dict[str, Any], Any]:
    document = TomlDocument.read(path)
    return dict(document.entries), lambda key: document.line_of((key,))


def _explain(problem: Any, given: dict[str, Any], config: Path | None, line_of: Any) -> str:
    """One validation error as a sentence with its place: the option, or file and line."""
    key = str(problem["loc"][0])
    if problem["type"] == "missing":
        return f"--{key}: expected {_REQUIRED[key]}, but nothing was given"
    place = option_of(key) if key in given else f"{config}, line {line_of(key)}: {key}"
    if problem["type"] == "extra_forbidden":
        return f"{place}: no such setting{did_you_mean(key, [*StudySettings.model_fields, 'storage'])}"
    return f"{place}: {expectation(problem)}"
