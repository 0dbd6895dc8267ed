"""What a network takes that is known only where it is built, and whether that is too much to train it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.settings.aims import LATENCY, RESOURCES, excess_over, limits_of
from search.settings.settings import StudySettings
from search.study.aim_values import resources_of
from search.study.trial_facts import TrialFacts
from search.workers.messages import TrialOutcome
from spaces import Hyperparameters

if TYPE_CHECKING:
    from search.data import DataSpec


def measured(hyperparameters: Hyperparameters, spec: DataSpec, settings: StudySettings) -> TrialFacts:
    """What of it the study aims at or limits: latency, and of a network of the user's own its parameters too."""
    wanted = {*settings.aims, *limits_of(settings)} & RESOURCES.keys()
    facts: TrialFacts = {}
    if wanted and hyperparameters.network:
        from search.training.forms import model_of

        facts["parameters"] = model_of(hyperparameters, spec).count_params()
    if LATENCY in wanted:
        from search.training.latency import measured_latency

        facts["latency"] = measured_latency(hyperparameters, spec)
    return facts


def over_a_limit(facts: TrialFacts, settings: StudySettings) -> TrialOutcome | None:
    """The end of a trial whose network takes more than the settings allow; None where it does not."""
    over = excess_over(limits_of(settings), resources_of(facts))
    if over is None:
        return None
    return TrialOutcome("refused", reason=over.reason, facts=facts, excess=over)
