"""A configuration that is not trained, since it takes more than the settings allow; and when there are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.errors import StudyStopped
from search.study.trial_facts import TrialFacts, keep_facts

if TYPE_CHECKING:
    import optuna

    from search.settings.aims import Excess
    from search.study.study import Study

REFUSED_IN_A_ROW = 100
"""After so many the study stops: its space holds hardly anything that may be trained."""


def refuse(study: Study, trial: optuna.Trial, excess: Excess, facts: TrialFacts | None = None) -> None:
    """Tell `trial` as PRUNED with a constraint, from which `tpe` learns where not to look.

    Optuna's samplers ignore FAIL. It does not count toward the budget.
    """
    from optuna.trial import TrialState

    trial.set_constraint(excess.resource, excess.share)
    keep_facts(study.storage, trial._trial_id, {**(facts or {}), "infeasible": excess.reason})
    study.optuna.tell(trial, state=TrialState.PRUNED)


def too_many_refused(count: int, number: int, excess: Excess) -> StudyStopped:
    """Why the study stops at trial `number`, after so many."""
    return StudyStopped(
        f"the last {count} configurations are all too large for {excess.option} (trial {number} "
        f"{excess.reason}); raise it, or narrow width and depth in the space"
    )
