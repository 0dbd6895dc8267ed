"""How to come to the same study again: commands, versions, fingerprints."""

from __future__ import annotations

import platform
import shlex
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from search.settings.data_options import option_words
from search.settings.settings import StudySettings
from search.study.study import Study
from search.study.trial_record import TrialRecord
from spaces import preset_names

_PACKAGES = ("perceptuna", "tensorflow", "keras", "optuna", "numpy")
SPACE_FILE = "space.toml"


@dataclass(frozen=True)
class Reproduction:
    """The same search anew (`run`), and what each command does where the study's database is.

    `versions` are of here and now; `made_by` is perceptuna's when the study was created; `trained_with` what the
    best trial says of its own process.
    """

    run: str
    with_database: list[tuple[str, str]]
    made_by: str
    versions: dict[str, str]
    trained_with: dict[str, str]
    fingerprints: dict[str, str]
    space: str
    space_is_a_file: bool


def reproduction_of(study: Study, best: TrialRecord | None) -> Reproduction:
    """Of `study`, whose best trial is `best`."""
    name, option = shlex.quote(study.name), study.url.option
    preset = study.settings.space in preset_names()
    with_database = [
        ("the leaderboard in the terminal", f"perceptuna show {name}{option}"),
        ("every trial in the browser", f"perceptuna dashboard{option}"),
    ]
    if best is not None:
        export = f"perceptuna export {name} --trial {best.number} -o {name}.keras{option}"
        with_database.insert(0, ("the best model as one file", export))
        replay = f"perceptuna replay {name} --trial {best.number}{option}"
        with_database.insert(1, ("the best trial trained again and compared, epoch by epoch", replay))
    return Reproduction(
        run=f"perceptuna run {shlex.quote(study.name + '-again')}{_options(study, preset)}",
        with_database=with_database,
        made_by=study.record.made_by or "unknown",
        versions={"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        trained_with={} if best is None else dict(best.environment),
        fingerprints={"data": study.data.fingerprint, "space": study.space.fingerprint},
        space=study.space.to_toml(),
        space_is_a_file=not preset,
    )


def _options(study: Study, preset: bool) -> str:
    """The settings that would not hold anyhow, as options of `run`."""
    settings, before = study.settings, study.record.continues
    words: list[str] = []
    for name, field in StudySettings.model_fields.items():
        value = getattr(settings, name)
        if name == "space" and not preset:
            value = SPACE_FILE
        if name == "data":
            words += ["--data", shlex.quote(str(value))]
        elif name == "header":
            words += ["--no-header"] * (not value)
        elif name == "known":
            words += ["--no-known"] * (not value)
        elif name == "allow_outside":
            words += ["--allow-outside"] * value
        elif name == "timeout" or value is None:  # the clock of another machine ends it elsewhere
            continue
        elif value != field.default or before is not None:  # what is not said is the earlier study's
            # The command line takes no bare number of bytes.
            said = f"{value / 10**6}MB" if name == "memory_limit" else value
            words += map(shlex.quote, option_words(name, said))
    if before is not None:
        words += ["--from", shlex.quote(before.study)] + ["--allow-different"] * bool(before.different)
    return "".join(f" {word}" for word in words)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
