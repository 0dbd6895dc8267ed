"""A conclusion in plain sentences, for the terminal and the report."""

from __future__ import annotations

from collections.abc import Sequence

from search.conclusion.calibration.words import sentences as calibrated
from search.conclusion.confirmation.record import Conclusion, Standing
from search.conclusion.ensemble.words import sentences
from search.conclusion.statistics.intervals import LEVEL, half_of
from search.conclusion.statistics.words import amount, level, level_beside, level_between
from search.references.words import TITLES
from search.settings.metrics import metric_of, sign_of
from search.study.look import Look, SeenReference
from search.text.formats import number


def verdict(conclusion: Conclusion) -> str:
    """Whether the winner is really better, or what it is tied with and why it wins."""
    winner, leader = conclusion.standing(conclusion.winner), conclusion.standing(conclusion.leader)
    others, tied = len(conclusion.standings) - 1, conclusion.tied
    if not others:
        return f"Trial {winner.trial} was the only candidate, so there was nothing to compare it with."
    what = _evidence(conclusion)
    if len(tied) == 1:
        whom = "the other candidate" if others == 1 else f"each of the other {others} candidates"
        return f"Trial {winner.trial} is really better than {whom}: {what} show it."
    rest = [standing for standing in tied if standing is not leader]
    told = f"A tie: {what} cannot tell {_trials(rest)} from trial {leader.trial}, which has the best mean."
    size = f"{winner.parameters:,} parameters"
    smallest = all(winner.parameters <= standing.parameters for standing in tied)
    if winner is leader:
        if smallest:
            return f"{told} It is the smallest of them too, with {size}, and wins."
        return f"{told} It wins: the smaller ones are more than a standard error behind it."
    below = amount(abs(winner.behind or 0.0), None, conclusion.metric)
    which = "The smallest of them" if smallest else "The smallest within a standard error of it"
    return f"{told} {which}, trial {winner.trial} with {size}, wins; its mean is {below} worse."


def left_out(conclusion: Conclusion) -> list[str]:
    """Why candidates were not compared."""
    return [f"Trial {trial} was not compared: {why}." for trial, why in conclusion.dropped.items()]


def steps(conclusion: Conclusion) -> list[tuple[str, str, str]]:
    """Search, confirmed and test: each value with its interval, and how it differs from the one before.

    Then what was tested beside the network. Below each test value is what is told beside the metric.
    """
    winner, metric, test = conclusion.standing(conclusion.winner), conclusion.metric, conclusion.test
    assert test.value is not None
    seeds = len(conclusion.seeds)
    return [
        ("search", level(winner.search, None, metric), ""),
        (
            f"confirmed on {seeds} seeds",
            level(winner.mean, winner.half, metric),
            _change(conclusion.cost_of_search, "in the search", metric),
        ),
        *_averaged_step(conclusion),
        *_calibrated_step(conclusion),
        *_decided_step(conclusion),
        (
            f"test, {test.rows:,} rows",
            level_between(test.value, test.interval, metric),
            _change(
                conclusion.cost_of_validation,
                _before_the_test(conclusion),
                metric,
            ),
        ),
        *_beside(test, "test", metric),
        *_held(test),
        *_reference_steps(conclusion),
    ]


def _before_the_test(conclusion: Conclusion) -> str:
    if conclusion.decision is not None and conclusion.decision.kept:
        return "at the threshold on validation rows"
    if conclusion.calibration is not None and conclusion.calibration.moves:
        return "by the temperature of other rows"
    if conclusion.of_folds:
        return "on the folds"
    return "confirmed" if conclusion.tested_together == 1 else "on the validation rows"


def _beside(seen: Look | SeenReference, what: str, metric: str) -> list[tuple[str, str, str]]:
    """What is told beside a test value, of those that were `measured` in the same look."""
    return [
        (f"{what} {name}", level_between(seen.measured[name], seen.intervals_beside.get(name), name), "")
        for name in metric_of(metric).beside
        if name in seen.measured
    ]


def _held(test: Look) -> list[tuple[str, str, str]]:
    """How many of the test rows the prediction intervals hold."""
    if test.coverage is None:
        return []
    held = level_between(test.coverage.share, test.coverage.interval, "accuracy")
    what = f"within intervals of {test.coverage.level:.0%}"
    return [(what, held, f"of the test rows; mean width {number(test.coverage.width)}")]


def _averaged_step(conclusion: Conclusion) -> list[tuple[str, str, str]]:
    """The mean of several networks on the validation rows, where it was tested."""
    metric, ensemble = conclusion.metric, conclusion.ensemble
    if ensemble is None or not ensemble.kept:
        return []
    if ensemble.of_folds:
        confirmed = conclusion.standing(conclusion.winner).mean
        cost = sign_of(conclusion.direction) * (confirmed - ensemble.value)
        what = f"{len(ensemble.members)} folds, {ensemble.rows:,} rows"
        return [
            (what, level_beside(ensemble.value, ensemble.beside, metric), _change(cost, "confirmed", metric))
        ]
    better = sign_of(conclusion.direction) * (ensemble.value - ensemble.single)
    change = _change(-better, "one of them", metric)
    what = f"mean of {len(ensemble.members)} networks"
    return [(what, level_beside(ensemble.value, ensemble.beside, metric), change)]


