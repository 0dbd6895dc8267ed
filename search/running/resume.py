"""Resume a study, from whatever state it was left in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from search.errors import InputError
from search.running.drive import Finish, drive
from search.running.fleet import begun_meanwhile, fleet_of
from search.running.own_code import check_own_code, check_policies
from search.settings.folds import check_folds
from search.study.creation import refuse_half_made
from search.study.relocation import relocated
from search.study.study import Study, load_study
from search.study.study_record import keep_study_facts
from search.study.unchanged import refuse_changed_space, unchanged_data
from search.text.formats import plural
from search.training.memory import check_memory_limit
from storage import StorageURL, study_lock

if TYPE_CHECKING:
    from search.driving.dispatcher import Listeners


def refuse_two_budgets(trials: object, add: int | None) -> None:
    """A budget is set as a total or raised by some, not both.

    Raises:
        InputError: both are given.
    """
    if trials is not None and add is not None:
        raise InputError("--trials sets a total and --add raises it; give one of them")


def resume_with(
    study: Study,
    changes: Mapping[str, object],
    add: int | None,
    listeners: Listeners,
    cluster: str | None = None,
    place: str | None = None,
) -> Finish:
    """As `resume`, of a study whose data is at `place` from now on, where that is given."""
    refuse_two_budgets(changes.get("trials"), add)
    if place is not None:
        relocated(study, place)
    return resume(study.name, study.url, changes, add, listeners, cluster)


def resume(
    name: str,
    url: StorageURL,
    changes: Mapping[str, object],
    add: int | None,
    listeners: Listeners,
    cluster: str | None = None,
) -> Finish:
    """Go on with a study to its budget, from whatever state it was left in.

    Args:
        changes: settings that may change between runs (trials, workers, threads, limits); None = as stored.
        add: trials on top of the stored budget.
        cluster: as for `start`.

    Raises:
        InputError: no such study, no search, half made, nothing left to do, or its space or data changed (with what
            changed).
        StudyBusy: it is being driven.
    """
    from search.driving.recovery import recover

    study = load_study(name, url)
    study.refuse_foreign()
    if study.companion_of is not None:
        raise InputError(
            f"study '{name}' is about study '{study.companion_of}' and no search of its own; go on with it by "
            f"`{study.go_on}`"
        )
    with study_lock(url, name) as lock, ExitStack() as opened:
        refuse_half_made(study)
        stored = study.settings
        given = {key: value for key, value in changes.items() if value is not None}
        if add is not None:
            given["trials"] = stored.trials + add
        # The time limit of an earlier command does not bind this one.
        settings = stored.changed({"timeout": None, **given})
        check_folds(settings, cluster)
        check_own_code(settings)
        check_policies(settings)
        refuse_changed_space(study, settings)
        finished = len(study.finished())
        if finished >= settings.trials:
            raise InputError(
                f"study '{name}' has {finished} finished trials of {settings.trials}, so nothing is left to do; "
                f"raise the budget: `perceptuna resume {name} --add 20{url.option}`"
            )
        begun = opened.enter_context(begun_meanwhile(cluster, settings, listeners.said))
        data = unchanged_data(study, settings)
        check_memory_limit(settings.memory_limit, data.spec)
        fleet = fleet_of(cluster, url, settings, data, say=listeners.said, go_on=study.go_on, begun=begun)
        orphans = recover(study)
        if orphans:
            were, they = ("was", "it is") if orphans == 1 else ("were", "they are")
            left = f"{plural(orphans, 'trial')} {were} running when the study was last left"
            listeners.said(f"{left}; {they} run again")
        keep_study_facts(study.optuna, {"settings": settings})
        # Read anew: a Study keeps what it has read.
        return drive(load_study(name, url), lock, data, fleet, listeners)
