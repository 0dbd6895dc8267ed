"""From which probability on a written model names the second of two classes: in its facts, and as a user says it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from search.errors import InputError
from search.settings.costs import costs_in
from search.study.study import Study
from search.study.trial_record import TrialRecord
from search.text.formats import number
from search.training.decision import FITTED_FOR, USUAL, Decision, usual_for

Threshold = float | str
"""A probability, or the metric that it is fitted for."""


def threshold_of(text: str, study: Study) -> Threshold:
    """What a user said of a model of `study`, by `--threshold`.

    Raises:
        InputError: it is neither, or the study's models name no class of two.
    """
    if study.data.task != "binary":
        what = "is a regression" if study.data.of_quantities else "has more than two classes"
        if study.data.task == "multilabel":
            what = "has several labels, each of which is answered above a probability of a half"
        raise InputError(
            f"--threshold: study '{study.name}' {what}, and a threshold parts two classes; leave it out"
        )
    if text in FITTED_FOR or _says_costs(text):
        return text
    try:
        said = float(text)
    except ValueError:
        said = math.nan
    if not 0 <= said <= 1:
        raise InputError(
            f"--threshold: expected a probability from 0 to 1, such as 0.3, or what it shall be best by, one of "
            f"{', '.join(FITTED_FOR)}; but got '{text}'"
        )
    return said


def _says_costs(text: str) -> bool:
    try:
        return costs_in(text) is not None
    except ValueError:
        return False


def threshold_of_trial(trial: TrialRecord, study: Study) -> Decision | float | None:
    """What the model of a trial answers by; None where that is 0.5, as it always is."""
    usual = usual_for(study.metric.removeprefix("val_"))
    return trial.decision(study.metric) or (None if usual == USUAL else usual)


def with_threshold(facts: Mapping[str, Any], threshold: Decision | float | None) -> dict[str, Any]:
    """The facts of a model with the `threshold` that it answers by, and the `decision` where rows fitted it."""
    told = {name: fact for name, fact in facts.items() if name not in ("threshold", "decision")}
    if isinstance(threshold, Decision):
        return {**told, "threshold": threshold.used, "decision": threshold.model_dump(mode="json")}
    return told if threshold is None else {**told, "threshold": threshold}


def threshold_in(facts: Mapping[str, Any]) -> float:
    """What a model answers by, of the facts beside it.

    Raises:
        ValueError: it is no probability.
    """
    threshold = facts.get("threshold", USUAL)
    if not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise ValueError(f"{threshold!r} is no threshold")
    return float(threshold)


def decision_sentence(decision: Decision, second: str, *, of_folds: bool = False) -> str:
    """From which probability on the class `second` is answered, and what that gains by validation rows.

    Or `of_folds`: by all their rows, each answered by the network that was not trained on it.
    """
    at = f"{USUAL:g}" if decision.usual == USUAL else number(decision.usual)
    usual, fitted = f"'{second}' is answered above a probability of {at}", number(decision.threshold)
    rows = f"{decision.rows:,} {'rows of the folds' if of_folds else 'validation rows'}"
    if decision.threshold == decision.usual:
        return f"{usual}, which is best by {decision.metric} on {rows}"
    if not decision.kept:
        return (
            f"{usual}: {fitted}, which {rows} fitted for {decision.metric}, is no better on parts of them that did "
            "not fit it"
        )
    return (
        f"'{second}' is answered above a probability of {fitted}, which {rows} fitted: {decision.metric} "
        f"{number(decision.value)} there for {number(decision.before)} at {at}, and "
        f"{number(decision.elsewhere)} where each fifth is judged by the threshold of the rest"
    )
