"""Versions, processor and settings that the bits of a training depend on, beside hyperparameters, data, seed."""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from search.machine.importing import source_digest

if TYPE_CHECKING:
    from search.settings.settings import StudySettings

# Another one with whatever changes the bits of a training: 2 since moving statistics are without their initial values
# and metrics are summed in float64. Trials from before do not have it.
_TRAINING_CODE = "2"
_CPUINFO = Path("/proc/cpuinfo")


def training_environment(settings: StudySettings) -> dict[str, str]:
    """Versions, processor, precision and threads, and the user's own code, kept with each trial."""
    return {
        "training code": _TRAINING_CODE,
        "python": platform.python_version(),
        **{package: version(package) for package in ("tensorflow", "keras", "numpy")},
        "processor": processor(),
        "precision": settings.precision,
        "threads": str(settings.threads),
        **({} if settings.model is None else {"code of the model": source_digest(settings.model)}),
        **_code_of_callbacks(settings.callbacks),
    }


def _code_of_callbacks(names: tuple[str, ...]) -> dict[str, str]:
    return {"code of the callbacks": " ".join(map(source_digest, names))} if names else {}


def installed_versions() -> dict[str, str]:
    """What a driver and its workers must have in common: values and messages pass between them."""
    names = ("tensorflow", "keras", "numpy", "optuna", "distributed")
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        **{package: version(package) for package in names},
        "perceptuna": f"{program_version()} (code {_code()})",
    }


def program_version() -> str:
    """The version that is installed, or `unknown` in a bare checkout."""
    try:
        return version("perceptuna")
    except PackageNotFoundError:
        return "unknown"


@lru_cache(maxsize=1)
def _code() -> str:
    """Two checkouts may have one version."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[2]
    for package in ("search", "spaces", "storage"):
        for path in sorted((root / package).rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def differences(then: dict[str, str], now: dict[str, str]) -> list[str]:
    """`tensorflow 2.20.0 then, 2.21.0 now`, a line for each that is not the same."""
    names = sorted({*then, *now})
    return [
        f"{name} {then.get(name, 'unknown')} then, {now.get(name, 'unknown')} now"
        for name in names
        if then.get(name) != now.get(name)
    ]


def processor(cpuinfo: Path = _CPUINFO) -> str:
    """The model's name where the system tells it, else the architecture."""
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model"):
                return value.strip()
    return platform.processor() or platform.machine()
