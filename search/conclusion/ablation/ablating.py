"""One factor at a time around a trial: trained on the same seeds as the trial itself, and compared seed by seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from search.conclusion.ablation.factors import Variation, in_effect, variations
from search.conclusion.ablation.record import Ablation, Effect, write_ablation
from search.conclusion.companion import (
    Companion,
    Order,
    command_about,
    ended,
    left_of,
    long_enough,
    settings_about,
)
from search.conclusion.statistics.chosen import change_from_chosen
from search.conclusion.statistics.intervals import mean_of
from search.conclusion.statistics.race import holm
from search.conclusion.trainings import (
    Purpose,
    failure_of,
    fresh_seeds,
    mean_scores,
    parameters_of,
    values_of,
)
from search.errors import InputError, StudyStopped
from search.settings.metrics import sign_of
from search.study.planned_trial import PlannedTrial
from search.study.study import Study
from search.study.trial_record import TrialRecord
from search.study.unchanged import unchanged_data
from search.text.formats import clock, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from search.data import PreparedData
    from search.driving.dispatcher import Listeners
    from search.settings.settings import StudySettings

COMMAND = "ablate"


@dataclass(frozen=True, kw_only=True)
class AblateOrder(Order):
    """`trial` None is the best."""

    trial: int | None


def order_of(
    study: Study,
    *,
    trial: int | None,
    seeds: int,
    workers: int | None = None,
    threads: int | None = None,
    cluster: str | None = None,
) -> AblateOrder:
    """The order, with the command that asks for the same."""
    best = study.best_trial()
    # The best may be another by then.
    number = trial if trial is not None or best is None else best.number
    how = {"--workers": workers, "--threads": threads, "--cluster": cluster}
    go_on = command_about(study, COMMAND, {"--trial": number, "--seeds": seeds, **how})
    return AblateOrder(
        trial=number, seeds=seeds, go_on=go_on, workers=workers, threads=threads, cluster=cluster
    )


@dataclass(frozen=True)
class Row:
    """The configuration as it is (`variation` None), or with one factor changed, and its training on each seed."""

    variation: Variation | None
    plans: dict[int, PlannedTrial]


@dataclass(frozen=True)
class Ablating:
    """An ablation that is checked, with its data at hand, and nothing written yet."""

    study: Study
    trial: TrialRecord
    order: AblateOrder
    settings: StudySettings
    data: PreparedData
    seeds: list[int]
    rows: list[Row]
    companion: Companion


def check(study: Study, order: AblateOrder) -> Ablating:
    """All that can be refused, before anything is written.

    Raises:
        InputError: the study is a companion itself, or of a network of the user's own; it has no complete trial or not
            this one; or the data changed.
    """
    if study.space.network:
        raise InputError(
            f"study '{study.name}' is of a network of your own ({study.space.network}), of which perceptuna "
            "knows no part to leave out; compare its hyperparameters by `perceptuna show`"
        )
    settings = settings_about(study, COMMAND, order)
    trial = study.complete_trial(order.trial)
    companion = Companion(study, f"{COMMAND}-{trial.number}", order.go_on)
    companion.load()
    settings = long_enough(settings, [trial])
    seeds = fresh_seeds(study, Purpose.ABLATION, order.seeds)
    return Ablating(
        study=study,
        trial=trial,
        order=order,
        settings=settings,
        data=unchanged_data(study, settings),
        seeds=seeds,
        rows=_rows(study, trial, seeds),
        companion=companion,
    )


def ablate(work: Ablating, listeners: Listeners) -> Ablation | None:
    """Carry it out; None where it was interrupted, and the same command goes on with it.

    Raises:
        StudyStopped: the configuration as it is could not be trained on every seed.
    """
    listeners.said(forecast(work))
    # By seed: an early end leaves all factors on some seeds.
    plan = [row.plans[seed] for seed in work.seeds for row in work.rows]
    finish = work.companion.carry_out(plan, work.settings, work.data, listeners, work.order.cluster)
    if finish.ending != "budget":
        return None
    there = ended(finish.study)
    trained = [{seed: there[plan] for seed, plan in row.plans.items()} for row in work.rows]
    if why := failure_of(trained[0]):
        raise StudyStopped(
            f"trial {work.trial.number} could not be trained again as it is ({why}), so there is nothing to compare "
            f"with; see `perceptuna show {work.companion.name}{work.study.url.option}`"
        )
    found = _ablation(work, finish.study, trained)
    write_ablation(work.study, found)
    return found


def forecast(work: Ablating) -> str:
    """How many trainings, how many of them are there already, and about how long the others take."""
    plans = [plan for row in work.rows for plan in row.plans.values()]
    companion = work.companion.load()
    left = len(left_of(plans, {} if companion is None else ended(companion)))
    before = f", {len(plans) - left} of them done before" if left < len(plans) else ""
    text = (
        f"{len(work.rows) - 1} variations of trial {work.trial.number} of study '{work.study.name}' and the trial "
        f"itself, on {len(work.seeds)} fresh seeds each: {len(plans)} trainings{before}, in study "
        f"'{work.companion.name}'"
    )
    seconds = work.trial.seconds
    if not left or seconds is None:
        return text
    at_once = work.settings.model_copy(update={"trials": left}).local_workers()
    took = f"{plural(at_once, 'worker')}, by the {seconds:.1f} s that trial {work.trial.number} took"
    return f"{text}; about {clock(left * seconds / at_once)} on {took}"


def _rows(study: Study, trial: TrialRecord, seeds: list[int]) -> list[Row]:
    """The configuration as it is, and each variation."""
    epochs, patience = trial.limits(study.settings)
    base = trial.hyperparameters(study.space)

    def row(variation: Variation | None) -> Row:
        changed = base if variation is None else variation.hyperparameters
        again = PlannedTrial(
            label=f"trial {trial.number} as it is" if variation is None else variation.label,
            hyperparameters=changed,
            epochs=epochs,
            patience=patience,
            outside=bool(study.space.contains(in_effect(changed, study.space, study.data))),
            keep_scores=True,
        )
        return Row(variation, {seed: again.model_copy(update={"seed": seed}) for seed in seeds})

    return [row(None), *(row(one) for one in variations(base, study.space, study.data))]


def _ablation(work: Ablating, companion: Study, trained: list[dict[int, TrialRecord]]) -> Ablation:
    study, base = work.study, values_of(trained[0])
    mean = mean_of(list(base.values()))
    epochs, patience = work.trial.limits(study.settings)
    sign = sign_of(study.direction)
    among = _could_have_been_chosen(study)
    base_rows = mean_scores(companion, trained[0])
    effects = [
        _effect(row, runs, base, base_rows, companion, among)
        for row, runs in zip(work.rows[1:], trained[1:], strict=True)
    ]
    return Ablation(
        study=study.name,
        companion=work.companion.name,
        trial=work.trial.number,
        what=work.trial.describe(study.space),
        metric=study.metric,
        direction=study.direction,
        epochs=epochs,
        patience=patience,
        seeds=work.seeds,
        search=float(work.trial.value or 0.0),
        chosen_among=among,
        by_row_scores=base_rows is not None,
        values=base,
        mean=mean.mean,
        interval=mean.interval,
        parameters=parameters_of(trained[0]),
        seconds=_seconds(trained[0]),
        effects=sorted(
            _adjusted(effects), key=lambda one: (one.change is not None, sign * (one.change or 0.0))
        ),
    )


def _effect(
    row: Row,
    runs: Mapping[int, TrialRecord],
    base: Mapping[int, float],
    base_rows: list[float] | None,
    companion: Study,
    among: int,
) -> Effect:
    """`base` is the metric of the configuration as it is, by seed; `base_rows` the scores of its rows."""
    variation = row.variation
    assert variation is not None
    values, failed = values_of(runs), failure_of(runs)
    change = None
    if not failed:
        rows = mean_scores(companion, runs)
        of_both = None if rows is None or base_rows is None else (rows, base_rows)
        change = change_from_chosen(values, base, of_both, companion.direction, among)
    return Effect(
        parameter=variation.parameter,
        before=variation.before,
        after=variation.after,
        technique=variation.technique,
        adds=variation.adds,
        note=variation.note,
        outside=next(iter(row.plans.values())).outside,
        parameters=parameters_of(runs),
        seconds=_seconds(runs),
        values=values,
        change=change and change.mean,
        interval=change and change.interval,
        p=change and change.p,
        by_rows=bool(change and change.by_rows),
        failed=failed,
    )


def _could_have_been_chosen(study: Study) -> int:
    """How many trials were compared by their validation rows, when one of them came to be looked at."""
    return sum(trial.was_trained and trial.is_comparable for trial in study.trials())


def _adjusted(effects: list[Effect]) -> list[Effect]:
    """With p-values for being as many as they are (Holm 1979)."""
    adjusted = iter(holm([one.p for one in effects if one.p is not None]))
    return [one if one.p is None else one.model_copy(update={"p": next(adjusted)}) for one in effects]


def _seconds(runs: Mapping[int, TrialRecord]) -> float | None:
    """Of one training, on average."""
    known = [trial.seconds for trial in runs.values() if trial.seconds is not None]
    return round(sum(known) / len(known), 3) if known else None
