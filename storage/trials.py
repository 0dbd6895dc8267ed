"""Writes about one trial that belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


def set_trial_attributes(
    storage: BaseStorage, trial_id: int, user: dict[str, Any], system: dict[str, Any]
) -> None:
    """User and system attributes of a running trial, in one transaction.

    Args:
        storage: what `open_storage` returned. Its cache holds finished trials alone, so it can be passed by.
    """
    backend: Any = getattr(storage, "_backend", storage)
    backend.set_trial_attributes(trial_id, user, system)