def _calibrated_step(conclusion: Conclusion) -> list[tuple[str, str, str]]:
    """What the temperature is worth on rows that did not fit it, where one was kept and changes the metric."""
    found, metric = conclusion.calibration, conclusion.metric
    if found is None or not found.moves or found.value is None or found.value_before is None:
        return []
    cost = sign_of(conclusion.direction) * (found.value_before - found.value)
    what = f"logits divided by {number(found.temperature)}, {found.rows:,} rows"
    return [(what, level(found.value, None, metric), _change(cost, "as they were", metric))]


def _decided_step(conclusion: Conclusion) -> list[tuple[str, str, str]]:
    """What the threshold is worth on validation rows that did not fit it, where one was kept."""
    decision, metric = conclusion.decision, conclusion.metric
    if decision is None or not decision.kept or decision.elsewhere is None:
        return []
    cost = sign_of(conclusion.direction) * (decision.before - decision.elsewhere)
    what = f"threshold {number(decision.threshold)}, {decision.rows:,} rows"
    return [
        (what, level(decision.elsewhere, None, metric), _change(cost, f"at {number(decision.usual)}", metric))
    ]


def averaged(conclusion: Conclusion) -> list[str]:
    """What averaging several networks gained, and whether their mean was tested; and what a temperature gained.

    Nothing where there was one network alone, which was not to be calibrated.
    """
    said = (
        [] if conclusion.ensemble is None else sentences(conclusion.ensemble, conclusion.metric, tested=True)
    )
    if conclusion.calibration is not None:
        said += calibrated(conclusion.calibration, of_folds=conclusion.of_folds, tested=True)
    return [f"{sentence[0].upper()}{sentence[1:]}." for sentence in said]


def _reference_steps(conclusion: Conclusion) -> list[tuple[str, str, str]]:
    """What was tested beside the network: each value with its interval, and how far the network is ahead of it."""
    metric = conclusion.metric
    told = []
    for one in conclusion.test.references:
        what = f"{TITLES[one.name]}, test"
        value = "–" if one.value is None else level_between(one.value, one.interval, metric)
        ahead = f"not fitted: {one.reason}" if one.ahead is None else _beside_network(one, metric)
        told += [(what, value, ahead), *_beside(one, what, metric)]
    return told


def _beside_network(reference: SeenReference, metric: str) -> str:
    ahead = reference.ahead or 0.0
    if not ahead:
        return "the same as the network"
    by = amount(abs(ahead), half_of(reference.ahead_interval), metric)
    return f"{by} {'worse' if ahead > 0 else 'better'} than the network"


def against_references(conclusion: Conclusion) -> list[str]:
    """Whether the tested network is ahead of the strongest of what needs none, and of the constant."""
    tested = [one for one in conclusion.test.references if one.ahead is not None]
    if not tested:
        return []
    strongest = min(tested, key=lambda one: one.ahead or 0.0)
    told = [_who_is_ahead(strongest, conclusion.metric)]
    constant = next((one for one in tested if one.name == "constant"), None)
    if constant is not None and (constant.ahead or 0.0) <= 0:
        told.append("No better than one answer for every row: nothing was learnt from the features.")
    elif constant is not None and not _is_shown(constant) and constant.p is not None:
        told.append("It is not better than one answer for every row by more than chance could make.")
    return told


def _who_is_ahead(reference: SeenReference, metric: str) -> str:
    ahead, title = reference.ahead or 0.0, TITLES[reference.name]
    if not ahead:
        return f"On the test rows the network is no better than the {title}: both have the same {metric}."
    by = amount(abs(ahead), half_of(reference.ahead_interval), metric)
    where = "ahead of" if ahead > 0 else "behind"
    told = f"On the test rows the network is {where} the {title} by {by}"
    if reference.p is None:
        return f"{told}; whether that is more than chance, rows do not show of {metric.removeprefix('val_')}."
    return f"{told}, " + ("more than chance." if _is_shown(reference) else "which may be chance.")


def _is_shown(reference: SeenReference) -> bool:
    return reference.p is not None and reference.p <= 1 - LEVEL


def behind(standing: Standing, metric: str) -> str:
    """How far a candidate is behind the leader, by seeds."""
    if standing.behind is None:
        return "best mean"
    return amount(standing.behind, standing.behind_half, metric)


def place(conclusion: Conclusion, standing: Standing) -> str:
    """How a candidate ended: wins, tied or worse."""
    if standing.trial == conclusion.winner:
        return "wins"
    return "tied" if standing.tied else "worse"


def _evidence(conclusion: Conclusion) -> str:
    seeds = f"{len(conclusion.seeds)} seeds"
    return f"{seeds} and the validation rows" if conclusion.by_rows else seeds


def _trials(standings: Sequence[Standing]) -> str:
    names = [str(standing.trial) for standing in standings]
    if len(names) == 1:
        return f"trial {names[0]}"
    return f"trials {', '.join(names[:-1])} and {names[-1]}"


def _change(cost: float, than: str, metric: str) -> str:
    if not cost:
        return f"the same as {than}"
    return f"{amount(abs(cost), None, metric)} {'worse' if cost > 0 else 'better'} than {than}"
