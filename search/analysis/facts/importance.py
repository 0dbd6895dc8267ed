"""Which hyperparameters mattered in a study."""

from __future__ import annotations

import warnings

from search.analysis.facts.ped_anova import ped_anova
from search.study.study import Study
from search.study.trial_record import by_first_aim

_FEWEST_TRIALS = 20
# The paper's default is the best tenth; Optuna's documentation advises five trials or more in it.
_BEST_SHARE, _BEST_TRIALS = 0.1, 5


def importances(study: Study) -> list[tuple[str, float]]:
    """Parameters and their shares of the importance, most important first; the shares sum to 1.

    PED-ANOVA (Watanabe et al. 2023, arXiv:2304.10255) as Optuna computes it: how much the values of the best
    tenth of the complete trials differ from those of all. Empty below 20 complete trials, where chance would
    decide, and where the best tenth differs in nothing. Of several aims, by the first.
    """
    ranked = study.ranked()
    complete = len(ranked)
    if complete < _FEWEST_TRIALS:
        return []
    judged = study.optuna
    if study.not_comparable() or study.has_several_aims:
        import optuna

        judged = optuna.create_study(direction=study.direction)
        judged.add_trials([by_first_aim(trial) for trial in ranked])
    with warnings.catch_warnings():
        # It warns of parameters that few trials had (they count as unimportant), and of its own argument.
        warnings.simplefilter("ignore")
        found = ped_anova(judged, max(_BEST_SHARE, _BEST_TRIALS / complete))
    total = sum(found.values())
    return sorted(
        ((name, value / total) for name, value in found.items() if total),
        key=lambda item: (-item[1], item[0]),
    )
