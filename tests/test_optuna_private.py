"""storage/optuna_private.py lists what is used of Optuna's private names: each is there, and no other is used."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import optuna_dashboard
import pytest
from optuna.storages._cached_storage import _CachedStorage
from optuna_dashboard._inmemory_cache import InMemoryCache, _CachedExtraStudyProperty

from storage.optuna_private import PRIVATE

ROOT = Path(__file__).parents[1]
FILES = [
    path
    for folder in ("perceptuna", "search", "spaces", "storage")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def _rdb() -> optuna.storages.RDBStorage:
    return optuna.storages.RDBStorage("sqlite:///:memory:")


# Where a name is an attribute of objects: how to make one.
MADE: dict[str, Callable[[], Any]] = {
    "optuna.study.Study": optuna.create_study,
    "optuna.trial.Trial": lambda: optuna.create_study().ask(),
    "optuna.trial.FrozenTrial": lambda: optuna.trial.create_trial(value=0.0),
    "optuna.storages._cached_storage._CachedStorage": lambda: _CachedStorage(_rdb()),
    "optuna.samplers.TPESampler": optuna.samplers.TPESampler,
    "optuna.samplers.NSGAIISampler": optuna.samplers.NSGAIISampler,
    "optuna.samplers.RandomSampler": optuna.samplers.RandomSampler,
    "optuna.samplers.CmaEsSampler": optuna.samplers.CmaEsSampler,
    "optuna.pruners.HyperbandPruner": optuna.pruners.HyperbandPruner,
    "optuna_dashboard.wsgi": lambda: optuna_dashboard.wsgi(optuna.storages.InMemoryStorage()),
    "optuna_dashboard._inmemory_cache.InMemoryCache": InMemoryCache,
    "optuna_dashboard._inmemory_cache._CachedExtraStudyProperty": _CachedExtraStudyProperty,
}


@pytest.mark.parametrize("owner", PRIVATE)
def test_the_installed_versions_have_every_private_name(owner: str) -> None:
    found = MADE[owner]() if owner in MADE else pkgutil.resolve_name(owner)
    gone = [name for name in PRIVATE[owner] if not hasattr(found, name) and not _is_module(owner, name)]
    assert gone == [], f"{owner} has them no longer: {', '.join(gone)}"


def _is_module(owner: str, name: str) -> bool:
    try:
        importlib.import_module(f"{owner}.{name}")
    except ImportError:
        return False
    return True


def test_no_other_private_name_is_used() -> None:
    listed = {name for names in PRIVATE.values() for name in names}
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
    ours = {name for tree in trees.values() for name in _defined(tree)}
    for path, tree in trees.items():
        unknown = {name for name in _imported(tree) if name not in listed} | (
            _read(tree) - ours - listed - OF_OTHERS
        )
        assert unknown == set(), f"{path.relative_to(ROOT)} uses {', '.join(sorted(unknown))}"


# Of Python and of packages that are not Optuna.
OF_OTHERS = {"_call_flat", "_exit", "_fields", "_learning_rate"}


def _imported(tree: ast.AST) -> set[str]:
    """What is imported out of private modules of Optuna and its dashboard, or is private itself."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in (
            "optuna",
            "optuna_dashboard",
        ):
            private_module = any(part.startswith("_") for part in str(node.module).split("."))
            found |= {alias.name for alias in node.names if private_module or alias.name.startswith("_")}
    # A module out of which something listed is taken needs no line of its own.
    return found - {owner.rpartition(".")[2] for owner in PRIVATE}


def _read(tree: ast.AST) -> set[str]:
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return {name for name in names if name.startswith("_") and not name.endswith("__")}


def _defined(tree: ast.AST) -> set[str]:
    """Private names that a module gives itself: of functions, classes, fields, and attributes of `self`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found
