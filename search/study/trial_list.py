"""Trials as a list shows them: a page of them is read, and of each what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search.study.study import Study
from storage.own_tables import in_one_transaction
from storage.trial_pages import trial_page

_SHOWN = ("epochs", "seconds", "reason")


@dataclass(frozen=True)
class ListedTrial:
    """One trial, as `TrialRecord` has it; `state` is its name in small letters."""

    number: int
    state: str
    value: float | None
    params: Mapping[str, Any]
    epochs: int | None
    seconds: float | None
    reason: str | None


def list_trials(study: Study, state: str | None, limit: int, offset: int) -> tuple[int, list[ListedTrial]]:
    """How many trials there are in `state`, or at all, and by number `limit` of them behind the first `offset`."""
    from optuna.trial import TrialState

    wanted = next((one for one in TrialState if one.name.lower() == state), None)
    if state is not None and wanted is None:
        return 0, []
    total, rows = in_one_transaction(
        study.storage,
        lambda connection: trial_page(connection, study.optuna._study_id, wanted, limit, offset, _SHOWN),
    )
    return total, [
        ListedTrial(
            row.number,
            row.state.name.lower(),
            row.value,
            row.params,
            *(row.attributes.get(key) for key in _SHOWN),
        )
        for row in rows
    ]
