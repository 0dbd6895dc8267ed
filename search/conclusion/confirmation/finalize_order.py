"""What `finalize` was asked for: checked before anything is written, and the trainings that it takes."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from search.conclusion.calibration.possible import why_not_calibrated
from search.conclusion.companion import (
    Companion,
    Order,
    command_about,
    long_enough,
    settings_about,
)
from search.conclusion.confirmation.candidates import (
    Candidate,
    top_candidates,
)
from search.conclusion.confirmation.record import read_conclusion
from search.conclusion.trainings import Purpose, fresh_seeds
from search.data import why_no_folds
from search.errors import InputError
from search.models.export import ModelFacts, check_output
from search.study.study import Study
from search.study.unchanged import unchanged_data
from storage import StudyBusy, is_driven

if TYPE_CHECKING:
    from search.data import PreparedData
    from search.settings.settings import StudySettings

COMMAND = "finalize"
USUAL_NETWORKS = 5
"""Of tables and vectors, where the user says nothing. Their networks are small."""
CALIBRATES = False


@dataclass(frozen=True, kw_only=True)
class FinalizeOrder(Order):
    """The best `top` of the search are candidates; `output` is the model file to write, with `force` over another.

    `ensemble` is on how many seeds the winner is trained, to be averaged where that is better; 1 for one network.
    `folds` is on how many folds, whose networks are averaged. Where both are None, it is as usual for the data.
    With `all_rows` the mean that was tested is not written, but another: of as many folds of all rows, test rows too.
    To `calibrate`, logits are divided by a temperature where that is better; None: as usual for the data.
    """

    output: Path
    top: int
    ensemble: int | None = 1
    folds: int | None = None
    all_rows: bool = False
    calibrate: bool | None = None
    force: bool = False


def refuse_two_means(folds: int | None, ensemble: int | None) -> None:
    """Raises InputError where two means are asked for at once."""
    if folds is not None and ensemble is not None:
        raise InputError(
            "--folds and --ensemble: networks of folds, or of seeds on the same rows; leave one out"
        )


def refuse_uncalibrated(study: Study, calibrate: bool | None) -> None:
    """Raises InputError where a temperature is asked for and there are no probabilities."""
    if calibrate and (why := why_not_calibrated(study.data)):
        raise InputError(f"--calibrate: study '{study.name}' {why}; leave it out")


def order_of(
    study: Study,
    *,
    output: Path,
    top: int,
    seeds: int,
    folds: int | None = None,
    ensemble: int | None = None,
    all_rows: bool = False,
    calibrate: bool | None = None,
    workers: int | None = None,
    threads: int | None = None,
    cluster: str | None = None,
    force: bool = False,
) -> FinalizeOrder:
    """The order, with the command that asks for the same.

    Raises:
        InputError: it asks for two means at once, or for what a cluster's machines have no rows for.
    """
    refuse_two_means(folds, ensemble)
    if all_rows and cluster is not None:
        raise InputError(
            "--all-rows and --cluster: the machines of a cluster have no test rows; leave --cluster out, and this "
            "machine trains"
        )
    how = {
        "--folds": folds,
        "--ensemble": ensemble,
        "--all-rows": all_rows,
        "--calibrate": calibrate is True,
        "--no-calibrate": calibrate is False,
        "--workers": workers,
        "--threads": threads,
    }
    asked = {"--top": top, "--seeds": seeds, "-o": output, **how, "--cluster": cluster, "--force": force}
    return FinalizeOrder(
        output=output,
        top=top,
        ensemble=ensemble,
        folds=folds,
        all_rows=all_rows,
        calibrate=calibrate,
        force=force,
        seeds=seeds,
        go_on=command_about(study, COMMAND, asked),
        workers=workers,
        threads=threads,
        cluster=cluster,
    )


@dataclass(frozen=True)
class Finalizing:
    """A study to be finalized: checked, its data at hand, and nothing written yet."""

    study: Study
    order: FinalizeOrder
    settings: StudySettings
    data: PreparedData
    candidates: list[Candidate]
    seeds: list[int]
    last_seeds: list[int]
    folds: bool
    calibrate: bool
    companion: Companion


def check(study: Study, order: FinalizeOrder) -> Finalizing:
    """All that can be refused, before anything is written.

    Raises:
        InputError: the study is a companion itself or has no complete trial, the output cannot be written or is
            there already, or the data changed.
        StudyBusy: the study is being driven, or finalized.
    """
    option = study.url.option
    settings = settings_about(study, COMMAND, order, f" -o {shlex.quote(str(order.output))}")
    if study.best_trial() is None:
        raise InputError(
            f"study '{study.name}' has no complete trial yet, so there is nothing to finalize; "
            f"go on with it: `{study.go_on}`"
        )
    companion = Companion(study, COMMAND, order.go_on)
    for name in (study.name, companion.name):
        if is_driven(study.url, name):
            raise StudyBusy(
                f"study '{name}' is being driven; wait for its end, or ask for it by `perceptuna stop {name}{option}`"
            )
    companion.load()
    candidates = top_candidates(study, order.top)
    seeds = fresh_seeds(study, Purpose.CONFIRMATION, order.seeds)
    settings = long_enough(settings, [one.trial for one in candidates])
    data = unchanged_data(study, settings)
    networks, folds = _averaged(order, study, data)
    if order.all_rows and not folds:
        raise InputError(f"--all-rows: {_why_not_of_all_rows(order, data, networks)}; leave it out")
    calibrate = _calibrates(order, study)
    last_seeds = fresh_seeds(study, Purpose.TEST, networks)

    def ours(facts: ModelFacts) -> bool:
        return _concluded_before(
            facts, study, candidates, seeds, last_seeds, folds=folds, calibrate=calibrate
        )

    check_output(order.output, force=order.force, ours=ours)
    return Finalizing(
        study=study,
        order=order,
        settings=settings,
        data=data,
        candidates=candidates,
        seeds=seeds,
        last_seeds=last_seeds,
        folds=folds,
        calibrate=calibrate,
        companion=companion,
    )


def _averaged(order: FinalizeOrder, study: Study, data: PreparedData) -> tuple[int, bool]:
    """How many networks of the winner are trained to be tested, and whether on folds.

    Where the user does not say, as for the conclusion that is there: another would be another look at the test split.

    Raises:
        InputError: the rows have no such folds.
    """
    if order.folds is not None:
        if why := why_no_folds(data, order.folds):
            raise InputError(f"--folds: the rows cannot be cut into {order.folds}: {why}; leave it out")
        return order.folds, True
    if order.ensemble is not None:
        return order.ensemble, False
    if (kept := read_conclusion(study)) is not None:
        return kept.asked_for, kept.of_folds
    if data.spec.kind == "image":
        return 1, False
    return USUAL_NETWORKS, why_no_folds(data, USUAL_NETWORKS) is None


def _why_not_of_all_rows(order: FinalizeOrder, data: PreparedData, networks: int) -> str:
    """Why there are no folds that all rows could be cut into."""
    if order.ensemble is not None:
        return "it trains the winner on folds of all rows, where --ensemble says seeds"
    why = why_no_folds(data, max(2, networks))
    return f"it trains the winner on folds of all rows, and there are none: {why or 'this study was finalized without'}"


def _calibrates(order: FinalizeOrder, study: Study) -> bool:
    """Whether a temperature is looked for. Where the user does not say, as for the conclusion that is there.

    Raises:
        InputError: one is asked for, where there are no probabilities.
    """
    refuse_uncalibrated(study, order.calibrate)
    if why_not_calibrated(study.data):
        return False
    if order.calibrate is not None:
        return order.calibrate
    kept = read_conclusion(study)
    return CALIBRATES if kept is None else kept.calibration is not None


def _concluded_before(
    facts: ModelFacts,
    study: Study,
    candidates: list[Candidate],
    seeds: list[int],
    last_seeds: list[int],
    *,
    folds: bool,
    calibrate: bool,
) -> bool:
    """Whether these are of the conclusion that this command comes to again, as after a kill."""
    kept = read_conclusion(study)
    if kept is None or facts.get("conclusion") != json.loads(kept.model_dump_json()):
        return False
    compared = {standing.trial for standing in kept.standings} | set(kept.dropped)
    alike = kept.of_folds == folds and (kept.calibration is not None) == calibrate
    same = kept.seeds == seeds and alike and kept.is_of(last_seeds)
    return same and compared == {one.number for one in candidates}
